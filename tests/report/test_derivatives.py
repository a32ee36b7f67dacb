"""What a study leaves on disk."""

import json
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from presight.errors import OutputError
from presight.measure import Findings
from presight.preprocess import to_native
from presight.preprocess.native import flat_flair
from presight.report.bids import write_dataset
from presight.report.derivatives import study_files, write_study
from presight.study.contrast import Contrast
from presight.study.volume import Volume

STEM = "sub-demo01_ses-02"
NAMES = {
    f"{STEM}_space-orig_label-L_desc-hyperintensity_mask.nii.gz",
    f"{STEM}_space-orig_label-L_desc-hyperintensity_mask.json",
    f"{STEM}_space-orig_label-L_desc-hyperintensity_probseg.nii.gz",
    f"{STEM}_space-orig_label-L_desc-hyperintensity_probseg.json",
    f"{STEM}_space-orig_label-L_desc-uncertainty_map.nii.gz",
    f"{STEM}_space-orig_label-L_desc-uncertainty_map.json",
    f"{STEM}_space-orig_desc-anatomy_dseg.nii.gz",
    f"{STEM}_space-orig_desc-anatomy_dseg.json",
    f"{STEM}_space-orig_desc-anatomy_dseg.tsv",
    f"{STEM}_space-orig_res-working_desc-anatomy_dseg.nii.gz",
    f"{STEM}_space-orig_res-working_desc-anatomy_dseg.json",
    f"{STEM}_space-orig_desc-brain_mask.nii.gz",
    f"{STEM}_space-orig_desc-brain_mask.json",
    f"{STEM}_space-orig_desc-brain_FLAIR.nii.gz",
    f"{STEM}_space-orig_desc-brain_FLAIR.json",
    f"{STEM}_desc-presight_findings.json",
    f"{STEM}_desc-presight_assessment.json",
    f"{STEM}_desc-presight_clinical.json",
    f"{STEM}_desc-presight_report.html",
    f"{STEM}_desc-presight_thumbnail.svg",
}


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_every_file_of_the_design_is_there(result, tmp_path):
    files = write_study(result, tmp_path)
    folder = tmp_path / "sub-demo01" / "ses-02" / "anat"
    assert {path.name for path in folder.iterdir()} == NAMES
    assert files.complete


def test_a_study_without_a_session_has_no_session_folder(result, tmp_path):
    study = replace(result.study, session=None)
    files = study_files(study, tmp_path)
    assert files.assessment == (
        tmp_path / "sub-demo01" / "anat" / "sub-demo01_desc-presight_assessment.json"
    )


@pytest.mark.parametrize("orientation", ["LPS", "RAS", "PIR", "SAL"])
def test_every_image_is_on_the_grid_of_the_flair_that_came_in(make_result, tmp_path, orientation):
    result = make_result(orientation)
    files = write_study(result, tmp_path)
    kinds = {
        files.lesion_mask: np.uint8,
        files.lesion_probability: np.float32,
        files.lesion_uncertainty: np.uint8,
        files.anatomy: np.uint8,
        files.brain: np.uint8,
    }
    for path, kind in kinds.items():
        image = nib.load(path)
        assert image.shape == result.study.flair.grid.shape
        assert image.get_data_dtype() == kind
        np.testing.assert_allclose(image.get_sform(coded=True)[0], image.affine)
        np.testing.assert_allclose(image.affine, result.study.flair.grid.affine, atol=1e-4)
        np.testing.assert_allclose(image.get_qform(), image.affine, atol=1e-3)
        assert image.header.get_xyzt_units()[0] == "mm"


@pytest.mark.parametrize("orientation", ["LPS", "RAS"])
def test_the_regions_are_kept_where_they_are_counted_as_well(make_result, tmp_path, orientation):
    result = make_result(orientation)
    files = write_study(result, tmp_path)
    image, prepared = nib.load(files.working_anatomy), result.prepared
    assert image.get_data_dtype() == np.uint8
    np.testing.assert_array_equal(np.asarray(image.dataobj), prepared.anatomy)
    np.testing.assert_allclose(image.affine, prepared.flair.grid.affine, atol=1e-4)
    about = json.loads(files.working_anatomy.with_suffix("").with_suffix(".json").read_text())
    assert about["Resolution"].startswith("1 mm")


def test_the_kept_brain_is_the_scan_to_a_step_of_its_noise(result, tmp_path):
    image = nib.load(write_study(result, tmp_path).brain_flair)
    assert image.get_data_dtype() == np.int16
    flat = flat_flair(result.study.flair, result.prepared).data
    brain = to_native(result.prepared.brain, result.prepared)
    np.testing.assert_allclose(np.asarray(image.dataobj)[brain], flat[brain], atol=1 / 1000)


