"""Bad DICOM gets a sentence, and no more memory than a header takes."""

from __future__ import annotations

import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_writer import PATIENT, SeriesToWrite, write_classic, write_enhanced
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydicom.uid import CTImageStorage, generate_uid

from presight.dicom.files import FileRef, list_files
from presight.dicom.header import read_header
from presight.dicom.inputs import find_all, find_examinations
from presight.errors import InputError


@pytest.fixture
def series() -> SeriesToWrite:
    """A small head-sized volume of noise."""
    rng = np.random.default_rng(5)
    data = rng.integers(0, 1000, (40, 48, 12)).astype(np.uint16)
    affine = np.diag([-5.0, -5.0, 8.0, 1.0])
    affine[:3, 3] = (100, 120, -40)
    return SeriesToWrite(data, affine)


def why(folder: Path) -> str:
    """Why the only series of a folder is not taken."""
    (examination,), _ = find_examinations(folder)
    return " | ".join(verdict.why for verdict in examination.choice.verdicts)


def refusal(path: Path) -> str:
    with path.open("rb") as file, pytest.raises(InputError) as caught:
        read_header(file, FileRef(path))
    return str(caught.value)


def test_a_missing_slice(series, tmp_path):
    files = write_classic(series, tmp_path)
    files[5].unlink()
    assert "1 slices are missing between others that are 8 mm apart" in why(tmp_path)


def test_variable_spacing(series, tmp_path):
    def stretch(dataset, z):
        dataset.ImagePositionPatient[2] += 0.3 * z * z

    write_classic(series, tmp_path, change=stretch)
    assert "expected equal steps" in why(tmp_path)


def test_a_gantry_tilt(series, tmp_path):
    def tilt(dataset, z):
        dataset.ImagePositionPatient[1] += 2.0 * z

    write_classic(series, tmp_path, change=tilt)
    assert "a tilt of 14.0 degrees" in why(tmp_path)


def test_slices_in_several_directions(series, tmp_path):
    def cross(dataset, z):
        if z % 2:
            dataset.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]

    write_classic(series, tmp_path, change=cross)
    assert "point in 2 directions" in why(tmp_path)


def test_two_acquisitions_in_one_series_are_named_and_one_can_be_asked_for(series, tmp_path):
    def number(which):
        return lambda dataset, _z: setattr(dataset, "AcquisitionNumber", which)

    write_classic(series, tmp_path / "a", change=number(1))
    write_classic(series, tmp_path / "b", change=number(2))
    assert "two acquisitions" in why(tmp_path)
    with pytest.raises(InputError, match=r"UID#1 to UID#2"):
        find_examinations(tmp_path, wish(series.series_uid))
    found, _ = find_examinations(tmp_path, wish(f"{series.series_uid}#2"))
    assert len(found[0].choice.taken) == 1


def wish(text):
    from presight.dicom.choose import read_wishes

    return read_wishes([f"flair={text}"])


def test_two_acquisitions_that_nothing_tells_apart(series, tmp_path):
    write_classic(series, tmp_path / "a")
    write_classic(series, tmp_path / "b")
    assert "two slices lie in one place" in why(tmp_path)


def test_the_same_images_twice_are_read_once(series, tmp_path):
    files = write_classic(series, tmp_path / "a")
    (tmp_path / "b").mkdir()
    for file in files:
        (tmp_path / "b" / f"copy of {file.stem}").write_bytes(file.read_bytes())
    found, index = find_examinations(tmp_path)
    assert len(found[0].choice.taken) == 1
    assert index.duplicates == len(files)


def test_no_pixel_data(series, tmp_path):
    path = write_classic(series, tmp_path, change=lambda d, _z: d.__delattr__("PixelData"))[0]
    assert "no pixel data" in refusal(path)


def test_not_an_mr_image(series, tmp_path):
    def other(dataset, _z):
        dataset.SOPClassUID = CTImageStorage

    assert "not an MR image but CT Image Storage" in refusal(
        write_classic(series, tmp_path, change=other)[0]
    )


