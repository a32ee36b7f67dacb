"""The objects that a volume came from, as the objects made from it refer to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import highdicom as hd
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.uid import generate_uid

from presight import __version__
from presight.dicom.files import opened
from presight.dicom.series import MULTI_FRAME
from presight.dicom.stack import Stack
from presight.errors import InputError
from presight.report.result import StudyResult

MANUFACTURER = "presight"
DISCLAIMER = "Research use only. Not a medical device."
_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True)
class Source:
    """Headers of the source series, and the one result made from it.

    Attributes
    ----------
    datasets : tuple of Dataset
        One a slice in the order of the slices, or the multi-frame objects; no pixels.
    stack : Stack
    result : StudyResult
    """

    datasets: tuple[Dataset, ...]
    stack: Stack
    result: StudyResult

    def uid(self, *what: str) -> str:
        """Make a UID of its own for each thing made of this result, the same whenever made again.

        So a result that was sent twice is one object for a PACS, not two.
        """
        mark = self.result.provenance.fingerprint or self.result.provenance.bundle.sha256
        return str(generate_uid(entropy_srcs=[mark, self.datasets[0].SOPInstanceUID, *what]))

    def equipment(self) -> dict[str, Any]:
        """Equipment module of everything that is written."""
        bundle = self.result.provenance.bundle
        return {
            "manufacturer": MANUFACTURER,
            "manufacturer_model_name": bundle.name[:64],
            "software_versions": [__version__, f"{bundle.name} {bundle.version}"[:64]],
            "device_serial_number": bundle.sha256[:16],
        }

    @property
    def is_multi_frame(self) -> bool:
        """Whether the objects hold many slices each."""
        return self.datasets[0].SOPClassUID in MULTI_FRAME

    def images(self) -> dict[str, Any]:
        """Give the objects as highdicom takes them: one that is multi-frame, and the others."""
        if not self.is_multi_frame:
            return {"source_images": self.datasets}
        first, *others = self.datasets
        return {"source_images": [first], "further_source_images": others or None}

    def pixels(self, array: NDArray[Any]) -> NDArray[Any] | hd.Volume:
        """Bring an (X, Y, Z) array to the frames of the source, or give it a geometry of its own.

        The latter where one multi-frame object holds more than this volume, or less.
        """
        frames = np.ascontiguousarray(array.transpose(2, 1, 0))
        if not self.is_multi_frame:
            return frames
        places = [frame.index for frame in self.stack.frames]
        if sorted(places) == list(range(int(self.datasets[0].NumberOfFrames))):
            return np.ascontiguousarray(frames[np.argsort(places)])
        return hd.Volume(
            frames,
            _index_affine(self.stack),
            coordinate_system="PATIENT",
            frame_of_reference_uid=self.datasets[0].FrameOfReferenceUID,
        )


def read_source(stack: Stack, result: StudyResult) -> Source:
    """Read the headers of the series that a result was made from.

    Raises
    ------
    InputError
        A file is gone.
    """
    by_uid: dict[str, Dataset] = {}
    try:
        for _, file in opened(stack.files):
            dataset = pydicom.dcmread(file, stop_before_pixels=True, force=True)
            by_uid[dataset.SOPInstanceUID] = dataset
    except OSError as error:
        raise InputError("the source images are gone", where=stack.name) from error
    datasets = tuple(by_uid[uid] for uid in dict.fromkeys(frame.sop_uid for frame in stack.frames))
    return Source(tuple(_complete(dataset) for dataset in datasets), stack, result)


_MAY_BE_EMPTY = (
    "PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID",
    "StudyDate", "StudyTime", "ReferringPhysicianName", "PositionReferenceIndicator",
)  # fmt: skip


def _complete(dataset: Dataset) -> Dataset:
    """Give empty values to what the standard demands and a scanner or a filter left out."""
    for name in _MAY_BE_EMPTY:
        if name not in dataset:
            setattr(dataset, name, "")
    if "FrameOfReferenceUID" not in dataset:
        dataset.FrameOfReferenceUID = str(generate_uid(entropy_srcs=[dataset.SeriesInstanceUID]))
    return dataset


def _index_affine(stack: Stack) -> NDArray[np.float64]:
    """Affine from (slice, row, column) to LPS millimetres."""
    if stack.grid is None:
        raise InputError(stack.fault, where=stack.name)
    swap = np.eye(4)[[2, 1, 0, 3]]
    affine: NDArray[np.float64] = _LPS @ stack.grid.affine @ swap
    return affine
