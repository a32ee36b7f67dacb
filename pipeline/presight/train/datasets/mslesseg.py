"""MSLesSeg, the multiple sclerosis dataset of Catania."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from presight.train.datasets.case import Case
from presight.train.datasets.dataset import Dataset

_FLAIR = re.compile(r"(?P<name>(?P<patient>P\d+)(?:_T\d+)?)_FLAIR\.nii\.gz")


class MsLesSeg(Dataset):
    """``train/P1/T1/P1_T1_{FLAIR,MASK}.nii.gz`` and ``test/P54/P54_{FLAIR,MASK}.nii.gz``."""

    name = "mslesseg"
    layout = "train/P1/T1/P1_T1_FLAIR.nii.gz"

    def _find(self, folder: Path, workspace: Path) -> Iterator[Case]:
        for flair in folder.rglob("P*_FLAIR.nii.gz"):
            if named := _FLAIR.fullmatch(flair.name):
                mask = flair.with_name(f"{named['name']}_MASK.nii.gz")
                yield self._case(named["name"], named["patient"], "Catania MS", flair, [mask])
