"""What was drawn and what was found in one scan, on one grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from presight.study.volume import Grid


@dataclass(frozen=True)
class Comparison:
    """One scan, ready to be compared.

    Attributes
    ----------
    id, dataset, patient_id, site : str
        As in :class:`~presight.train.datasets.case.Case`.
    slice_mm : float
        Largest voxel edge of the scan as it came in.
    grid : Grid
        Grid of the arrays.
    drawn : (X, Y, Z) ndarray of bool
        Hyperintensity drawn by people.
    found : (X, Y, Z) ndarray of bool
        Without the voxels that the dataset says nothing about: they count for nothing.
    probability : (X, Y, Z) ndarray of float32
    brain : (X, Y, Z) ndarray of bool
        Without these voxels as well.
    """

    id: str
    dataset: str
    patient_id: str
    site: str
    slice_mm: float
    grid: Grid
    drawn: NDArray[np.bool_]
    found: NDArray[np.bool_]
    probability: NDArray[np.float32]
    brain: NDArray[np.bool_]
