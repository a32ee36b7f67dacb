"""Files, folders and tables become the studies that a person means."""

from pathlib import Path

import pytest

from presight.errors import InputError
from presight.study import Contrast
from presight.study.inputs import bids_label, find_studies, read_table


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_a_file_is_a_flair_named_after_itself(tmp_path):
    (study,) = find_studies([tmp_path / "patient-7_x.nii.gz"]).studies
    assert (study.subject, study.session) == ("patient7x", None)


def test_bids_entities_name_subject_and_session(tmp_path):
    (study,) = find_studies([tmp_path / "sub-01_ses-b_FLAIR.nii.gz"]).studies
    assert study.stem == "sub-01_ses-b"


def test_a_folder_with_flair_is_one_study_with_companions(tmp_path):
    touch(*(tmp_path / "p1" / f"{name}.nii.gz" for name in ("flair", "t1", "adc", "mask")))
    (study,) = find_studies([tmp_path]).studies
    assert study.subject == "p1"
    assert set(study.others) == {Contrast.T1, Contrast.ADC}


def test_in_another_folder_every_file_is_a_flair(tmp_path):
    touch(tmp_path / "a.nii.gz", tmp_path / "b.nii", tmp_path / "c" / "d.nii", tmp_path / "notes")
    studies = find_studies([tmp_path]).studies
    assert [study.subject for study in studies] == ["a", "b", "d"]


def test_links_to_folders_are_not_followed(tmp_path):
    touch(tmp_path / "a.nii.gz")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert len(find_studies([tmp_path]).studies) == 1


def test_inputs_that_share_an_id_are_refused_each(tmp_path):
    touch(tmp_path / "x" / "a.nii.gz", tmp_path / "y" / "a.nii.gz", tmp_path / "b.nii")
    plan = find_studies([tmp_path])
    assert [study.subject for study in plan.studies] == ["b"]
    assert len(plan.refused) == 2
    assert "the one id sub-a" in str(plan.refused[0][1])


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="no NIfTI file and no DICOM was found"):
        find_studies([tmp_path])


def test_further_contrasts_belong_to_a_single_flair(tmp_path):
    plan = find_studies([tmp_path / "a.nii"], {Contrast.ADC: tmp_path / "adc.nii"})
    assert plan.studies[0].others == {Contrast.ADC: tmp_path / "adc.nii"}
    with pytest.raises(InputError, match="Use --table"):
        find_studies([tmp_path / "a.nii", tmp_path / "b.nii"], {Contrast.ADC: tmp_path / "adc.nii"})


def test_a_table_names_many(tmp_path):
    table = tmp_path / "studies.csv"
    table.write_text("subject,session,flair,adc\nsub-1,ses-a,x/f.nii.gz,x/adc.nii.gz\n2,,y.nii,\n")
    first, second = read_table(table).studies
    assert first.stem == "sub-1_ses-a"
    assert first.others == {Contrast.ADC: tmp_path / "x/adc.nii.gz"}
    assert (second.stem, second.flair, dict(second.others)) == ("sub-2", tmp_path / "y.nii", {})


@pytest.mark.parametrize("text", ["subject,adc\n1,a.nii\n", "flair,colour\na.nii,red\n", "flair\n"])
def test_a_table_that_cannot_be_meant_is_refused(tmp_path, text):
    table = tmp_path / "studies.csv"
    table.write_text(text)
    with pytest.raises(InputError, match=r"studies\.csv"):
        read_table(table)


def test_a_label_holds_letters_and_digits_only():
    assert bids_label("../a b_ü-9") == "ab9"


def test_a_bids_dataset_is_not_taken_for_a_folder_of_flairs(tmp_path):
    touch(tmp_path / "dataset_description.json", tmp_path / "sub-1" / "anat" / "sub-1_T1w.nii.gz")
    with pytest.raises(InputError, match="BIDS dataset"):
        find_studies([tmp_path])