def test_truncated(series, tmp_path):
    for file in write_classic(series, tmp_path):
        file.write_bytes(file.read_bytes()[:-1500])
    assert "cannot be decoded: truncated or damaged" in why(tmp_path)


def test_encrypted(tmp_path):
    path = tmp_path / "secret"
    path.write_bytes(bytes.fromhex("308006092a864886f70d010703a080") + bytes(200))
    assert "encrypted" in refusal(path)


def test_terabytes_that_a_header_only_declares(series, tmp_path):
    path = write_enhanced(series, tmp_path / "IM1")
    dataset = pydicom.dcmread(path)
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = 2_000_000_000, 65535, 65535
    dataset.save_as(path)
    assert "TiB of pixels" in refusal(path)


def test_frames_that_are_declared_and_not_described(series, tmp_path):
    path = write_enhanced(series, tmp_path / "IM1")
    dataset = pydicom.dcmread(path)
    dataset.NumberOfFrames = 500
    dataset.save_as(path)
    assert "declares 500 frames and describes 12" in refusal(path)


def zip_with(path: Path, name: str, content: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return path


@pytest.mark.parametrize("name", ["../outside.dcm", "/etc/outside", "a/../../b", "..\\b"])
def test_a_zip_that_points_out_of_itself(tmp_path, name):
    with pytest.raises(InputError, match="point out of it"):
        list_files(zip_with(tmp_path / "a.zip", name, b"x"))


def test_a_zip_bomb(tmp_path):
    with pytest.raises(InputError, match="times its size"):
        list_files(zip_with(tmp_path / "a.zip", "big", bytes(50_000_000)))


def test_an_encrypted_zip(series, tmp_path):
    path = zip_with(tmp_path / "a.zip", "a", b"abc")
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1  # the flag in the central directory
    path.write_bytes(content)
    with pytest.raises(InputError, match="encrypted"):
        list_files(path)


def test_a_folder_of_other_things(tmp_path):
    (tmp_path / "notes.txt").write_text("no image here")
    with pytest.raises(InputError, match="no NIfTI file and no DICOM"):
        find_all([tmp_path])


@settings(max_examples=60, deadline=None)
@example(cut=0, flip=138, value=1)  # a length of one byte for a number of four
@given(cut=st.integers(0, 2500), flip=st.integers(0, 2500), value=st.integers(0, 255))
def test_whatever_is_damaged_there_is_a_sentence_and_no_traceback(
    tmp_path_factory, cut, flip, value
):
    folder = tmp_path_factory.mktemp("damaged")
    data = np.arange(40 * 48 * 12, dtype=np.uint16).reshape(40, 48, 12)
    one = SeriesToWrite(data[:, :, :1], np.diag([-5.0, -5.0, 8.0, 1.0]))
    path = write_classic(one, folder)[0]
    content = bytearray(path.read_bytes())
    content[flip] = value
    path.write_bytes(content[: len(content) - cut])
    with path.open("rb") as file, suppress(InputError):  # anything else is a failure
        read_header(file, FileRef(path))


def test_several_patients_and_other_objects_in_one_heap(series, tmp_path):
    """Reports, texts, a localiser and two patients: each patient is a study of its own."""
    heap = tmp_path / "heap"
    write_classic(series, heap, lambda z: f"a{z}")
    second = SeriesToWrite(series.data, series.affine, patient={**PATIENT, "PatientID": "MRN-9"})
    write_classic(second, heap, lambda z: f"b{z}")
    scout = SeriesToWrite(
        series.data[:, :, :3],
        series.affine,
        number=9,
        facts={**series.facts, "ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]},
        study_uid=series.study_uid,
        series_uid=generate_uid(),
    )
    write_classic(scout, heap, lambda z: f"c{z}")
    (heap / "report.pdf").write_bytes(b"%PDF-1.4 no DICOM")
    plan = find_all([heap])
    assert len(plan.studies) == 2
    assert plan.refused == ()
    assert len({study.stem for study in plan.studies}) == 2
    assert not any("MRN" in study.stem for study in plan.studies)
