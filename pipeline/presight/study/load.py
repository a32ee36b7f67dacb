"""Gather the files of one study into a :class:`Study`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from presight.study.clinical import ClinicalRecord
from presight.study.contrast import Contrast
from presight.study.nifti import read_nifti
from presight.study.study import Study


@dataclass(frozen=True)
class StudyInput:
    """Where one study lies.

    Attributes
    ----------
    subject : str
        BIDS label: letters and digits.
    flair : Path
    session : str or None
    others : mapping of Contrast to Path
        Further contrasts of the same visit.
    """

    subject: str
    flair: Path
    session: str | None = None
    others: Mapping[Contrast, Path] = field(default_factory=dict)

    @property
    def stem(self) -> str:
        """BIDS file-name stem: ``sub-<id>[_ses-<id>]``."""
        session = f"_ses-{self.session}" if self.session else ""
        return f"sub-{self.subject}{session}"


def load_study(files: StudyInput, clinical: ClinicalRecord | None = None) -> Study:
    """Read and check every volume of a study.

    Raises
    ------
    InputError
        A file is not a usable image.
    """
    paths = {Contrast.FLAIR: files.flair, **files.others}
    return Study(
        subject=files.subject,
        session=files.session,
        volumes={contrast: read_nifti(path, contrast) for contrast, path in paths.items()},
        clinical=clinical or ClinicalRecord(),
    )
