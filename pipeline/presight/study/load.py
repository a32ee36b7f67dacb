"""Gather the files of one study into a :class:`Study`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from presight.study.clinical import ClinicalRecord
from presight.study.contrast import Contrast
from presight.study.nifti import read_nifti
from presight.study.study import Study, bids_stem


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
    entities : str
        Further BIDS entities that tell it from others of the visit: ``"acq-space_run-2"``.
    """

    subject: str
    flair: Path
    session: str | None = None
    others: Mapping[Contrast, Path] = field(default_factory=dict)
    entities: str = ""

    @property
    def stem(self) -> str:
        """BIDS file-name stem: ``sub-<id>[_ses-<id>][_<entities>]``."""
        return bids_stem(self.subject, self.session, self.entities)


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
        entities=files.entities,
    )
