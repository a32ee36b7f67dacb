"""Gather the files of one study into a :class:`Study`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from presight.study.clinical import ClinicalRecord
from presight.study.contrast import Contrast
from presight.study.diffusion import b_values_beside, read_diffusion
from presight.study.nifti import read_nifti
from presight.study.study import Study, bids_stem
from presight.study.volume import Volume


class ImageSource(Protocol):
    """An image that is not a file of its own: a DICOM series, for example."""

    def read(self, contrast: Contrast) -> Volume:
        """Read and check it; raises InputError where it is not a usable image."""

    def sha256(self) -> str:
        """Hash of its content; raises InputError where it cannot be read."""


@dataclass(frozen=True)
class StudyInput:
    """Where one study lies.

    Attributes
    ----------
    subject : str
        BIDS label: letters and digits.
    flair : Path
        The file, or what the images were found in.
    session : str or None
    others : mapping of Contrast to Path
        Further contrasts of the same visit.
    images : mapping of Contrast to ImageSource
        Images that are no files of their own; they stand over the paths.
    entities : str
        Further BIDS entities that tell it from others of the visit: ``"acq-space_run-2"``.
    day : float or None
        Day of the visit as a running number, where its images say it. It is never written out.
    patient : str
        Equal for two visits of one patient, where their images say it. It is never written out.
    """

    subject: str
    flair: Path
    session: str | None = None
    others: Mapping[Contrast, Path] = field(default_factory=dict)
    images: Mapping[Contrast, ImageSource] = field(default_factory=dict)
    entities: str = ""
    day: float | None = None
    patient: str = ""

    @property
    def stem(self) -> str:
        """BIDS file-name stem: ``sub-<id>[_ses-<id>][_<entities>]``."""
        return bids_stem(self.subject, self.session, self.entities)


def load_study(files: StudyInput, clinical: ClinicalRecord | None = None) -> Study:
    """Read and check every volume of a study.

    A 4-D diffusion image with its b-values beside it gives a trace image and, where no ADC map
    came in, an ADC map.

    Raises
    ------
    InputError
        A file is not a usable image.
    """
    paths = {Contrast.FLAIR: files.flair, **files.others}
    from_files = _volumes({c: path for c, path in paths.items() if c not in files.images})
    from_sources = {contrast: image.read(contrast) for contrast, image in files.images.items()}
    return Study(
        subject=files.subject,
        session=files.session,
        volumes={**from_files, **from_sources},
        clinical=clinical or ClinicalRecord(),
        entities=files.entities,
    )


def _volumes(paths: Mapping[Contrast, Path]) -> dict[Contrast, Volume]:
    volumes: dict[Contrast, Volume] = {}
    for contrast, path in paths.items():
        b_values = b_values_beside(path) if contrast is Contrast.DWI else None
        if b_values is None:
            volumes[contrast] = read_nifti(path, contrast)
        else:  # a map that came in stands over one that is computed
            volumes = read_diffusion(path, b_values) | volumes
    return volumes
