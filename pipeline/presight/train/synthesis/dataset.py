"""Many synthetic patients as one raw BIDS dataset with known truth."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from presight import __version__
from presight.errors import InputError
from presight.report.atomic import write_text
from presight.study.clinical import ClinicalRecord
from presight.study.clinical_fields import clinical_fields
from presight.study.contrast import Contrast
from presight.train.synthesis.paint import draw_family
from presight.train.synthesis.patient import (
    CLINICAL_2D_MM,
    RESEARCH_3D_MM,
    SyntheticPatient,
    synthetic_patient,
    write_patient,
)
from presight.train.synthesis.scene import region_ids

_PATIENTS_A_SEED = 100_000  # patients of two seeds never share an id
_SHARE_3D = 0.3
_PARIETO_OCCIPITAL = ("parietal", "occipital")


def simulate_cohort(
    out: Path,
    n: int,
    seed: int,
    family: str | None = None,
    *,
    report: Callable[[int, int], object] = lambda done, total: None,
) -> tuple[str, ...]:
    """Write ``n`` synthetic patients with known truth; the same arguments write the same files.

    Parameters
    ----------
    out : Path
        Folder of a raw BIDS dataset: ``sub-*/anat`` and ``sub-*/dwi``, ``clinical.csv`` and
        ``studies.csv`` for ``presight run --clinical --table``, ``truth.csv`` and the lesion masks
        under ``derivatives/truth``.
    n : int
        Number of patients.
    seed : int
    family : str, optional
        Lesion family of ``configs/synthesis.yaml``; drawn from its ``mixture`` where not given.
    report : callable, optional
        Told how many of how many are done, after each.

    Returns
    -------
    tuple of str
        BIDS labels of the patients.

    Raises
    ------
    OutputError
        A file cannot be written.
    ConfigError
        There is no such family.
    InputError
        ``n`` or ``seed`` cannot be meant.
    """
    _check(n, seed)
    studies, clinical, truth = [], [], []
    for number in range(n):
        patient = _draw_patient(seed * _PATIENTS_A_SEED + number, family)
        flair = write_patient(patient, out)
        studies.append(_study_row(patient, flair, out))
        clinical.append({"subject": patient.subject, **clinical_row(patient.clinical)})
        truth.append(_truth_row(patient))
        report(number + 1, n)
    _write_table(out / "studies.csv", studies)
    _write_table(out / "clinical.csv", clinical)
    _write_table(out / "truth.csv", truth)
    _write_descriptions(out, [row["subject"] for row in truth])
    return tuple(row["subject"] for row in truth)


def _check(n: int, seed: int) -> None:
    if not 1 <= n <= _PATIENTS_A_SEED:
        raise InputError(f"{n} patients were asked for", expected=f"1 to {_PATIENTS_A_SEED:,}")
    if seed < 0:
        raise InputError(f"the seed is {seed}", expected="a whole number from 0 up")


def clinical_row(record: ClinicalRecord) -> dict[str, str]:
    """Write a record as a row of the clinical table, an unknown value as an empty cell."""
    return {name: _cell(record, field.path) for name, field in clinical_fields().items()}


def _draw_patient(seed: int, family: str | None) -> SyntheticPatient:
    rng = np.random.default_rng([seed, 1])
    family = family or draw_family(rng)
    spacing_mm = RESEARCH_3D_MM if rng.random() < _SHARE_3D else CLINICAL_2D_MM
    return synthetic_patient(seed, family, spacing_mm=spacing_mm, companions=True)


def _study_row(patient: SyntheticPatient, flair: Path, out: Path) -> dict[str, str]:
    row = {"subject": patient.subject, "flair": flair.relative_to(out).as_posix()}
    for contrast in (Contrast.ADC, Contrast.SWI):
        row[contrast.value] = patient.path(contrast).as_posix()
    return row


def _truth_row(patient: SyntheticPatient) -> dict[str, Any]:
    lesion, voxel_ml = patient.truth, patient.flair.grid.voxel_ml
    posterior = np.isin(patient.labels, [i for r in _PARIETO_OCCIPITAL for i in region_ids(r)])
    right = np.isin(patient.labels, np.arange(2, 19, 2))
    return {
        "subject": patient.subject,
        "family": patient.family,
        "seed": patient.seed,
        "slice_mm": patient.flair.grid.spacing_mm[2],
        "lesion_ml": round(float(lesion.sum()) * voxel_ml, 3),
        "lesion_right_ml": round(float((lesion & right).sum()) * voxel_ml, 3),
        "lesion_parieto_occipital_ml": round(float((lesion & posterior).sum()) * voxel_ml, 3),
        "adc_ratio": "" if patient.adc_ratio is None else round(patient.adc_ratio, 3),
        "haemorrhages": patient.haemorrhages,
    }


def _cell(record: ClinicalRecord, path: tuple[str, ...]) -> str:
    value: Any
    if path[0] == "drugs" and len(path) == 3:
        drug = next((drug for drug in record.drugs if drug.name == path[1]), None)
        value = getattr(drug, path[2], None)
    elif len(path) == 2:
        value = getattr(record, path[0]).get(path[1])
    else:
        value = None if path[0] == "drugs" else getattr(record, path[0])
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return "; ".join(value)
    return "" if value is None else str(value)


def _write_table(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    rows = list(rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


def _write_descriptions(out: Path, subjects: list[str]) -> None:
    about = {
        "Name": "Synthetic patients with known truth",
        "BIDSVersion": "1.9.0",
        "DatasetType": "raw",
        "GeneratedBy": [{"Name": "presight simulate", "Version": __version__}],
    }
    write_text(out / "dataset_description.json", json.dumps(about, indent=2) + "\n")
    about |= {"Name": "Truth of the synthetic patients", "DatasetType": "derivative"}
    truth = out / "derivatives" / "truth" / "dataset_description.json"
    write_text(truth, json.dumps(about, indent=2) + "\n")
    rows = "".join(f"sub-{subject}\n" for subject in subjects)
    write_text(out / "participants.tsv", f"participant_id\n{rows}")
    # BIDS has no raw name for an ADC map, and the two tables are ours.
    write_text(out / ".bidsignore", "*_ADC.nii.gz\nclinical.csv\nstudies.csv\ntruth.csv\n")
    write_text(out / "README", _README)


_README = """Synthetic patients with known truth
===================================

No image here is of a person: heads are made from the MNI152 template and lesions are drawn, see
configs/synthesis.yaml of presight. Where numbers of a disease are published they were followed;
everything else is a choice of the simulation. Never read a frequency or a volume off these data.
"""
