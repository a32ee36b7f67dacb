"""The longitudinal multiple sclerosis challenge of ISBI 2015."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from presight.train.datasets.case import Case
from presight.train.datasets.dataset import Dataset

_FLAIR = re.compile(r"(?P<name>(?P<patient>(?:training|test)\d+)_\d+)_flair_pp\.nii(?:\.gz)?")


class Isbi2015(Dataset):
    """``trainingXX/{preprocessed/trainingXX_YY_flair_pp.nii,masks/trainingXX_YY_mask[12].nii}``.

    XX is the patient, YY the visit. Both raters' masks are taken; see
    :class:`~presight.train.datasets.case.Truth` for what becomes of them.
    """

    name = "isbi2015"
    layout = "trainingXX/preprocessed/trainingXX_YY_flair_pp.nii"

    def _find(self, folder: Path, workspace: Path) -> Iterator[Case]:
        for flair in folder.rglob("preprocessed/*_flair_pp.nii*"):
            if named := _FLAIR.fullmatch(flair.name):
                masks = sorted(
                    (flair.parent.parent / "masks").glob(f"{named['name']}_mask[12].nii*")
                )
                yield self._case(named["name"], named["patient"], "Baltimore", flair, masks)
