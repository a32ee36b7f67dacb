"""The DICOM objects of one study, as files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from pydicom import Dataset, dcmwrite

from presight.dicom.capture import summary_picture
from presight.dicom.folder import dicom_folder
from presight.dicom.seg import anatomy, lesion_mask, lesion_probability
from presight.dicom.source import read_source
from presight.dicom.sr import measurement_report
from presight.dicom.stack import Stack
from presight.errors import OutputError
from presight.report.atomic import write_atomically
from presight.report.result import StudyResult


@dataclass(frozen=True)
class DicomFiles:
    """Paths of the objects of one study."""

    mask: Path
    probability: Path
    report: Path
    picture: Path
    anatomy: Path | None = None


def write_dicom(
    result: StudyResult, stack: Stack, out: Path, *, with_anatomy: bool = False
) -> DicomFiles:
    """Write segmentations, report and picture of one study.

    Parameters
    ----------
    result : StudyResult
        Made from ``stack``.
    stack : Stack
        The FLAIR that came in.
    out : Path
        The output folder of the run.
    with_anatomy : bool
        Write the regions too, as a segmentation of their own.

    Raises
    ------
    InputError
        The source images are gone.
    OutputError
        An object cannot be made of this source, or a file cannot be written.
    """
    source = read_source(stack, result)
    folder = dicom_folder(result.study, out)

    def path(what: str) -> Path:
        return folder / f"{result.study.stem}_desc-{what}.dcm"

    try:
        mask = lesion_mask(source)
        objects: dict[Path, Dataset] = {
            path("hyperintensity_seg"): mask,
            path("probability_seg"): lesion_probability(source),
            path("presight_sr"): measurement_report(source, mask),
            path("presight_sc"): summary_picture(source),
        }
        if with_anatomy:
            objects[path("anatomy_seg")] = anatomy(source)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise OutputError(
            f"the series lacks what a DICOM result needs ({error})", where=stack.name
        ) from error
    for file, dataset in objects.items():
        write_atomically(file, partial(_write, _encoded(dataset)))
    return DicomFiles(*objects)  # in the order of the fields


def _write(content: bytes, stream: BinaryIO) -> object:
    return stream.write(content)


def _encoded(dataset: Dataset) -> bytes:
    buffer = BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()
