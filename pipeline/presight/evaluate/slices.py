"""What is found on slices that hold nothing drawn: false alarms in a head that has a lesion."""

from __future__ import annotations

import math

import numpy as np
from nibabel.orientations import io_orientation

from presight.evaluate.comparison import Comparison
from presight.study.volume import Grid

_UPRIGHT = 2  # world axis from foot to head
_THICKER = 1.1  # a slice is thicker than it is wide by at least this


def false_on_free_slices(comparison: Comparison) -> float:
    """Volume, in millilitres, found on the slices that hold nothing drawn.

    Slices are those of the scan as it came in. On a finer grid, where what was drawn ends between
    two of them, a slice is free only if it is one slice thickness away from what was drawn.

    Parameters
    ----------
    comparison : Comparison
    """
    axis = slice_axis(comparison.grid)
    others = tuple(other for other in range(3) if other != axis)
    drawn = comparison.drawn.any(axis=others)
    reach = max(math.ceil(comparison.slice_mm / comparison.grid.spacing_mm[axis] - 0.05) - 1, 0)
    near = np.convolve(drawn, np.ones(2 * reach + 1), mode="full")[reach : reach + drawn.size] > 0
    found = comparison.found.sum(axis=others, dtype=np.int64)
    return float(found[~near].sum()) * comparison.grid.voxel_ml


def slice_axis(grid: Grid) -> int:
    """Axis across the slices: the thickest one, else the one from foot to head."""
    spacing = np.asarray(grid.spacing_mm)
    if spacing.max() > _THICKER * np.median(spacing):
        return int(spacing.argmax())
    world = io_orientation(grid.affine)[:, 0].astype(int)
    return int(np.flatnonzero(world == _UPRIGHT)[0])
