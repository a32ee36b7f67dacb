"""Reviewed outlines go back to where the images came from: as DICOM, on the right side."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import highdicom as hd
import numpy as np
import pydicom
import pytest

from presight.cli import main
from presight.errors import InputError
from presight.report.result import StudyResult
from presight.review.api import Desk
from presight.review.decisions import Decision, decide
from presight.review.export_dicom import export_dicom
from presight.review.masks import as_bytes
from presight.review.rescore import own_outline
from presight.review.results import StudyFolder

NAME = "sub-desk01"


@pytest.fixture(scope="module")
def images(whole: StudyResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The patient's FLAIR as a scanner would write it, in a folder that names the study."""
    writer, flair = _dicom_writer(), whole.study.flair
    folder = tmp_path_factory.mktemp("dicom") / "desk01"
    folder.mkdir()
    scaled = (flair.data / flair.data.max() * 1000).astype(np.uint16)
    writer.write_classic(writer.SeriesToWrite(scaled, flair.grid.affine, number=3), folder)
    return folder


@pytest.fixture
def study(results: Path) -> StudyFolder:
    return StudyFolder(results, results / NAME / "anat", NAME)


def export(desk: Desk, images: Path, out: Path) -> tuple[hd.seg.Segmentation, pydicom.Dataset]:
    with desk.store.read() as db:
        assert export_dicom(db, desk.results, images, out) == 1
    folder = out / NAME / "dicom"
    report = pydicom.dcmread(folder / f"{NAME}_desc-reviewed_sr.dcm")
    return hd.seg.segread(folder / f"{NAME}_desc-reviewed_seg.dcm"), report


def test_an_edited_outline_lies_where_it_was_drawn(
    desk: Desk, study: StudyFolder, images: Path, tmp_path: Path
) -> None:
    mask, grid = own_outline(study)
    mask = mask.copy()
    mask[: mask.shape[0] // 2] = False  # x runs to the left: what stays is the patient's left
    decision = Decision("edit", 0, study.hashes(), outline=as_bytes(mask, grid), text="a word")
    entry = decide(desk.store, study, "ben", decision)
    outline, report = export(desk, images, tmp_path)
    volume = outline.get_volume(combine_segments=True)
    drawn = np.argwhere(volume.array > 0)
    assert len(drawn) == mask.sum()
    there = volume.affine[:3, :3] @ drawn.mean(axis=0) + volume.affine[:3, 3]
    own = grid.affine[:3, :3] @ np.argwhere(mask).mean(axis=0) + grid.affine[:3, 3]
    np.testing.assert_allclose(there, own * [-1, -1, 1], atol=0.05)  # DICOM's world is LPS
    assert there[0] > 0  # the patient's left
    assert outline.SegmentSequence[0].SegmentAlgorithmType == "SEMIAUTOMATIC"
    elements = list(report.iterall())
    told = [element.value for element in elements if element.keyword == "TextValue"]
    assert f"Reviewed: edited by ben on {entry.at[:10]}, entry {entry.hash[:12]}." in told
    numbers = [float(element.value) for element in elements if element.keyword == "NumericValue"]
    assert round(mask.sum() * grid.voxel_ml, 3) in numbers
    assert report.VerificationFlag == "UNVERIFIED"
    assert outline.PatientID == "MRN-0042"


def test_an_accepted_outline_is_the_runs_own_and_an_object_of_its_own(
    desk: Desk, study: StudyFolder, images: Path, tmp_path: Path
) -> None:
    first = decide(desk.store, study, "ben", Decision("accept", 0, study.hashes()))
    outline, report = export(desk, images, tmp_path / "first")
    assert outline.SegmentSequence[0].SegmentAlgorithmType == "AUTOMATIC"
    assert outline.get_volume(combine_segments=True).array.sum() == own_outline(study)[0].sum()
    assert "accepted by a reader" in report.SeriesDescription
    again, _ = export(desk, images, tmp_path / "again")
    assert again.SOPInstanceUID == outline.SOPInstanceUID  # sent twice, it is one object
    decide(desk.store, study, "anna", Decision("accept", first.seq, study.hashes()))
    later, _ = export(desk, images, tmp_path / "later")
    assert later.SOPInstanceUID != outline.SOPInstanceUID


def test_images_of_somebody_else_are_refused(
    desk: Desk, study: StudyFolder, images: Path, tmp_path: Path, capsys: Any
) -> None:
    decide(desk.store, study, "ben", Decision("accept", 0, study.hashes()))
    other = tmp_path / "other"
    other.symlink_to(images)
    with pytest.raises(InputError, match="no reviewed study"), desk.store.read() as db:
        export_dicom(db, desk.results, other, tmp_path / "out")
    words = ["review", "export", "--results", str(desk.results), "--format", "dicom"]
    assert main([*words, "--out", str(tmp_path / "out")]) == 2
    assert "--images" in capsys.readouterr().err


def _dicom_writer() -> ModuleType:
    """What the DICOM tests write series with."""
    path = Path(__file__).parents[1] / "dicom" / "dicom_writer.py"
    if known := sys.modules.get(path.stem):
        return known
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module
