"""Which voxel is which part of the brain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

UNSURE, GREY, WHITE = 1, 2, 3  # values of Anatomy.tissue; 0 is outside the brain


@dataclass(frozen=True)
class Anatomy:
    """Regions of a head on the working grid, and how they were found.

    Attributes
    ----------
    labels : (X, Y, Z) ndarray of uint8
        Ids of ``configs/anatomy.yaml``; 0 outside the brain.
    tissue : (X, Y, Z) ndarray of uint8
        ``GREY`` and ``WHITE`` where that is sure, ``UNSURE`` elsewhere in the brain, 0 outside.
    to_atlas : SimpleITK.AffineTransform
        From points of the head to points of the atlas (LPS millimetres).
    method : str
        What found them, as it is written into the results.
    doubt : str
        A sentence for the reader where another method was not believed; empty where all is well.
    """

    labels: NDArray[np.uint8]
    tissue: NDArray[np.uint8]
    to_atlas: sitk.AffineTransform
    method: str
    doubt: str = ""

    @property
    def brain(self) -> NDArray[np.bool_]:
        """Where the brain is, with the fluid in and between its folds."""
        return self.labels > 0
