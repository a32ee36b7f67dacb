"""A lesion outlined on one grid, on another: finer than its slices, and without losing a piece."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from presight.study.resample import resample
from presight.study.volume import Grid

Mask = NDArray[np.bool_]

_HALF = 0.499  # what lies just between two voxels belongs to the outline, however it is rounded


def carry_outline(mask: Mask, source: Grid, target: Grid) -> Mask:
    """Draw an outline again on another grid.

    The border runs where the outline, interpolated linearly between the centres of its voxels,
    passes one half: between two slices it goes over from one to the other. A piece too small to
    reach a half anywhere is kept as the voxels nearest to its own.

    Parameters
    ----------
    mask : (X, Y, Z) ndarray of bool
        On ``source``.
    source, target : Grid

    Returns
    -------
    (X', Y', Z') ndarray of bool
        The same mask where the two grids are one.
    """
    if source.matches(target):
        return mask
    carried: Mask = resample(mask.astype(np.float32), source, target) >= _HALF
    carried[_lost(mask, carried, _nearest_voxels(np.argwhere(mask), source, target))] = True
    return carried


def _nearest_voxels(voxels: NDArray[np.intp], source: Grid, target: Grid) -> NDArray[np.intp]:
    """(N, 3) voxels of ``target`` that lie nearest to voxels of ``source``, or at its edge."""
    matrix = np.linalg.solve(target.affine, source.affine)
    places = np.rint(voxels @ matrix[:3, :3].T + matrix[:3, 3]).astype(np.intp)
    return np.clip(places, 0, np.array(target.shape) - 1)


def _lost(
    mask: Mask, carried: Mask, nearest: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Voxels nearest to the pieces of which nothing was carried over."""
    parts, _ = ndimage.label(mask, structure=np.ones((3, 3, 3)))
    numbers = parts[mask]
    seen = np.bincount(numbers, weights=carried[tuple(nearest.T)], minlength=1)
    x, y, z = nearest[seen[numbers] == 0].T
    return x, y, z
