"""From the header of one file to its slices; the pixels stay where they are."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedIOBase
from typing import Any

import pydicom
from pydicom import Dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    MRImageStorage,
)

from presight.config import load_config
from presight.dicom.files import HEAD, UNREADABLE, FileRef, starts_as_dicom
from presight.dicom.series import MULTI_FRAME, Frame, Numbers, Repeat, SeriesInfo, Traits
from presight.dicom.vendor import b_value, directionality, is_mosaic
from presight.errors import InputError
from presight.study.days import day_of

_OID_OF_ENVELOPE = bytes.fromhex("06092a864886f70d010703")  # CMS enveloped data: PS3.15 annex D


def read_header(file: BufferedIOBase, ref: FileRef) -> tuple[SeriesInfo, list[Frame]]:
    """Slices of one file.

    Parameters
    ----------
    file : binary file
        At its beginning, seekable.
    ref : FileRef
        Where it is; kept in the frames.

    Raises
    ------
    InputError
        It is not DICOM, not an MR image, has no pixels or no place in space, is encrypted or
        damaged, or declares more than any memory holds.
    """
    _check_prefix(file)
    try:
        dataset = pydicom.dcmread(file, stop_before_pixels=True, force=True)
        _check_kind(dataset)
        _check_pixels_follow(file, dataset)
        _check_declared_size(dataset)
        return _series(dataset), list(_frames(dataset, ref))
    except UNREADABLE as error:
        raise InputError(f"the DICOM header is damaged ({_short(error)})") from error


def _short(error: BaseException) -> str:
    return type(error).__name__


def _check_prefix(file: BufferedIOBase) -> None:
    head = file.read(HEAD)
    file.seek(0)
    if starts_as_dicom(head):
        return
    if _OID_OF_ENVELOPE in head:
        raise InputError("the file is encrypted", action="Decrypt it first")
    raise InputError("not DICOM")


def _check_kind(dataset: Dataset) -> None:
    meta = getattr(dataset, "file_meta", Dataset())
    kind = UID(dataset.get("SOPClassUID") or meta.get("MediaStorageSOPClassUID") or "")
    if kind not in (MRImageStorage, *MULTI_FRAME):
        raise InputError(f"not an MR image but {kind.name or 'of no declared kind'}")
    if is_mosaic(dataset):
        raise InputError(
            "a Siemens mosaic (slices as tiles of one image), as functional and diffusion series "
            "are stored; presight does not unpack it"
        )
    if dataset.get("PhotometricInterpretation") != "MONOCHROME2":
        raise InputError("the image is coloured or inverted, not one grey value a voxel")


def _check_pixels_follow(file: BufferedIOBase, dataset: Dataset) -> None:
    syntax = dataset.file_meta.get("TransferSyntaxUID") if hasattr(dataset, "file_meta") else None
    if syntax == DeflatedExplicitVRLittleEndian:
        return  # the position in the file says nothing
    if file.read(4) not in (b"\xe0\x7f\x10\x00", b"\x7f\xe0\x00\x10"):
        raise InputError("the object has no pixel data, or the file ends before it")


def _check_declared_size(dataset: Dataset) -> None:
    limits = load_config("dicom.yaml")["files"]
    frames = int(dataset.get("NumberOfFrames") or 1)
    size = int(dataset.Rows) * int(dataset.Columns) * frames * int(dataset.BitsAllocated) // 8
    if size > limits["bytes_at_most"] or frames > limits["frames_at_most"]:
        raise InputError(
            f"the header declares {frames} frames of {dataset.Rows} x {dataset.Columns}, "
            f"{size / 2**40:.2g} TiB of pixels",
            expected=f"at most {limits['bytes_at_most'] / 2**30:.0f} GiB",
        )


def _series(dataset: Dataset) -> SeriesInfo:
    return SeriesInfo(
        uid=str(dataset.SeriesInstanceUID),
        study_uid=str(dataset.StudyInstanceUID),
        patient=f"{dataset.get('PatientID', '')}\n{dataset.get('IssuerOfPatientID', '')}",
        number=_integer(dataset.get("SeriesNumber")),
        description=str(dataset.get("SeriesDescription", "")),
        protocol=str(dataset.get("ProtocolName", "")),
        sequence_name=str(dataset.get("SequenceName") or dataset.get("PulseSequenceName", "")),
        sequence=_sequence(dataset),
        acquisition_type=str(dataset.get("MRAcquisitionType", "")),
        body_part=str(dataset.get("BodyPartExamined", "")),
        manufacturer=str(dataset.get("Manufacturer", "")),
        day=day_of(str(dataset.get("StudyDate") or dataset.get("AcquisitionDate") or "")),
    )


def _sequence(dataset: Dataset) -> tuple[str, ...]:
    """Name the sequence in the terms of classic objects; enhanced ones spread them out."""
    said = _texts(dataset.get("ScanningSequence"))
    spin = {"SPIN": ("SE",), "GRADIENT": ("GR",), "BOTH": ("SE", "GR")}
    said += spin.get(dataset.get("EchoPulseSequence", ""), ())
    said += ("IR",) if dataset.get("InversionRecovery") == "YES" else ()
    said += ("EP",) if dataset.get("EchoPlanarPulseSequence") == "YES" else ()
    return said


def _frames(dataset: Dataset, ref: FileRef) -> Iterator[Frame]:
    if dataset.SOPClassUID not in MULTI_FRAME:
        yield _frame(dataset, [dataset], ref, 0)
        return
    shared = dataset.get("SharedFunctionalGroupsSequence", [Dataset()])[0]
    own = dataset.PerFrameFunctionalGroupsSequence
    if len(own) != int(dataset.NumberOfFrames):
        raise InputError(
            f"the header declares {dataset.NumberOfFrames} frames and describes {len(own)}"
        )
    common = _flat(shared)
    for index, groups in enumerate(own):
        yield _frame(dataset, [*_flat(groups), *common, dataset], ref, index)


def _flat(groups: Dataset) -> list[Dataset]:
    """Bring the first item of every functional group of a frame, and those within, to one level."""
    items = [element.value[0] for element in groups if element.VR == "SQ" and element.value]
    within = [item for outer in items for item in _flat(outer)]
    return [*items, *within]


def _frame(dataset: Dataset, places: list[Dataset], ref: FileRef, index: int) -> Frame:
    """Make one frame; an attribute is looked for in its own groups, then the shared ones."""

    def find(*names: str) -> Any:
        return next(
            (v for name in names for place in places if (v := place.get(name)) not in (None, "")),
            None,
        )

    position, orientation = find("ImagePositionPatient"), find("ImageOrientationPatient")
    spacing = find("PixelSpacing")
    if position is None or orientation is None or spacing is None:
        raise InputError("the image has no position, orientation or pixel spacing")
    return Frame(
        file=ref,
        index=index,
        sop_uid=str(dataset.SOPInstanceUID),
        position=_numbers(position, 3),
        orientation=_numbers(orientation, 6),
        spacing_mm=_numbers(spacing, 2),
        traits=_traits(dataset, places, find, _numbers(spacing, 2)),
        repeat=_repeat(dataset, find),
        slope=float(find("RescaleSlope") or 1.0),
        intercept=float(find("RescaleIntercept") or 0.0),
        unit=_unit(places),
    )


def _traits(dataset: Dataset, places: list[Dataset], find: Any, spacing: Numbers) -> Traits:
    standard_b = find("DiffusionBValue")
    return Traits(
        rows=int(dataset.Rows),
        columns=int(dataset.Columns),
        spacing_mm=tuple(round(size, 5) for size in spacing),
        image_type=_texts(find("FrameType", "ImageType")),
        echo_time_ms=_milliseconds(find("EffectiveEchoTime", "EchoTime")),
        repetition_time_ms=_milliseconds(find("RepetitionTime")),
        inversion_time_ms=_milliseconds(find("InversionTimes", "InversionTime")),
        b_value=float(standard_b) if standard_b is not None else b_value(dataset),
        directionality=find("DiffusionDirectionality") or directionality(dataset),
        agent=_agent(places, find),
    )


def _agent(places: list[Dataset], find: Any) -> bool | None:
    if find("ContrastBolusAgent") or find("ContrastBolusAgentSequence"):
        return True
    return None if not any("ContrastBolusAgent" in place for place in places) else False


def _repeat(dataset: Dataset, find: Any) -> Repeat:
    gradient = find("DiffusionGradientOrientation")
    multi_frame = dataset.SOPClassUID in MULTI_FRAME
    return Repeat(
        temporal_position=_integer(find("TemporalPositionIndex", "TemporalPositionIdentifier")),
        acquisition=_integer(find("AcquisitionNumber", "FrameAcquisitionNumber")),
        gradient=tuple(round(float(g), 4) for g in gradient) if gradient else None,
        instance=str(dataset.SOPInstanceUID) if multi_frame else "",
    )


def _unit(places: list[Dataset]) -> str:
    """UCUM unit of the real-world values, where the header declares one."""
    for place in places:
        for code in place.get("MeasurementUnitsCodeSequence") or ():
            return str(code.get("CodeValue", ""))
    return ""


def _texts(value: Any) -> tuple[str, ...]:
    if value in (None, ""):
        return ()
    return (value,) if isinstance(value, str) else tuple(str(item) for item in value)


def _numbers(value: Any, count: int) -> Numbers:
    numbers = tuple(float(item) for item in value)
    if len(numbers) != count:
        raise ValueError(f"{len(numbers)} numbers")
    return numbers


def _milliseconds(value: Any) -> float | None:
    first = value if value is None or isinstance(value, int | float | str) else next(iter(value))
    return None if first is None else round(float(first), 2)


def _integer(value: Any) -> int | None:
    return None if value in (None, "") else int(value)
