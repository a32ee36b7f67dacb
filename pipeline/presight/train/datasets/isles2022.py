"""ISLES 2022: ischaemic stroke."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from presight.train.datasets.case import Case
from presight.train.datasets.dataset import Dataset

_FLAIR = re.compile(r"(?P<name>sub-strokecase\d+)_ses-\d+_flair\.nii\.gz", re.IGNORECASE)


class Isles2022(Dataset):
    """``[rawdata/]sub-strokecaseXXXX/ses-0001/[anat/]..._flair.nii.gz``, masks in ``derivatives``.

    Both releases are read; they differ in ``rawdata``, ``anat`` and the case of ``FLAIR``.
    """

    name = "isles2022"
    layout = "sub-strokecaseXXXX/ses-0001/anat/sub-strokecaseXXXX_ses-0001_FLAIR.nii.gz"

    def _find(self, folder: Path, workspace: Path) -> Iterator[Case]:
        masks = {path.name.split("_")[0]: path for path in folder.rglob("*_msk.nii.gz")}
        for flair in folder.rglob("sub-strokecase*.nii.gz"):
            if named := _FLAIR.fullmatch(flair.name):
                name = named["name"]
                drawn = [masks[name]] if name in masks else []
                yield self._case(name, name, "not stated", flair, drawn)
