"""No identifying value survives, at any depth, for any attribute of the profile."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pydicom
import pytest
from dicom_writer import write_classic
from dicomanonymizer.dicomfields_selector import dicom_anonymization_database_selector
from pydicom import DataElement, Dataset, Sequence
from pydicom.datadict import dictionary_VR
from pydicom.uid import EncapsulatedPDFStorage

from presight.config import load_config
from presight.dicom.deidentify import deidentify
from presight.dicom.deidentify_files import deidentify_files
from presight.dicom.inputs import find_examinations
from presight.dicom.pseudonym import Pseudonyms
from presight.errors import ConfigError, InputError
from presight.study import Contrast

NAMES = Pseudonyms(b"a secret key of the tests")
MARKS = {
    "UI": "1.2.826.0.1.999.4711", "DA": "20240317", "DT": "20240317121314", "TM": "121314",
    "AS": "047Y", "DS": "471147", "IS": "471147", "FD": 471147.0, "FL": 471147.0, "UL": 471147,
    "SL": 471147, "US": 47114, "SS": 4711, "OB": b"IDENTIFYING!", "OW": b"IDENTIFYING!",
    "UN": b"IDENTIFYING!", "OB or OW": b"IDENTIFYING!", "OF": b"IDENTIFYING!",
}  # fmt: skip
FOUND = (b"IDENTIFYING", b"999.4711", b"20240317", b"121314", b"047Y", b"471147")


def tags_of_the_profile():
    table = dicom_anonymization_database_selector(load_config("deidentify.yaml")["edition"])
    tags = {tag[:2] if len(tag) == 2 else (tag[0], tag[1] or 0x0010) for all_ in table.values()
            for tag in all_}  # fmt: skip
    return sorted(tag for tag in tags if tag[0] not in (0, 2))


def marked(tag) -> DataElement | None:
    """An attribute with a value that would be recognised."""
    try:
        vr = dictionary_VR(tag)
    except KeyError:
        vr = "UN"
    if vr == "SQ":
        item = Dataset()
        item.PatientName = item.PatientComments = "IDENTIFYING"
        item.add_new((0x0009, 0x0010), "LO", "IDENTIFYING CREATOR")
        return DataElement(tag, "SQ", Sequence([item]))
    value = MARKS.get(vr, "IDENTIFYING")
    return DataElement(tag, "OB" if isinstance(value, bytes) else vr, value)


@pytest.fixture
def image(written_series, tmp_path) -> Dataset:
    path = write_classic(written_series, tmp_path / "one")[10]
    return pydicom.dcmread(path)


def encoded(dataset: Dataset) -> bytes:
    dataset = Dataset(dataset)
    del dataset.PixelData
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, dataset, implicit_vr=False, little_endian=True)
    return buffer.getvalue()


KEPT = ("PatientID", "PatientName", "SOPClassUID")


@pytest.mark.parametrize("depth", ["top", "nested"])
def test_no_value_of_any_attribute_of_the_profile_survives(image, depth):
    tags = tags_of_the_profile()
    assert len(tags) > 500
    where = image
    if depth == "nested":
        where = Dataset()
        image.ReferencedImageSequence = Sequence([where])
    for tag in tags:
        if pydicom.datadict.keyword_for_tag(tag) != "ReferencedImageSequence":
            where[tag] = marked(tag)
    where.add_new((0x0011, 0x0010), "LO", "IDENTIFYING CREATOR")
    where.add_new((0x0011, 0x1001), "LO", "IDENTIFYING PRIVATE")
    clean = encoded(deidentify(image, NAMES))
    assert {mark for mark in FOUND if mark in clean} == set()


def test_a_name_in_a_text_that_the_profile_lets_pass_goes_too(image):
    image.PatientName = "Mustermann^Erika"
    image.SequenceName = "MUSTERMANN_T2"
    assert b"USTERMANN" not in encoded(deidentify(image, NAMES)).upper()


def test_pseudonyms_uids_and_intervals_are_consistent_and_need_the_key(image):
    first = deidentify(image, NAMES)
    image.StudyDate = "20240312"  # a week later
    second = deidentify(image, NAMES)
    other = deidentify(image, Pseudonyms(b"another key, just as long"))
    assert first.PatientID == second.PatientID != other.PatientID
    assert first.SeriesInstanceUID == second.SeriesInstanceUID != other.SeriesInstanceUID
    days = pydicom.valuerep.DA(second.StudyDate) - pydicom.valuerep.DA(first.StudyDate)
    assert days.days == 7
    assert first.StudyDate != "20240305"


def test_geometry_and_pixels_stay_and_what_was_done_is_recorded(image):
    clean = deidentify(image, NAMES)
    assert clean.ImagePositionPatient == image.ImagePositionPatient
    assert np.array_equal(clean.pixel_array, image.pixel_array)
    assert clean.PatientIdentityRemoved == "YES"
    recorded = {item.CodeValue for item in clean.DeidentificationMethodCodeSequence}
    assert recorded == {"113100", "113107"}
    assert clean.file_meta.MediaStorageSOPInstanceUID == clean.SOPInstanceUID


def test_burned_in_text_and_documents_are_refused(image):
    image.BurnedInAnnotation = "YES"
    with pytest.raises(InputError, match="burned"):
        deidentify(image, NAMES)
    image.BurnedInAnnotation = "NO"
    image.SOPClassUID = EncapsulatedPDFStorage
    with pytest.raises(InputError, match="PDF"):
        deidentify(image, NAMES)


def test_a_short_key_is_refused():
    with pytest.raises(ConfigError, match="secret key"):
        Pseudonyms(b"short")


def test_a_folder_comes_out_as_a_study_that_can_be_read(written_series, tmp_path):
    write_classic(written_series, tmp_path / "in")
    summary = deidentify_files(tmp_path / "in", tmp_path / "out", NAMES)
    assert (summary.written, summary.refused) == (written_series.data.shape[2], {})
    (examination,), _ = find_examinations(tmp_path / "out")
    volume = examination.choice.taken[Contrast.FLAIR].read(Contrast.FLAIR)
    assert np.array_equal(volume.data, written_series.data)
    assert not any(
        "Doe" in str(path) or "MRN" in str(path) for path in (tmp_path / "out").rglob("*")
    )
