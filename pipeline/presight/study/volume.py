"""An image with its geometry."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from nibabel.affines import voxel_sizes
from numpy.typing import NDArray

from presight.study.contrast import Contrast


@dataclass(frozen=True)
class Grid:
    """Where voxels are: the shape of an image and its affine to RAS+ world millimetres.

    Attributes
    ----------
    shape : tuple of int, (X, Y, Z)
    affine : (4, 4) ndarray of float64
        Maps voxel indices to RAS+ millimetres: world x grows towards the patient's right, y to the
        front, z to the head.
    """

    shape: tuple[int, int, int]
    affine: NDArray[np.float64]

    @cached_property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance between voxel centres along each axis, in millimetres."""
        x, y, z = (float(size) for size in voxel_sizes(self.affine))
        return x, y, z

    @cached_property
    def voxel_ml(self) -> float:
        """Volume of one voxel in millilitres."""
        return float(abs(np.linalg.det(self.affine[:3, :3]))) / 1000.0

    def matches(self, other: Grid, tolerance_mm: float = 1e-3) -> bool:
        """Whether the two grids are the same to within ``tolerance_mm``."""
        return self.shape == other.shape and bool(
            np.allclose(self.affine, other.affine, atol=tolerance_mm)
        )


@dataclass(frozen=True)
class Volume:
    """One scalar MR image.

    Attributes
    ----------
    data : (X, Y, Z) ndarray of float32
        Intensities; ADC in 1e-6 mm2/s, everything else in arbitrary units.
    grid : Grid
        Geometry of ``data``.
    contrast : Contrast
    source : Path or None
        File it was read from; ``None`` for an image made in memory.
    doubts : tuple of str
        Sentences about what the file leaves open.
    """

    data: NDArray[np.float32]
    grid: Grid
    contrast: Contrast
    source: Path | None = None
    doubts: tuple[str, ...] = ()
