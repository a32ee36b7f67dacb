"""Bring a volume to the working grid: isotropic, axes nearest to RAS+."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from presight.study.resample import canonical, resample, to_canonical
from presight.study.volume import Grid, Volume


def conform(volume: Volume, spacing_mm: float) -> Volume:
    """Resample to isotropic voxels along the image's own axes, ordered and signed as RAS+.

    The new grid has the same middle as the old one, so a mirrored image gives the mirrored
    result. Thick slices are interpolated linearly between their centres.

    Returns
    -------
    Volume
        (X, Y, Z) float32 with ``spacing_mm`` along each axis.
    """
    return conform_to(volume, isotropic_grid(canonical(volume.grid), spacing_mm))


def conform_to(volume: Volume, grid: Grid) -> Volume:
    """Resample to a working grid that is known already."""
    upright = reorient(volume)
    data = resample(_extend_ends(upright.data), _extended(upright.grid), grid)
    return Volume(data, grid, volume.contrast, volume.source, volume.doubts)


def reorient(volume: Volume) -> Volume:
    """Flip and swap axes until they are nearest to RAS+. No value changes."""
    data = to_canonical(volume.data, volume.grid)
    return Volume(data, canonical(volume.grid), volume.contrast, volume.source, volume.doubts)


def isotropic_grid(grid: Grid, spacing_mm: float) -> Grid:
    """Grid with the same axes, middle and (rounded up) extent, and cubic voxels."""
    old_spacing = np.asarray(grid.spacing_mm)
    extent = np.asarray(grid.shape) * old_spacing
    shape = np.ceil(extent / spacing_mm - 1e-3).astype(int)
    axes = grid.affine[:3, :3] / old_spacing * spacing_mm
    middle = grid.affine[:3, :3] @ ((np.asarray(grid.shape) - 1) / 2) + grid.affine[:3, 3]
    affine = np.eye(4)
    affine[:3, :3] = axes
    affine[:3, 3] = middle - axes @ ((shape - 1) / 2)
    return Grid((int(shape[0]), int(shape[1]), int(shape[2])), affine)


def _extend_ends(data: NDArray[np.float32]) -> NDArray[np.float32]:
    # The outer half of the first and last voxel lies beyond every voxel centre, where
    # interpolation has nothing: repeat the border so that no slice fades to black.
    return np.pad(data, 1, mode="edge")


def _extended(grid: Grid) -> Grid:
    affine = grid.affine.copy()
    affine[:3, 3] -= affine[:3, :3].sum(axis=1)
    x, y, z = grid.shape
    return Grid((x + 2, y + 2, z + 2), affine)
