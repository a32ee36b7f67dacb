"""Studies that cost nothing, for what is about many of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from presight.cohort.options import RunOptions
from presight.cohort.work import Work
from presight.study import ClinicalRecord, StudyInput


@pytest.fixture
def make_works(tmp_path):
    """Give the work of as many studies as are asked for, whose images are a few bytes of text."""

    def make(count: int) -> list[Work]:
        options = RunOptions(tmp_path / "out", tmp_path / "bundle")
        return [
            Work(
                StudyInput(f"{n:02d}", touch(tmp_path / f"{n}.nii")), ClinicalRecord(), options, ""
            )
            for n in range(count)
        ]

    return make


def touch(path: Path) -> Path:
    path.write_text(path.name)
    return path
