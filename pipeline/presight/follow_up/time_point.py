"""One scan of a head that is followed over time, with what was found on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from presight.measure.findings import Findings
from presight.study.volume import Volume

GIVEN = "given mask"  # outlined by a person


@dataclass(frozen=True)
class TimePoint:
    """A scan, its anatomy and its lesions, all on the grid of the FLAIR that came in.

    Attributes
    ----------
    name : str
        What the table and the page call it: the session, or the name of the file.
    flair : Volume, (X, Y, Z)
        Without bias field, the commonest brain intensity 1.
    brain : (X, Y, Z) ndarray of bool
    anatomy : (X, Y, Z) ndarray of uint8
        Labels of ``configs/anatomy.yaml``.
    lesion : (X, Y, Z) ndarray of bool
        Hyperintensity.
    findings : Findings
        As they were measured on this scan alone.
    adc : (X, Y, Z) ndarray of float32 or None
        In 1e-6 mm2/s, 0 where it was not measured.
    day : float or None
        Days from any one day that all time points of the patient share.
    outlined_by : str
        The model, or the person, that the lesion comes from.
    subject, session : str
        BIDS labels; the session may be empty.
    """

    name: str
    flair: Volume
    brain: NDArray[np.bool_]
    anatomy: NDArray[np.uint8]
    lesion: NDArray[np.bool_]
    findings: Findings
    adc: NDArray[np.float32] | None = None
    day: float | None = None
    outlined_by: str = ""
    subject: str = ""
    session: str = ""

    @property
    def slice_mm(self) -> float:
        """Distance between slices: the largest side of a voxel."""
        return max(self.flair.grid.spacing_mm)


def days_between(before: TimePoint, after: TimePoint) -> float | None:
    """Days from one time point to another, ``None`` where either has no date."""
    if before.day is None or after.day is None:
        return None
    return after.day - before.day
