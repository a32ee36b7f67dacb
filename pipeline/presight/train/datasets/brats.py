"""BraTS 2021 and the adult gliomas of BraTS 2023."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from presight.train.datasets.case import Case
from presight.train.datasets.dataset import Dataset


class _Brats(Dataset):
    """A folder a scan. The whole tumour is the FLAIR abnormality.

    The site is the source that the archive sorts by (``UCSF-PDGM``), where there is one.
    """

    scan: ClassVar[re.Pattern[str]]
    flair: ClassVar[str]
    mask: ClassVar[str]

    def _find(self, folder: Path, workspace: Path) -> Iterator[Case]:
        for flair in folder.rglob(f"*{self.flair}*"):
            name = flair.name.split(self.flair)[0]
            if named := self.scan.fullmatch(name):
                mask = flair.with_name(flair.name.replace(self.flair, self.mask))
                yield self._case(name, named["patient"], _source(flair, folder), flair, [mask])


def _source(flair: Path, folder: Path) -> str:
    above = flair.parent.parent
    sorted_by_source = "BraTS2021_" in above.parent.name and above != folder
    return above.name if sorted_by_source else "not stated"


class Brats2021(_Brats):
    """``[SOURCE/]BraTS2021_XXXXX/BraTS2021_XXXXX_{flair,seg}.nii.gz``."""

    name = "brats2021"
    layout = "BraTS2021_XXXXX/BraTS2021_XXXXX_flair.nii.gz"
    scan = re.compile(r"(?P<patient>BraTS2021_\d+)")
    flair, mask = "_flair.nii", "_seg.nii"


class Brats2023(_Brats):
    """``BraTS-GLI-XXXXX-YYY/BraTS-GLI-XXXXX-YYY-{t2f,seg}.nii.gz``; YYY is the visit."""

    name = "brats2023"
    layout = "BraTS-GLI-XXXXX-YYY/BraTS-GLI-XXXXX-YYY-t2f.nii.gz"
    scan = re.compile(r"(?P<patient>BraTS-GLI-\d+)-\d+")
    flair, mask = "-t2f.nii", "-seg.nii"
