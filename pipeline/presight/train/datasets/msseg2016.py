"""MSSEG, the multiple sclerosis challenge of MICCAI 2016."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from presight.train.datasets.case import Case
from presight.train.datasets.dataset import Dataset


class Msseg2016(Dataset):
    """``{Training,Testing}/Center_XX/Patient_XX/{Preprocessed_Data,Masks}``.

    The mask is ``Masks/Consensus.nii.gz``, the organisers' consensus of seven raters.
    """

    name = "msseg2016"
    layout = "Center_XX/Patient_XX/Preprocessed_Data/FLAIR_preprocessed.nii.gz"

    def _find(self, folder: Path, workspace: Path) -> Iterator[Case]:
        for flair in folder.rglob("Preprocessed_Data/FLAIR_preprocessed.nii.gz"):
            home = flair.parent.parent
            centre, part = home.parent.name, home.parent.parent.name
            name = f"{part}_{centre}_{home.name}"
            yield self._case(name, name, centre, flair, [home / "Masks" / "Consensus.nii.gz"])
