"""The files of a study appear together or not at all."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from presight.cohort.staging import staged
from presight.errors import OutputError

NAMES = ("sub-1/anat/sub-1_mask.nii.gz", "sub-1/anat/sub-1_assessment.json", "sub-1/dicom/a.dcm")


def write(folder: Path) -> None:
    for name in NAMES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "dataset_description.json").write_text("{}")


def write_all(out: Path) -> None:
    with staged(out, "sub-1") as folder:
        write(folder)


def write_and_be_killed(out: Path) -> None:
    with staged(out, "sub-1") as folder:
        write(folder)
        os.kill(os.getpid(), signal.SIGKILL)


def write_and_raise(out: Path) -> None:
    with staged(out, "sub-1") as folder:
        write(folder)
        raise ValueError("broken")


def results(out: Path) -> set[str]:
    files = (str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    return {name for name in files if not name.startswith(".presight/")}


def test_every_file_of_the_study_comes_into_place(tmp_path):
    with staged(tmp_path, "sub-1") as folder:
        write(folder)
        assert results(tmp_path) == set()
    assert results(tmp_path) == set(NAMES)
    assert not folder.exists()


def test_an_error_leaves_nothing(tmp_path):
    with pytest.raises(ValueError, match="broken"):
        write_and_raise(tmp_path)
    assert results(tmp_path) == set()
    assert not (tmp_path / ".presight/staging/sub-1").exists()


def test_a_killed_process_leaves_nothing_that_looks_like_a_result(tmp_path):
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=write_and_be_killed, args=(tmp_path,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert results(tmp_path) == set()
    with staged(tmp_path, "sub-1") as folder:
        assert not folder.exists()
        write(folder)
    assert results(tmp_path) == set(NAMES)


def test_the_assessment_comes_last(tmp_path):
    (tmp_path / "sub-1").mkdir()
    (tmp_path / "sub-1" / "dicom").touch()  # in the way of a folder
    with pytest.raises(OutputError):
        write_all(tmp_path)
    assert "sub-1/anat/sub-1_assessment.json" not in results(tmp_path)
