"""What stage 2 finds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from presight.segment.trust import Trust
from presight.study.volume import Grid


@dataclass(frozen=True)
class Lesions:
    """Hyperintensity on the grid of the FLAIR that came in.

    Attributes
    ----------
    probability : (X, Y, Z) ndarray of float32
        Probability of hyperintensity, 0 to 1.
    mask : (X, Y, Z) ndarray of bool
    uncertainty : (X, Y, Z) ndarray of float32
        Disagreement between the scan and its mirror image and distance from a clear yes or no,
        0 (sure) to 1.
    grid : Grid
        Grid of the three arrays: the native grid of the FLAIR.
    model : str
        Name, version and sha256 of the bundle that made them.
    trust : Trust or None
        How far the result can be trusted; ``None`` where nobody asked.
    """

    probability: NDArray[np.float32]
    mask: NDArray[np.bool_]
    uncertainty: NDArray[np.float32]
    grid: Grid
    model: str
    trust: Trust | None = None
