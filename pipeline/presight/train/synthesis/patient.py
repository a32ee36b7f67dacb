"""A whole synthetic patient: scan, truth, anatomy and clinical record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from presight.report.nifti import write_nifti
from presight.study.clinical import ClinicalRecord
from presight.study.contrast import Contrast
from presight.study.volume import Volume
from presight.train.synthesis.companions import make_companions
from presight.train.synthesis.head import sharp_head
from presight.train.synthesis.record import draw_record
from presight.train.synthesis.scanner import Scanner

CLINICAL_2D_MM = (0.9, 0.9, 4.0)
RESEARCH_3D_MM = (1.0, 1.0, 1.0)
_BIDS_NAMES = {
    Contrast.FLAIR: ("anat", "FLAIR"),
    Contrast.ADC: ("dwi", "ADC"),
    Contrast.SWI: ("swi", "swi"),
}
_SCANNER_UNITS = 300  # of the commonest brain value: scanners write whole numbers


@dataclass(frozen=True)
class SyntheticPatient:
    """A patient who never was.

    Attributes
    ----------
    flair : Volume, (X, Y, Z)
    truth : (X, Y, Z) ndarray of bool
        Hyperintensity, on the FLAIR's grid.
    labels : (X, Y, Z) ndarray of uint8
        Ids of ``configs/anatomy.yaml``, on the FLAIR's grid.
    clinical : ClinicalRecord
    family : str
        Lesion family of ``configs/synthesis.yaml``.
    seed : int
    others : mapping of Contrast to Volume
        ADC and SWI on the FLAIR's grid, where they were asked for.
    adc_ratio : float or None
        Diffusion in the lesion over that in healthy tissue.
    haemorrhages : int
        Dark foci on SWI.
    """

    flair: Volume
    truth: NDArray[np.bool_]
    labels: NDArray[np.uint8]
    clinical: ClinicalRecord
    family: str
    seed: int
    others: Mapping[Contrast, Volume] = field(default_factory=dict)
    adc_ratio: float | None = None
    haemorrhages: int = 0

    @property
    def subject(self) -> str:
        """BIDS label of the patient, without ``sub-``."""
        return f"synth{self.seed:05d}"

    def path(self, contrast: Contrast) -> Path:
        """Path of a contrast within a raw BIDS dataset."""
        folder, suffix = _BIDS_NAMES[contrast]
        name = f"sub-{self.subject}"
        return Path(name) / folder / f"{name}_{suffix}.nii.gz"


def synthetic_patient(
    seed: int,
    family: str = "pres",
    *,
    spacing_mm: tuple[float, float, float] = CLINICAL_2D_MM,
    companions: bool = False,
) -> SyntheticPatient:
    """Make a patient; the same arguments make the same patient.

    Parameters
    ----------
    seed : int
    family : str
        Lesion family of ``configs/synthesis.yaml``.
    spacing_mm : tuple of float
        Voxel size of the FLAIR.
    companions : bool
        Whether to make ADC and SWI too.

    Raises
    ------
    ConfigError
        There is no such family.
    """
    rng = np.random.default_rng(seed)
    sharp = sharp_head(rng, family, stripped=False)
    scanner = _clinical_scanner(spacing_mm, rng)
    scan = np.rint(scanner.acquire(sharp.flair) * _SCANNER_UNITS).astype(np.float32)
    patient = SyntheticPatient(
        flair=Volume(scan, scanner.grid(sharp.head.grid), Contrast.FLAIR),
        truth=scanner.acquire_mask(sharp.lesion),
        labels=scanner.acquire_labels(sharp.head.labels),
        clinical=draw_record(family, rng),
        family=family,
        seed=seed,
    )
    if not companions:
        return patient
    further = make_companions(sharp, family, scanner, rng)
    return replace(
        patient,
        others=further.volumes,
        adc_ratio=further.adc_ratio,
        haemorrhages=further.haemorrhages,
    )


def _clinical_scanner(spacing_mm: tuple[float, float, float], rng: np.random.Generator) -> Scanner:
    """Draw a scanner in good order: faint bias and noise, no ghosts."""
    return Scanner(
        spacing_mm=spacing_mm,
        blur_mm=0.4,
        bias=rng.uniform(0.03, 0.12),
        noise=rng.uniform(0.01, 0.03),
        seed=int(rng.integers(2**32)),
    )


def write_patient(patient: SyntheticPatient, folder: Path) -> Path:
    """Write the images as raw BIDS, the truth as a derivative, and return the FLAIR's path.

    Raises
    ------
    OutputError
        A file cannot be written.
    """
    for volume in (patient.flair, *patient.others.values()):
        write_nifti(folder / patient.path(volume.contrast), volume.data, volume.grid)
    name = f"sub-{patient.subject}"
    truth = folder / "derivatives" / "truth" / name / "anat"
    for suffix, array in (
        ("label-L_mask", patient.truth.astype(np.uint8)),
        ("desc-anatomy_dseg", patient.labels),
    ):
        write_nifti(truth / f"{name}_{suffix}.nii.gz", array, patient.flair.grid)
    return folder / patient.path(Contrast.FLAIR)
