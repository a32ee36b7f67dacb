"""Write a volume as a DICOM series, as scanners do: the input of the DICOM tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import gdcm
import nibabel as nib
import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    EnhancedMRImageStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
    generate_uid,
)

FLAIR = {
    "SeriesDescription": "AX T2 FLAIR",
    "ProtocolName": "AX FLAIR",
    "ScanningSequence": ["SE", "IR"],
    "SequenceVariant": "SK",
    "ScanOptions": "",
    "MRAcquisitionType": "2D",
    "RepetitionTime": 9000.0,
    "EchoTime": 120.0,
    "InversionTime": 2500.0,
    "EchoTrainLength": 20,
    "ImageType": ["ORIGINAL", "PRIMARY", "M", "ND"],
}
PATIENT = {
    "PatientName": "Doe^Jane",
    "PatientID": "MRN-0042",
    "PatientBirthDate": "19700101",
    "PatientSex": "F",
    "StudyDate": "20240305",
    "StudyTime": "101500",
    "AccessionNumber": "ACC-77",
    "StudyID": "1",
    "ReferringPhysicianName": "Referrer^A",
}


@dataclass
class SeriesToWrite:
    """A volume in RAS+ geometry and what the headers shall say."""

    data: np.ndarray  # (X, Y, Z), integers
    affine: np.ndarray
    number: int = 1
    facts: dict = field(default_factory=lambda: dict(FLAIR))
    patient: dict = field(default_factory=lambda: dict(PATIENT))
    study_uid: str = field(default_factory=generate_uid)
    series_uid: str = field(default_factory=generate_uid)
    frame_of_reference_uid: str = field(default_factory=generate_uid)


def from_nifti(path: Path, **changes) -> SeriesToWrite:
    image = nib.load(path)
    return SeriesToWrite(np.asarray(image.dataobj), np.asarray(image.affine), **changes)


def turned(series: SeriesToWrite, axes: str) -> SeriesToWrite:
    """The same image with other voxel axes: ``"LPS"`` axial, ``"PIR"`` sagittal slices, ..."""
    image = nib.Nifti1Image(series.data, series.affine)
    turn = nib.orientations.ornt_transform(
        nib.io_orientation(series.affine), nib.orientations.axcodes2ornt(axes)
    )
    image = image.as_reoriented(turn)
    return SeriesToWrite(
        np.asarray(image.dataobj), image.affine, facts=series.facts, patient=series.patient
    )


def write_classic(
    series: SeriesToWrite,
    folder: Path,
    name: Callable[[int], str] = lambda z: f"IM{z:04d}.dcm",
    change: Callable[[Dataset, int], object] = lambda _dataset, _z: None,
    syntax: str = ExplicitVRLittleEndian,
) -> list[Path]:
    """One file a slice. ``change`` may alter a slice before it is written."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for z in range(series.data.shape[2]):
        dataset = _slice(series, z)
        change(dataset, z)
        if syntax != ExplicitVRLittleEndian:
            dataset.compress(syntax)
        path = folder / name(z)
        dataset.save_as(path, enforce_file_format=True)
        written.append(path)
    return written


def write_enhanced(series: SeriesToWrite, path: Path, order: list[int] | None = None) -> Path:
    """One multi-frame object; ``order`` says which slice comes as which frame."""
    order = list(range(series.data.shape[2])) if order is None else order
    dataset = _common(series, EnhancedMRImageStorage)
    geometry = _geometry(series)
    dataset.NumberOfFrames = len(order)
    dataset.PixelData = series.data.T[order].astype("<u2").tobytes()
    dataset.AcquisitionContrast = "T2"
    dataset.PulseSequenceName = "tse2d"
    dataset.InversionRecovery = "YES"
    dataset.EchoPulseSequence = "SPIN"
    dataset.SharedFunctionalGroupsSequence = Sequence([_shared(series, geometry)])
    dataset.PerFrameFunctionalGroupsSequence = Sequence(
        [_per_frame(geometry, z, place) for place, z in enumerate(order, 1)]
    )
    for name in ("RepetitionTime", "EchoTime", "InversionTime", "ScanningSequence", "ImageType"):
        if name in dataset:
            del dataset[name]
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "T2", "NONE"]
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


