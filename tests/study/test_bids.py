"""A BIDS dataset becomes the studies and the clinical records that it holds."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from presight.errors import ClinicalError, InputError
from presight.study import Contrast
from presight.study.bids import Selection, find_bids, is_bids
from presight.study.bids_clinical import read_bids_clinical, say_left_alone


@pytest.fixture
def dataset(tmp_path):
    """Two subjects, one with two visits, and everything that must not be taken for a FLAIR."""
    (tmp_path / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.8.0"}')
    touch(
        *(tmp_path / "sub-01/ses-a/anat" / f"sub-01_ses-a_{name}.nii.gz" for name in (
            "FLAIR", "T1w", "ce-gad_T1w", "acq-fine_T2w", "part-phase_T2starw", "T2starw", "PDw",
        )),
        tmp_path / "sub-01/ses-a/dwi/sub-01_ses-a_ADC.nii.gz",
        tmp_path / "sub-01/ses-b/anat/sub-01_ses-b_acq-fast_run-1_FLAIR.nii.gz",
        tmp_path / "sub-01/ses-b/anat/sub-01_ses-b_acq-fine_run-2_FLAIR.nii.gz",
        tmp_path / "sub-01/ses-b/anat/sub-01_ses-b_acq-fine_T1w.nii.gz",
        tmp_path / "sub-01/ses-b/anat/sub-01_ses-b_acq-fast_T1w.nii.gz",
        tmp_path / "sub-02/anat/sub-02_FLAIR.nii",
        tmp_path / "sub-02/swi/sub-02_swi.nii.gz",
        tmp_path / "derivatives/x/sub-03/anat/sub-03_FLAIR.nii.gz",
        tmp_path / "sourcedata/sub-04/anat/sub-04_FLAIR.nii.gz",
    )  # fmt: skip
    return tmp_path


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def image(path: Path, shape: tuple[int, ...]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(np.zeros(shape, np.float32), np.eye(4)), path)


def stems(dataset: Path, **chosen) -> list[str]:
    return [study.stem for study in find_bids(dataset, Selection(**chosen)).studies]


def test_every_flair_is_a_study_and_nothing_else_is(dataset):
    assert stems(dataset) == [
        "sub-01_ses-a", "sub-01_ses-b_acq-fast_run-1", "sub-01_ses-b_acq-fine_run-2", "sub-02",
    ]  # fmt: skip


def test_companions_are_of_the_same_visit_and_never_a_phase_image(dataset):
    first, fast, fine, second = find_bids(dataset).studies
    assert {c: path.name for c, path in first.others.items()} == {
        Contrast.T1: "sub-01_ses-a_T1w.nii.gz",
        Contrast.T1_POST: "sub-01_ses-a_ce-gad_T1w.nii.gz",
        Contrast.T2: "sub-01_ses-a_acq-fine_T2w.nii.gz",
        Contrast.ADC: "sub-01_ses-a_ADC.nii.gz",
        Contrast.SWI: "sub-01_ses-a_T2starw.nii.gz",
    }
    assert fast.others[Contrast.T1].name == "sub-01_ses-b_acq-fast_T1w.nii.gz"
    assert fine.others[Contrast.T1].name == "sub-01_ses-b_acq-fine_T1w.nii.gz"
    assert set(second.others) == {Contrast.SWI}


def test_a_series_of_diffusion_directions_is_no_trace_image(dataset):
    image(dataset / "sub-02/dwi/sub-02_dwi.nii.gz", (4, 4, 4, 7))
    assert Contrast.DWI not in find_bids(dataset, Selection(("02",))).studies[0].others
    image(dataset / "sub-02/dwi/sub-02_dwi.nii.gz", (4, 4, 4, 1))
    assert Contrast.DWI in find_bids(dataset, Selection(("02",))).studies[0].others


def test_subjects_sessions_and_entities_choose(dataset):
    assert stems(dataset, subjects=("sub-02",)) == ["sub-02"]
    assert stems(dataset, sessions=("a",)) == ["sub-01_ses-a"]
    assert stems(dataset, entities={"acq": "fi*"}) == ["sub-01_ses-b_acq-fine_run-2"]
    assert stems(dataset, entities={"run": ""}) == ["sub-01_ses-a", "sub-02"]
    with pytest.raises(InputError, match="there is no participant 09"):
        find_bids(dataset, Selection(("09",)))
    with pytest.raises(InputError, match="no FLAIR was found with session z"):
        find_bids(dataset, Selection(sessions=("z",)))


def test_a_subject_without_a_flair_and_one_not_fetched_are_explained(dataset):
    touch(dataset / "sub-05/anat/sub-05_T1w.nii.gz")
    (dataset / "sub-06/anat").mkdir(parents=True)
    (dataset / "sub-06/anat/sub-06_FLAIR.nii.gz").symlink_to("../.git/annex/gone")
    plan = find_bids(dataset)
    assert len(plan.studies) == 4
    said = [str(error) for _, error in plan.refused]
    assert "no FLAIR" in said[0]
    assert "datalad get" in said[1]


def test_two_subjects_with_one_id_are_both_refused(dataset):
    touch(dataset / "sub-0 2/anat/sub-0 2_FLAIR.nii")
    plan = find_bids(dataset)
    assert "sub-02" not in {study.stem for study in plan.studies}
    assert len(plan.refused) == 2


def test_loops_of_links_end(dataset):
    (dataset / "sub-01/ses-a/anat/up").symlink_to(dataset, target_is_directory=True)
    (dataset / "sub-07").symlink_to(dataset / "sub-02", target_is_directory=True)
    assert len(find_bids(dataset).studies) == 5


def test_a_derivative_is_no_dataset_of_scans(tmp_path):
    description = tmp_path / "dataset_description.json"
    assert not is_bids(tmp_path)
    description.write_text('{"DatasetType": "derivative"}')
    assert not is_bids(tmp_path)
    description.write_text('{"Name": "x"}')
    assert is_bids(tmp_path)
    description.write_text("[")
    assert not is_bids(tmp_path)


def tables(dataset: Path, **content: str) -> None:
    for name, text in content.items():
        (dataset / f"{name}.tsv").write_text(text)


def test_records_come_from_all_tables_with_the_units_of_their_sidecars(dataset):
    tables(dataset, participants="participant_id\tage\tsex\tsite\nsub-01\t54\t1\tX\n")
    about = {"sex": {"Levels": {"1": "female", "2": "male"}}, "age": {"Units": "years"}}
    (dataset / "participants.json").write_text(json.dumps(about))
    (dataset / "phenotype").mkdir()
    tables(
        dataset / "phenotype",
        labs="participant_id\tsession_id\tcreatinine\tmagnesium\n"
        "sub-01\tses-a\t97.24\tn/a\nsub-01\tses-b\tn/a\t0.7\n",
    )
    units = {"creatinine": {"Units": "umol/L"}, "magnesium": {"Units": "mmol/L"}}
    (dataset / "phenotype/labs.json").write_text(json.dumps(units))
    tables(dataset / "sub-01", **{"sub-01_sessions": "session_id\tseizure\nses-a\tyes\n"})
    clinical = read_bids_clinical(dataset)
    first, later = clinical.record_for("01", "a"), clinical.record_for("01", "b")
    assert (first.age_years, first.sex, first.seizure) == (54, "F", True)
    assert first.creatinine_mg_dl == pytest.approx(1.1, rel=1e-3)
    assert (later.seizure, later.creatinine_mg_dl, later.magnesium_mmol_l) == (None, None, 0.7)
    assert clinical.record_for("02").age_years is None
    assert list(say_left_alone(clinical)) == [
        "Columns of the dataset's tables that are not read: site."
    ]


def test_a_visit_stands_over_the_participant(dataset):
    tables(dataset, participants="participant_id\tage\nsub-01\t54\n")
    tables(dataset / "sub-01", **{"sub-01_sessions": "session_id\tage_years\nses-b\t56\n"})
    clinical = read_bids_clinical(dataset)
    assert clinical.record_for("01", "a").age_years == 54
    assert clinical.record_for("01", "b").age_years == 56


def test_a_code_whose_meaning_is_no_known_word_is_not_guessed(dataset):
    tables(dataset, participants="participant_id\tseizure\nsub-01\t1\n")
    meaning = {"seizure": {"Levels": {"0": "seizure seen", "1": "seizure not seen"}}}
    (dataset / "participants.json").write_text(json.dumps(meaning))
    with pytest.raises(ClinicalError, match="seizure not seen"):
        read_bids_clinical(dataset).record_for("01")


def test_a_value_that_cannot_be_true_names_file_and_row(dataset):
    tables(dataset, participants="participant_id\tage\nsub-02\t40\nsub-01\t400\n")
    with pytest.raises(ClinicalError, match=r"participants\.tsv, row 3"):
        read_bids_clinical(dataset).record_for("01")
    assert read_bids_clinical(dataset).record_for("02").age_years == 40