def test_every_contrast_that_came_in_is_kept_without_face_and_skull(make_result, tmp_path):
    result = make_result("LPS")
    working = result.prepared.flair
    swi = np.where(left_of_the_middle(working.grid), 300.0, 100.0).astype(np.float32)
    others = {Contrast.SWI: Volume(swi, working.grid, Contrast.SWI)}
    prepared = replace(result.prepared, others=others)
    files = write_study(replace(result, prepared=prepared), tmp_path)
    kept = np.asarray(nib.load(files.brains[Contrast.SWI]).dataobj)
    brain = np.asarray(nib.load(files.brain).dataobj) > 0
    left = left_of_the_middle(prepared.native, margin_mm=4)
    right = ~left_of_the_middle(prepared.native, margin_mm=-4)
    assert kept[brain & left].mean() == pytest.approx(300, rel=0.03)
    assert kept[brain & right].mean() == pytest.approx(100, rel=0.03)
    assert kept[~brain].mean() < 20
    assert not files.brains[Contrast.T1].exists()
    about = json.loads(files.brains[Contrast.SWI].with_suffix("").with_suffix(".json").read_text())
    assert about["SkullStripped"] is True


def left_of_the_middle(grid, margin_mm=0.0):
    places = np.indices(grid.shape).reshape(3, -1)
    x = (grid.affine[:3, :3] @ places + grid.affine[:3, 3:])[0]
    return (x < -margin_mm).reshape(grid.shape)


def test_the_mask_that_is_read_back_is_the_mask(result, tmp_path):
    files = write_study(result, tmp_path)
    np.testing.assert_array_equal(
        np.asarray(nib.load(files.lesion_mask).dataobj).astype(bool), result.lesions.mask
    )
    np.testing.assert_array_equal(
        np.asarray(nib.load(files.lesion_probability).dataobj), result.lesions.probability
    )


def test_every_label_in_the_segmentation_is_named(result, tmp_path):
    files = write_study(result, tmp_path)
    rows = [line.split("\t") for line in files.anatomy_labels.read_text().splitlines()]
    named = {int(row[0]): row[1] for row in rows[1:]}
    assert rows[0] == ["index", "name", "abbreviation"]
    assert named[5] == "Occipital lobe, left"
    assert set(np.unique(nib.load(files.anatomy).dataobj)) - {0} <= set(named)


def test_the_same_result_gives_the_same_bytes_whatever_the_time_it_took(result, tmp_path):
    slower = replace(
        result,
        provenance=replace(result.provenance, seconds={"segment": 99.0}, peak_memory_mb=9.0),
    )
    write_study(result, tmp_path / "first")
    write_study(slower, tmp_path / "second")
    assert contents(tmp_path / "first") == contents(tmp_path / "second")


def test_findings_and_assessment_can_be_read_back(result, tmp_path):
    files = write_study(result, tmp_path)
    assert Findings.model_validate_json(files.findings.read_text()) == result.findings
    content = json.loads(files.assessment.read_text())
    made_by = content.pop("provenance")
    assert type(result.assessment).model_validate(content) == result.assessment
    assert made_by["bundle"]["sha256"] == result.provenance.bundle.sha256
    assert made_by["preprocessing"] == list(result.prepared.steps)
    assert list(made_by["quality"]) == [item.name for item in result.prepared.quality]
    assert "seconds" not in made_by


def test_no_file_tells_the_folder_that_the_images_came_from(result, tmp_path):
    write_study(result, tmp_path)
    for name, content in contents(tmp_path).items():
        assert b"/data/patient" not in content, name
    sidecar = tmp_path / "sub-demo01/ses-02/anat" / f"{STEM}_space-orig_desc-brain_mask.json"
    assert json.loads(sidecar.read_text())["Sources"] == ["flair.nii.gz"]


def test_the_output_is_a_bids_derivative(result, tmp_path):
    write_study(result, tmp_path)
    description = json.loads((tmp_path / "dataset_description.json").read_text())
    assert description["DatasetType"] == "derivative"
    assert description["GeneratedBy"][0]["Name"] == "presight"
    assert "*_assessment.json" in (tmp_path / ".bidsignore").read_text().splitlines()


def test_another_dataset_is_never_written_into(result, tmp_path):
    description = tmp_path / "dataset_description.json"
    description.write_text('{"Name": "raw data", "BIDSVersion": "1.8.0"}')
    with pytest.raises(OutputError, match="did not make"):
        write_study(result, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [description.name]
    assert "raw data" in description.read_text()


def test_a_study_that_fails_again_does_not_leave_its_old_answer(result, tmp_path):
    files = write_study(result, tmp_path)
    broken = replace(result, lesions=replace(result.lesions, mask=result.lesions.mask[1:]))
    with pytest.raises(ValueError, match="shape"):
        write_study(broken, tmp_path)
    assert not files.complete
    assert not Path(files.assessment).parent.exists() or not list(files.assessment.parent.iterdir())


def test_writing_the_dataset_twice_is_fine(tmp_path):
    write_dataset(tmp_path)
    before = contents(tmp_path)
    write_dataset(tmp_path)
    assert contents(tmp_path) == before
