"""What is written is valid, lies where the lesion lies, and carries over no more than it must."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import highdicom as hd
import nibabel as nib
import numpy as np
import pydicom
import pytest
from dicom_writer import PATIENT
from highdicom.sr import Comprehensive3DSR, ComprehensiveSR
from highdicom.sr.utils import find_content_items

from presight.dicom.write import write_dicom


@pytest.fixture(scope="module")
def files(result, stack, tmp_path_factory):
    return write_dicom(result, stack, tmp_path_factory.mktemp("out"), with_anatomy=True)


def everything(files) -> list[Path]:
    return [files.mask, files.probability, files.report, files.picture, files.anatomy]


def test_dciodvfy_finds_no_error(files):
    if not shutil.which("dciodvfy"):
        pytest.skip("needs dciodvfy (Debian: dicom3tools)")
    for file in everything(files):
        said = subprocess.run(
            ["dciodvfy", "-new", str(file)], capture_output=True, text=True, check=False
        )
        errors = [line for line in said.stderr.splitlines() if line.startswith("Error")]
        assert not errors, (file.name, errors)


def ras(array, affine):
    """Axes as near to RAS+ as they can be."""
    return nib.as_closest_canonical(nib.Nifti1Image(array, affine))


def test_the_mask_lies_where_the_lesion_lies(files, result):
    read = hd.seg.segread(files.mask).get_volume(combine_segments=True)
    lps = np.diag([-1.0, -1.0, 1.0, 1.0])
    seen = ras(read.array.astype(np.uint8), lps @ read.affine)
    meant = ras(result.lesions.mask.astype(np.uint8), result.lesions.grid.affine)
    voxels = np.argwhere(np.asarray(seen.dataobj))
    world = nib.affines.apply_affine(seen.affine, voxels)
    wanted = nib.affines.apply_affine(meant.affine, np.argwhere(np.asarray(meant.dataobj)))
    assert len(world) == len(wanted)
    assert np.allclose(np.sort(world, axis=0), np.sort(wanted, axis=0), atol=1e-2)
    assert (world[:, 0] < 0).all()  # the lesion was made on the left: negative x in RAS+


def test_every_frame_refers_to_the_slice_that_it_lies_on(files, stack):
    mask = pydicom.dcmread(files.mask)
    place = {(frame.sop_uid, frame.index): frame.position for frame in stack.frames}
    for groups in mask.PerFrameFunctionalGroupsSequence:
        image = groups.DerivationImageSequence[0].SourceImageSequence[0]
        index = int(image.get("ReferencedFrameNumber", 1)) - 1
        position = groups.PlanePositionSequence[0].ImagePositionPatient
        assert np.allclose(place[image.ReferencedSOPInstanceUID, index], position, atol=1e-3)


def test_a_frame_laid_over_its_slice_covers_what_is_bright(files, stack, result):
    """As a viewer does it: pixel on pixel of the slice that the frame names, nothing resampled."""
    mask = pydicom.dcmread(files.mask)
    planes = mask.pixel_array.reshape(-1, mask.Rows, mask.Columns)
    covered = 0
    for plane, groups in zip(planes, mask.PerFrameFunctionalGroupsSequence, strict=True):
        slice_pixels = source_pixels(groups, stack)
        brain = slice_pixels > 0.3 * slice_pixels.max()
        assert slice_pixels[plane > 0].mean() > 1.2 * slice_pixels[brain & (plane == 0)].mean()
        covered += int(plane.sum())
    assert covered == result.lesions.mask.sum()


def source_pixels(groups, stack) -> np.ndarray:
    named = groups.DerivationImageSequence[0].SourceImageSequence[0]
    files = {frame.sop_uid: frame.file.path for frame in stack.frames}
    source = pydicom.dcmread(files[named.ReferencedSOPInstanceUID])
    planes = source.pixel_array.reshape(-1, source.Rows, source.Columns)
    return planes[int(named.get("ReferencedFrameNumber", 1)) - 1].astype(float)


def test_the_probability_is_kept_to_one_part_in_255(files, result):
    read = hd.seg.segread(files.probability)
    volume = read.get_volume(rescale_fractional=True)
    assert volume.array.max() == pytest.approx(result.lesions.probability.max(), abs=1 / 255)
    assert volume.array.sum() == pytest.approx(result.lesions.probability.sum(), rel=0.01)


def test_the_report_says_what_the_result_says(files, result):
    report = hd.sr.srread(files.report)
    assert isinstance(report, ComprehensiveSR | Comprehensive3DSR)
    (lesion,) = report.content.get_volumetric_roi_measurement_groups()
    volume = next(m for m in lesion.get_measurements() if m.name.value == "118565006")
    assert volume.value == pytest.approx(result.findings.lesion_ml, abs=0.001)
    segment = lesion.referenced_segment
    assert segment.referenced_sop_instance_uid == pydicom.dcmread(files.mask).SOPInstanceUID
    groups = report.content.get_image_measurement_groups()
    probabilities = {
        group.finding_type.value: group.get_measurements()[0].value
        for group in groups
        if group.get_measurements() and group.get_measurements()[0].name.value == "122157"
    }
    found = result.assessment.classification.probabilities
    assert probabilities["pres"] == pytest.approx(100 * found["pres"], abs=0.05)
    texts = find_content_items(report, value_type=hd.sr.ValueTypeValues.TEXT, recursive=True)
    text = " ".join(item.TextValue for item in texts)
    for recommendation in result.assessment.recommendations:
        assert recommendation.action in text
    assert "Research use only" in text


def test_the_report_refers_to_the_images_it_rests_on(files, stack):
    report = pydicom.dcmread(files.report)
    evidence = {
        instance.ReferencedSOPInstanceUID
        for study in report.CurrentRequestedProcedureEvidenceSequence
        for series in study.ReferencedSeriesSequence
        for instance in series.ReferencedSOPSequence
    }
    assert {frame.sop_uid for frame in stack.frames} <= evidence


def test_patient_and_study_are_carried_over_and_nothing_else_of_the_source(files, stack):
    source = pydicom.dcmread(stack.files[0].path, stop_before_pixels=True)
    for file in everything(files):
        made = pydicom.dcmread(file)
        for name in PATIENT:
            assert made.get(name) == source.get(name), name
        assert made.StudyInstanceUID == source.StudyInstanceUID
        assert made.SeriesInstanceUID != source.SeriesInstanceUID
        assert made.Manufacturer == "presight"
        for name in ("ProtocolName", "ScanningSequence", "InstitutionName", "OperatorsName"):
            assert name not in made


def test_what_is_made_again_is_the_same_object(files, result, stack, tmp_path):
    again = write_dicom(result, stack, tmp_path)
    for one, other in ((files.mask, again.mask), (files.report, again.report)):
        assert pydicom.dcmread(one).SOPInstanceUID == pydicom.dcmread(other).SOPInstanceUID


def test_the_picture_shows_the_lesion_on_the_side_it_is_on(files):
    pixels = pydicom.dcmread(files.picture).pixel_array
    assert pixels.ndim == 3
    outline = (pixels == (255, 196, 0)).all(axis=-1)
    columns = np.nonzero(outline.any(axis=0))[0] % 312  # a tile and its gap
    assert outline.any()
    assert (columns > 150).mean() > 0.95  # the patient's left is on the right of a picture
