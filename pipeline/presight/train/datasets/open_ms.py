"""3D-MR-MS, the multiple sclerosis database of Ljubljana."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from presight.train.datasets.case import Case
from presight.train.datasets.dataset import Dataset

_FLAIR = re.compile(r"(?:(?P<prefix>patient\d+)_)?FLAIR\.nii\.gz")
_PATIENT = re.compile(r"patient\d+")


class OpenMs(Dataset):
    """``patientXX/patientXX_{FLAIR,consensus_gt}.nii.gz``, or the same without the prefix.

    The first is the database's own archive, the second the copy on GitHub
    (``cross_sectional/coregistered/patientXX/FLAIR.nii.gz``). The consensus was drawn on the
    co-registered FLAIR, which is the one that is read: raw images are passed over.
    """

    name = "open_ms"
    layout = "patientXX/patientXX_FLAIR.nii.gz or patientXX/FLAIR.nii.gz"

    def _find(self, folder: Path, workspace: Path) -> Iterator[Case]:
        for flair in folder.rglob("*FLAIR.nii.gz"):
            patient = flair.parent.name
            named = _FLAIR.fullmatch(flair.name)
            if named and _PATIENT.fullmatch(patient) and not _is_raw(flair.relative_to(folder)):
                consensus = flair.with_name(flair.name.replace("FLAIR", "consensus_gt"))
                yield self._case(patient, patient, "Ljubljana 3T 3D FLAIR", flair, [consensus])


def _is_raw(path: Path) -> bool:
    return "raw" in path.parts