def recompress(path: Path, syntax: str) -> None:
    """Write a file again in a syntax that pydicom decodes only: ``"JPEGLosslessProcess14_1"``."""
    reader, change, writer = (
        gdcm.ImageReader(),
        gdcm.ImageChangeTransferSyntax(),
        gdcm.ImageWriter(),
    )
    reader.SetFileName(str(path))
    change.SetTransferSyntax(gdcm.TransferSyntax(getattr(gdcm.TransferSyntax, syntax)))
    assert reader.Read()
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    writer.SetFileName(str(path))
    assert writer.Write()


@dataclass
class _Geometry:
    orientation: list[float]
    spacing: list[float]  # rows, columns
    step: float
    positions: np.ndarray


def _geometry(series: SeriesToWrite) -> _Geometry:
    lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ series.affine
    sizes = np.linalg.norm(lps[:3, :3], axis=0)
    directions = lps[:3, :3] / sizes
    slices = np.arange(series.data.shape[2])
    return _Geometry(
        [*map(_decimal, directions[:, 0]), *map(_decimal, directions[:, 1])],
        [_decimal(sizes[1]), _decimal(sizes[0])],
        _decimal(sizes[2]),
        lps[:3, 3] + slices[:, None] * lps[:3, 2],
    )


def _decimal(value: float) -> float:
    return float(f"{value:.10g}")  # a decimal string holds 16 characters


def _common(series: SeriesToWrite, kind: str) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = kind, generate_uid()
    for name, value in {**series.patient, **series.facts}.items():
        setattr(dataset, name, value)
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = series.study_uid, series.series_uid
    dataset.FrameOfReferenceUID = series.frame_of_reference_uid
    dataset.PositionReferenceIndicator = ""
    dataset.SeriesNumber, dataset.Modality = series.number, "MR"
    dataset.Manufacturer = "presight tests"
    dataset.InstanceNumber = 1
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Columns, dataset.Rows = series.data.shape[:2]
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    dataset.PixelRepresentation = 0
    return dataset


def _slice(series: SeriesToWrite, z: int) -> Dataset:
    dataset, geometry = _common(series, MRImageStorage), _geometry(series)
    dataset.InstanceNumber = z + 1
    dataset.ImagePositionPatient = [_decimal(x) for x in geometry.positions[z]]
    dataset.ImageOrientationPatient = geometry.orientation
    dataset.PixelSpacing = geometry.spacing
    dataset.SliceThickness = dataset.SpacingBetweenSlices = geometry.step
    dataset.PixelData = series.data[:, :, z].T.astype("<u2").tobytes()
    return dataset


def _shared(series: SeriesToWrite, geometry: _Geometry) -> Dataset:
    facts = series.facts
    return _groups(
        PixelMeasuresSequence={
            "PixelSpacing": geometry.spacing,
            "SliceThickness": geometry.step,
            "SpacingBetweenSlices": geometry.step,
        },
        PlaneOrientationSequence={"ImageOrientationPatient": geometry.orientation},
        MRTimingAndRelatedParametersSequence={"RepetitionTime": facts["RepetitionTime"]},
        MREchoSequence={"EffectiveEchoTime": facts["EchoTime"]},
        MRModifierSequence={"InversionTimes": [facts["InversionTime"]]},
        MRImageFrameTypeSequence={"FrameType": ["ORIGINAL", "PRIMARY", "T2", "NONE"]},
    )


def _per_frame(geometry: _Geometry, z: int, place: int) -> Dataset:
    return _groups(
        PlanePositionSequence={
            "ImagePositionPatient": [_decimal(x) for x in geometry.positions[z]]
        },
        FrameContentSequence={"StackID": "1", "InStackPositionNumber": place},
    )


def _groups(**groups: dict) -> Dataset:
    outer = Dataset()
    for name, content in groups.items():
        item = Dataset()
        for key, value in content.items():
            setattr(item, key, value)
        setattr(outer, name, Sequence([item]))
    return outer
