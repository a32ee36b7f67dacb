"""Far from the brain nothing is left, within it nothing is touched, in every series of the head."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from dicom_writer import FLAIR, SeriesToWrite, turned, write_classic, write_enhanced
from scipy import ndimage

from presight.dicom.deface import Faceless
from presight.dicom.deidentify_files import deidentify_files
from presight.dicom.inputs import find_examinations
from presight.dicom.pseudonym import Pseudonyms
from presight.errors import InputError
from presight.study import Contrast
from presight.study.resample import resample

NAMES = Pseudonyms(b"a secret key of the tests")
T1 = {
    **FLAIR,
    "SeriesDescription": "T1 MPRAGE",
    "ProtocolName": "T1",
    "EchoTime": 3.0,
    "RepetitionTime": 600.0,
    "InversionTime": 900.0,
}


def only_stack(folder):
    (examination,), _ = find_examinations(folder)
    (verdict,) = examination.choice.verdicts
    return verdict.stack


@pytest.fixture
def head(written_series, result):
    """The FLAIR of the result, and what to keep of it: its brain."""
    grid = result.study.flair.grid
    keep = resample(
        result.prepared.brain.astype(np.uint8), result.prepared.flair.grid, grid, nearest=True
    )
    return written_series, Faceless(keep > 0, grid, written_series.frame_of_reference_uid)


@pytest.mark.parametrize("slices", ["LPS", "PIR"])
def test_a_series_of_other_slices_is_blanked_at_the_same_places(head, tmp_path, slices):
    series, face = head
    other = turned(series, slices)
    other.frame_of_reference_uid = series.frame_of_reference_uid
    other.data = other.data + 1  # so that every 0 is of our making
    write_classic(other, tmp_path)
    stack = only_stack(tmp_path)
    keep = resample(face.keep.astype(np.uint8), face.grid, stack.grid, nearest=True) > 0
    for z, frame in enumerate(stack.frames):
        dataset = pydicom.dcmread(frame.file.path)
        before = dataset.pixel_array.copy()
        dataset.DeidentificationMethod = "profile"
        face.blank(dataset, [frame], stack)
        inside = keep[:, :, z].T
        assert not dataset.pixel_array[~inside].any()
        assert np.array_equal(dataset.pixel_array[inside], before[inside])
    assert 0.05 < keep.mean() < 0.9


def test_a_compressed_multi_frame_object_is_blanked_in_any_order_of_frames(head, tmp_path):
    series, face = head
    order = list(range(series.data.shape[2]))[::-1]
    path = write_enhanced(series, tmp_path / "IM1", order)
    dataset = pydicom.dcmread(path)
    dataset.compress("1.2.840.10008.1.2.5")
    dataset.DeidentificationMethod = "profile"
    stack = only_stack(tmp_path)
    face.blank(dataset, stack.frames, stack)
    meant = np.where(face.keep, series.data, 0).T[order]
    assert np.array_equal(dataset.pixel_array, meant)


def test_other_coordinates_are_refused(head, tmp_path):
    series, face = head
    write_classic(turned(series, "LPS"), tmp_path)  # with a frame of reference of its own
    stack = only_stack(tmp_path)
    with pytest.raises(InputError, match="not in the coordinates of the FLAIR"):
        face.blank(pydicom.dcmread(stack.files[0].path), stack.frames[:1], stack)


def test_a_head_leaves_without_its_face(patient, tmp_path):
    """From a folder to a folder, with a brain found in it: the T1 of the visit as well."""
    flair = patient.flair
    scaled = (flair.data / flair.data.max() * 1000).astype(np.uint16) + 1
    series = SeriesToWrite(scaled, flair.grid.affine)
    t1 = SeriesToWrite(
        scaled,
        flair.grid.affine,
        number=2,
        facts=T1,
        study_uid=series.study_uid,
        frame_of_reference_uid=series.frame_of_reference_uid,
    )
    write_classic(series, tmp_path / "in" / "flair")
    write_classic(t1, tmp_path / "in" / "t1")
    summary = deidentify_files(tmp_path / "in", tmp_path / "out", NAMES, deface=True)
    assert (summary.written, summary.refused) == (2 * scaled.shape[2], {})
    (examination,), _ = find_examinations(tmp_path / "out")
    brain = patient.labels > 0
    steps = ndimage.distance_transform_edt(~brain, sampling=flair.grid.spacing_mm)
    for contrast in (Contrast.FLAIR, Contrast.T1):
        stack = examination.choice.taken[contrast]
        data = stack.read(contrast).data
        assert np.mean(data[brain] == scaled[brain]) > 0.999  # the brain stem has no lower end
        assert not data[steps > 20].any()  # the margin, and a mask that is not quite the truth
        header = pydicom.dcmread(stack.files[0].path, stop_before_pixels=True)
        codes = {item.CodeValue for item in header.DeidentificationMethodCodeSequence}
        assert "113102" in codes
        assert header.RecognizableVisualFeatures == "NO"
