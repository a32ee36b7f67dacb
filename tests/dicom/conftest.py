"""A result with its DICOM source, without running the pipeline."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from dicom_writer import SeriesToWrite, write_classic, write_enhanced

from presight.dicom.inputs import find_examinations
from presight.dicom.stack import Stack
from presight.report.result import StudyResult
from presight.study import Contrast


def _invented_patient() -> ModuleType:
    """The module that invents the patient of the report tests."""
    if known := sys.modules.get("invented_patient"):
        return known
    path = Path(__file__).parents[1] / "report" / "conftest.py"
    spec = spec_from_file_location("invented_patient", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules[spec.name] = module
    return module


@pytest.fixture(scope="session")
def result() -> StudyResult:
    """A PRES-like patient on thick oblique slices, one side more than the other."""
    module = _invented_patient()
    made = module._make_result(centres=(module.LEFT_OCCIPITAL, module.LEFT_FRONTAL))
    return replace(made, provenance=replace(made.provenance, fingerprint="f1" * 32))


@pytest.fixture(scope="session")
def written_series(result: StudyResult) -> SeriesToWrite:
    """The FLAIR of the result, to be written as DICOM."""
    flair = result.study.flair
    scaled = flair.data / flair.data.max() * 1000
    return SeriesToWrite(scaled.astype(np.uint16), flair.grid.affine, number=3)


@pytest.fixture(scope="session", params=["classic", "enhanced", "several"])
def stack(request, written_series, tmp_path_factory) -> Stack:
    """The series as scanners write it, single images or one or two multi-frame objects."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "classic":
        write_classic(written_series, folder)
    else:
        slices = list(range(written_series.data.shape[2]))[::-1]
        parts = [slices] if request.param == "enhanced" else [slices[:9], slices[9:]]
        for number, part in enumerate(parts):
            write_enhanced(written_series, folder / f"IM{number}", part)
    (examination,), _ = find_examinations(folder)
    return examination.choice.taken[Contrast.FLAIR]
