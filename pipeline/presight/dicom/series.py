"""What a series is made of: frames, and the stacks of frames that make one volume each."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydicom.uid import EnhancedMRImageStorage, LegacyConvertedEnhancedMRImageStorage

from presight.dicom.files import FileRef

MULTI_FRAME = (EnhancedMRImageStorage, LegacyConvertedEnhancedMRImageStorage)
Numbers = tuple[float, ...]


@dataclass(frozen=True)
class SeriesInfo:
    """What a header says of the whole series.

    ``patient`` and ``study_uid`` tell patients and studies apart; neither is ever printed.
    """

    uid: str
    study_uid: str
    patient: str
    number: int | None = None
    description: str = ""
    protocol: str = ""
    sequence_name: str = ""
    sequence: tuple[str, ...] = ()  # SE, GR, IR, EP, RM
    acquisition_type: str = ""  # 2D or 3D
    body_part: str = ""
    manufacturer: str = ""
    day: float | None = None  # of the examination, as a running number; never written out

    @property
    def name(self) -> str:
        """How the series is called in a sentence; a description may hold a name, a number not."""
        return f"series {self.number}" if self.number is not None else f"series ...{self.uid[-8:]}"


@dataclass(frozen=True)
class Traits:
    """What all slices of one volume share, and what tells the volumes of one series apart.

    Times in milliseconds, ``b_value`` in s/mm2.
    """

    rows: int
    columns: int
    spacing_mm: Numbers  # between rows, between columns; rounded, so that alike is equal
    image_type: tuple[str, ...] = ()
    echo_time_ms: float | None = None
    repetition_time_ms: float | None = None
    inversion_time_ms: float | None = None
    b_value: float | None = None
    directionality: str | None = None  # NONE, DIRECTIONAL, ISOTROPIC
    agent: bool | None = None  # contrast agent


@dataclass(frozen=True)
class Repeat:
    """What may tell two images apart that lie in one place: when, or in which direction."""

    temporal_position: int | None = None
    acquisition: int | None = None
    gradient: Numbers | None = None
    instance: str = ""  # of a multi-frame object


@dataclass(frozen=True)
class Frame:
    """One slice: where its pixels are, and where it lies in the patient (LPS millimetres)."""

    file: FileRef = field(compare=False)
    index: int  # within its file
    sop_uid: str
    position: Numbers
    orientation: Numbers
    spacing_mm: Numbers  # between rows, between columns; as the header has it
    traits: Traits
    repeat: Repeat = Repeat()
    slope: float = 1.0
    intercept: float = 0.0
    unit: str = ""
