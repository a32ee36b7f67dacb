"""A simulated cohort as files."""

import csv
import json

import nibabel as nib
import numpy as np
import pytest

from presight.config import load_config
from presight.errors import InputError
from presight.study.clinical_table import read_clinical
from presight.study.inputs import read_table
from presight.train.synthesis.dataset import clinical_row, simulate_cohort
from presight.train.synthesis.record import draw_record


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    out = tmp_path_factory.mktemp("cohort")
    return out, simulate_cohort(out, n=2, seed=4, family="pres")


def test_patients_are_complete(cohort):
    out, subjects = cohort
    assert len(subjects) == len(set(subjects)) == 2
    for subject in subjects:
        flair = nib.load(out / f"sub-{subject}/anat/sub-{subject}_FLAIR.nii.gz")
        truth = nib.load(
            out / f"derivatives/truth/sub-{subject}/anat/sub-{subject}_label-L_mask.nii.gz"
        )
        np.testing.assert_allclose(truth.affine, flair.affine)
        assert set(np.unique(truth.dataobj)) == {0, 1}


def test_truth_table_agrees_with_the_masks(cohort):
    out, _ = cohort
    with (out / "truth.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        name = f"sub-{row['subject']}"
        mask = nib.load(out / f"derivatives/truth/{name}/anat/{name}_label-L_mask.nii.gz")
        volume_ml = np.asarray(mask.dataobj).sum() * abs(np.linalg.det(mask.affine)) / 1000
        assert float(row["lesion_ml"]) == pytest.approx(volume_ml, abs=0.01)
        assert row["family"] == "pres"


def test_clinical_table_can_be_read_and_has_a_row_for_each(cohort):
    out, subjects = cohort
    table = read_clinical(out / "clinical.csv")
    assert [table.record_for(subject).onset for subject in subjects] == ["acute", "acute"]


@pytest.mark.parametrize("family", list(load_config("synthesis.yaml")["records"]))
def test_a_record_comes_back_from_the_table_as_it_was(family, tmp_path):
    record = draw_record(family, np.random.default_rng(0))
    row = {"subject": "a", **clinical_row(record)}
    table = tmp_path / "clinical.csv"
    table.write_text(f"{','.join(row)}\n{','.join(row.values())}\n")
    assert read_clinical(table).record_for("a") == record


def test_table_of_studies_can_be_run(cohort):
    out, subjects = cohort
    plan = read_table(out / "studies.csv")
    assert [study.subject for study in plan.studies] == list(subjects)
    assert all(study.flair.is_file() for study in plan.studies)
    assert all(path.is_file() for study in plan.studies for path in study.others.values())


def test_oedema_diffuses_more_than_healthy_tissue(cohort):
    out, subjects = cohort
    name = f"sub-{subjects[0]}"
    adc = np.asarray(nib.load(out / f"{name}/dwi/{name}_ADC.nii.gz").dataobj)
    truth = out / f"derivatives/truth/{name}/anat"
    lesion = np.asarray(nib.load(truth / f"{name}_label-L_mask.nii.gz").dataobj) > 0
    brain = np.asarray(nib.load(truth / f"{name}_desc-anatomy_dseg.nii.gz").dataobj) > 0
    assert np.median(adc[lesion]) > 1.2 * np.median(adc[brain & ~lesion])


def test_it_says_of_itself_that_nothing_here_is_a_person(cohort):
    out, subjects = cohort
    about = json.loads((out / "dataset_description.json").read_text())
    assert about["DatasetType"] == "raw"
    assert "No image here is of a person" in (out / "README").read_text()
    assert (out / "participants.tsv").read_text().split()[1:] == [f"sub-{s}" for s in subjects]


@pytest.mark.parametrize(("n", "seed"), [(0, 1), (-3, 1), (2, -1)])
def test_what_cannot_be_meant_is_refused_in_a_sentence(n, seed, tmp_path):
    with pytest.raises(InputError, match="expected"):
        simulate_cohort(tmp_path, n, seed)


def test_the_same_seed_writes_the_same_bytes(cohort, tmp_path):
    out, subjects = cohort
    simulate_cohort(tmp_path, n=1, seed=4, family="pres")
    for path in [p for p in tmp_path.rglob("*.nii.gz") if subjects[0] in p.name]:
        assert path.read_bytes() == (out / path.relative_to(tmp_path)).read_bytes()
