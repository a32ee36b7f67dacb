"""Linear operations on a volume that are one small matrix per axis.

Blur, thick slices, interpolation, ghosts and B-spline fields all factor over the three axes, so
each costs three matrix products: milliseconds where a generic filter takes seconds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
Image = NDArray[np.float32]
Axis = NDArray[np.float64]


def along_axes(image: Image, matrices: Sequence[Matrix | None]) -> Image:
    """Apply one matrix per axis; ``None`` leaves its axis as it is.

    Parameters
    ----------
    image : (X, Y, Z) ndarray of float32
    matrices : three of (N, X), (N, Y), (N, Z) ndarray of float32 or None

    Returns
    -------
    ndarray of float32
        Each axis as long as its matrix has rows.
    """
    along_x, along_y, along_z = matrices
    if along_z is not None:
        image = image @ along_z.T
    if along_y is not None:
        image = np.matmul(along_y, image)
    if along_x is not None:
        image = np.tensordot(along_x, image, axes=(1, 0))
    return image


def gaussian(size: int, sigma: float) -> Matrix | None:
    """Blur with a Gaussian of ``sigma`` voxels; a constant image stays what it is."""
    if sigma < 0.1:
        return None
    offset = np.subtract.outer(np.arange(size), np.arange(size)) / sigma
    return _rows_to_one(np.exp(-0.5 * offset**2))


def box_average(size: int, centres: Axis, width: float) -> Matrix:
    """Mean over ``width`` voxels around each of ``centres``: a slice of that thickness.

    A box that reaches over the edge averages what there is. Boxes that tile the axis keep the
    mean of the image.
    """
    low, high = centres - width / 2, centres + width / 2
    voxel = np.arange(size)
    overlap = np.minimum.outer(high, voxel + 0.5) - np.maximum.outer(low, voxel - 0.5)
    return _rows_to_one(np.clip(overlap, 0, None))


def linear(size: int, positions: Axis) -> Matrix:
    """Linear interpolation at ``positions`` (voxels); positions outside take the edge value."""
    clipped = np.clip(positions, 0, size - 1)
    distance = np.abs(np.subtract.outer(clipped, np.arange(size)))
    weights: Matrix = np.clip(1 - distance, 0, None).astype(np.float32)
    return weights


def upsample(image: Image, step: int, shape: tuple[int, ...]) -> Image:
    """Linear interpolation from every ``step``-th voxel back to all of ``shape``."""
    back = [
        linear(size, np.arange(full) / step) for size, full in zip(image.shape, shape, strict=True)
    ]
    return along_axes(image, back)


def cubic_bspline(positions: Axis, knots: Axis) -> Matrix:
    """Uniform cubic B-splines centred on ``knots`` at ``positions`` (same unit)."""
    distance = np.abs(np.subtract.outer(positions, knots)) / (knots[1] - knots[0])
    near = 2 / 3 - distance**2 + distance**3 / 2
    far = np.clip(2 - distance, 0, None) ** 3 / 6
    basis: Matrix = np.where(distance < 1, near, far).astype(np.float32)
    return basis


def _rows_to_one(weights: NDArray[np.float64]) -> Matrix:
    rows: Matrix = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return rows
