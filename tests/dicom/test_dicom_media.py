"""A CD or an export with a table of contents is read as its folder is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_writer import SeriesToWrite, write_classic
from pydicom.fileset import FileSet

from presight.commands.list_series import list_series
from presight.dicom.inputs import find_all, find_examinations
from presight.errors import InputError
from presight.study import Contrast


@pytest.fixture
def series() -> SeriesToWrite:
    data = np.random.default_rng(5).integers(0, 1000, (40, 48, 12)).astype(np.uint16)
    affine = np.diag([-5.0, -5.0, 8.0, 1.0])
    affine[:3, 3] = (100, 120, -40)
    return SeriesToWrite(data, affine)


@pytest.fixture
def cd(series, tmp_path) -> Path:
    """Folder of a CD: a DICOMDIR, and the images under the names that the standard gives them."""
    contents = FileSet()
    for file in write_classic(series, tmp_path / "scanner"):
        contents.add(file)
    contents.write(tmp_path / "cd7")
    return tmp_path / "cd7"


def flair(path: Path):
    (study,) = find_all([path]).studies
    return study, study.images[Contrast.FLAIR].read(Contrast.FLAIR)


def test_a_dicomdir_stands_for_its_folder(cd, series, monkeypatch):
    (cd / "viewer.exe").write_bytes(b"MZ of a viewer")
    study, volume = flair(cd / "DICOMDIR")
    assert study.stem == "sub-cd7"
    assert np.array_equal(volume.data, series.data)
    assert np.array_equal(flair(cd)[1].data, series.data)
    monkeypatch.chdir(cd)
    assert flair(Path("DICOMDIR"))[0].stem == "sub-cd7"


def test_names_in_small_letters_are_found(cd, series):
    """As many systems show the names of a CD."""
    for path in sorted(cd.rglob("*"), reverse=True):
        path.rename(path.with_name(path.name.lower()))
    assert np.array_equal(flair(cd / "dicomdir")[1].data, series.data)


def test_a_file_that_is_named_and_not_there_is_told(cd, capsys):
    next(iter(sorted(cd.rglob("IM*")))).unlink()
    _, index = find_examinations(cd / "DICOMDIR")
    assert [error.found for _, error in index.skipped] == ["there is no such file"]
    list_series([cd / "DICOMDIR"], {}, as_json=False)
    assert "1 file: there is no such file." in capsys.readouterr().out


def test_a_dicomdir_in_a_folder_is_left_aside_by_its_name(cd):
    _, index = find_examinations(cd)
    assert [error.found for _, error in index.skipped] == [
        "not an MR image but Media Storage Directory Storage"
    ]


def test_a_dicomdir_that_points_out_of_its_folder_is_refused(cd):
    contents = pydicom.dcmread(cd / "DICOMDIR")
    contents.DirectoryRecordSequence[-1].ReferencedFileID = ["..", "..", "etc", "passwd"]
    contents.save_as(cd / "DICOMDIR")
    with pytest.raises(InputError, match="outside of its folder"):
        find_all([cd / "DICOMDIR"])


def test_a_damaged_dicomdir_is_refused(cd):
    (cd / "DICOMDIR").write_bytes(bytes(128) + b"DICM" + b"\xff" * 40)
    with pytest.raises(InputError, match=r"DICOMDIR is damaged|no MR image"):
        find_all([cd / "DICOMDIR"])
