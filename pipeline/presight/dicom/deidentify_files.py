"""De-identify every MR image of an input into a folder of its own."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import pydicom
from pydicom import Dataset

from presight.dicom.deface import Faceless, find_face
from presight.dicom.deidentify import deidentify
from presight.dicom.files import FileRef, opened
from presight.dicom.inputs import Examination, find_examinations, short_hash
from presight.dicom.pseudonym import Pseudonyms
from presight.dicom.series import Frame
from presight.dicom.stack import Stack
from presight.errors import InputError
from presight.report.atomic import write_atomically
from presight.study import Contrast

_Parts = list[tuple[Stack, list[Frame]]]


@dataclass(frozen=True)
class Summary:
    """How many objects were written, and how often each reason kept one back."""

    written: int
    refused: Mapping[str, int] = field(default_factory=dict)


def deidentify_files(path: Path, out: Path, names: Pseudonyms, *, deface: bool = False) -> Summary:
    """Write ``out/<pseudonym>/<study>/<series>/<object>.dcm`` for every MR image below ``path``.

    What is no MR image is not written: the profile cannot vouch for it.

    Raises
    ------
    InputError
        There is no MR image; or faces are to be blanked and an examination has no FLAIR.
    OutputError
        A file cannot be written.
    """
    if out.resolve().is_relative_to(path.resolve()):
        raise InputError("the output would lie among the input", where=out)
    examinations, index = find_examinations(path)
    refused = Counter(error.found for _, error in index.skipped)
    written = 0
    for examination in examinations:
        face = _face(examination) if deface else None
        for dataset, parts in _objects(v.stack for v in examination.choice.verdicts):
            try:
                clean = deidentify(dataset, names)
                if face:
                    _blank(face, clean, dataset, parts)
            except InputError as error:
                refused[error.found] += 1
                continue
            _write(clean, out)
            written += 1
    return Summary(written, dict(refused))


def _face(examination: Examination) -> Faceless:
    flair = examination.choice.taken.get(Contrast.FLAIR)
    if flair is None:
        raise InputError(
            "faces are blanked by the brain mask of a FLAIR, and an examination has none",
            action="De-identify it without --deface",
        )
    header = next(_objects([flair]))[0]
    return find_face(flair, str(header.get("FrameOfReferenceUID", "")))


def _objects(stacks: Iterable[Stack]) -> Iterator[tuple[Dataset, _Parts]]:
    """Every object once, with the volumes that it holds slices of."""
    by_file: dict[FileRef, _Parts] = defaultdict(list)
    for stack in stacks:
        own: dict[FileRef, list[Frame]] = defaultdict(list)
        for frame in stack.frames:
            own[frame.file].append(frame)
        for ref, frames in own.items():
            by_file[ref].append((stack, frames))
    for ref, file in opened(sorted(by_file)):
        yield pydicom.dcmread(BytesIO(file.read()), force=True), by_file[ref]


def _blank(face: Faceless, clean: Dataset, original: Dataset, parts: _Parts) -> None:
    """Blank a de-identified copy, whose frame of reference has a new UID, by the old one."""
    new = clean.get("FrameOfReferenceUID")
    clean.FrameOfReferenceUID = original.get("FrameOfReferenceUID")
    for stack, frames in parts:
        face.blank(clean, frames, stack)
    clean.FrameOfReferenceUID = new


def _write(dataset: Dataset, out: Path) -> None:
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, dataset, enforce_file_format=True)
    folder = out / str(dataset.PatientID) / short_hash(dataset.StudyInstanceUID)
    file = folder / short_hash(dataset.SeriesInstanceUID) / f"{dataset.SOPInstanceUID}.dcm"
    write_atomically(file, lambda stream: stream.write(buffer.getvalue()))
