"""Reviewed outlines and answers as DICOM objects, where the FLAIR came as DICOM."""

from __future__ import annotations

from dataclasses import fields
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from pydicom import Dataset, dcmwrite
from sqlalchemy.engine import Connection

from presight.config import load_config
from presight.dicom.folder import dicom_folder
from presight.dicom.inputs import find_all
from presight.dicom.seg import lesion_mask
from presight.dicom.source import read_source
from presight.dicom.sr import measurement_report
from presight.dicom.stack import Stack
from presight.errors import InputError
from presight.report.atomic import write_atomically
from presight.report.result import ModelInfo, Provenance, StudyResult
from presight.review.chain import Entry
from presight.review.export import Reviewed, settled
from presight.review.rescore import kept_images, kept_lesions
from presight.review.results import StudyFolder
from presight.study import Contrast, Study, StudyInput


def export_dicom(db: Connection, results: Path, images: Path, out: Path) -> int:
    """Write a segmentation and a report of each accepted or edited study; return of how many.

    Parameters
    ----------
    db : Connection
    results : Path
    images : Path
        The DICOM that the run was made from: a study is found by the name that the run gave it.
    out : Path

    Raises
    ------
    InputError
        No reviewed study has its images there, or they are not those that were outlined.
    """
    there = {files.stem: files for files in find_all([images]).studies}
    written = 0
    for reviewed in settled(db, results):
        files = there.get(reviewed.study.name)
        stack = files.images.get(Contrast.FLAIR) if files else None
        if files is not None and isinstance(stack, Stack):
            _write(_result(reviewed, files, stack), stack, reviewed.entry, out)
            written += 1
    if not written:
        raise InputError(
            "no reviewed study has its DICOM images here",
            where=images,
            expected="the same folder or zip that was given to presight run",
        )
    return written


def _result(reviewed: Reviewed, files: StudyInput, stack: Stack) -> StudyResult:
    """Put what stands for a study together as a run would have left it."""
    flair = stack.read(Contrast.FLAIR)
    mask, grid = reviewed.outline()
    if not flair.grid.matches(grid, tolerance_mm=0.01):
        raise InputError(
            "the images are not those that were outlined",
            where=reviewed.study.name,
            expected="the series that the run was made from",
        )
    study = Study(files.subject, {Contrast.FLAIR: flair}, reviewed.clinical, files.session)
    findings = reviewed.findings
    told = (*findings.quality_doubts, _sentence(reviewed.entry))  # the report tells each of these
    return StudyResult(
        study=study,
        prepared=kept_images(reviewed.study),
        lesions=kept_lesions(reviewed.study, mask),
        findings=findings.model_copy(update={"quality_doubts": told}),
        assessment=reviewed.assessment,
        provenance=_provenance(reviewed.study, reviewed.entry),
    )


def _provenance(study: StudyFolder, entry: Entry) -> Provenance:
    """Tell what made the result; the decision stands for the run, so that objects get own UIDs."""
    told: dict[str, Any] = study.assessment["provenance"]
    known = {each.name: told[each.name] for each in fields(Provenance) if each.name in told}
    known |= {"bundle": ModelInfo(**told["bundle"]), "seconds": {}, "fingerprint": entry.hash}
    return Provenance(**known)


def _sentence(entry: Entry) -> str:
    said = load_config("review.yaml")["states"][_state(entry)].lower()
    return f"Reviewed: {said} by {entry.actor} on {entry.at[:10]}, entry {entry.hash[:12]}."


def _state(entry: Entry) -> str:
    state: str = load_config("review.yaml")["decisions"][entry.kind]["becomes"]
    return state


def _write(result: StudyResult, stack: Stack, entry: Entry, out: Path) -> None:
    source = read_source(stack, result)
    mask = lesion_mask(source)
    report = measurement_report(source, mask)
    state = _state(entry)
    if state == "edited":
        mask.SegmentSequence[0].SegmentAlgorithmType = "SEMIAUTOMATIC"
    for dataset, what in ((mask, "outline"), (report, "report")):
        dataset.SeriesDescription = f"presight {what}, {state} by a reader, research use only"
    folder = dicom_folder(result.study, out)
    for dataset, ending in ((mask, "seg"), (report, "sr")):
        path = folder / f"{result.study.stem}_desc-reviewed_{ending}.dcm"
        write_atomically(path, partial(_put, dataset))


def _put(dataset: Dataset, file: BinaryIO) -> object:
    buffer = BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return file.write(buffer.getvalue())
