"""How the image was taken: noise, ghosts, wrap-around, slices that jump, are empty or repeated.

Each number is measured on the voxels of the scanner, before anything is interpolated.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from presight.study.volume import Volume

Numbers = dict[str, float | None]
Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

_MAD_OF_NORMAL = 0.6745
_ENOUGH = 200  # voxels or air for a statement
_HEAD_ABOVE = 0.25  # of the brain's brightness: what is darker is air
_LARGE_SLICE = 0.25  # of the largest section of the brain: smaller ones jump by nature


def acquisition(native: Volume, brain: Mask, white: float) -> Numbers:
    """Measure how the image was taken.

    Parameters
    ----------
    native : Volume
        As it came in, reoriented to RAS+.
    brain : (X, Y, Z) ndarray of bool
        On the same grid.
    white : float
        Commonest intensity of the brain: what the numbers are shares of.

    Returns
    -------
    dict of str to float or None
        ``noise``: standard deviation in the brain, from the median absolute diagonal difference
        of neighbours in a slice (Donoho 1994, 10.1093/biomet/81.3.425). ``ghost``: brightness of
        the air in front and behind less that at the sides, either way round (Giannelli 2010,
        10.1120/jacmp.v11i4.3237). ``wrapped``: tissue that is cut off at one edge and goes on at
        the opposite one, as a share of the edge. ``slice_jump``: largest step of a slice's median
        from the mean of its neighbours. ``slice_zigzag``: mean difference of neighbouring slices
        over that of every second one. ``dead_slices``: slices of the brain that are empty or
        repeat the one before. ``None`` where the image does not show it.
    """
    along = int(np.argmax(native.grid.spacing_mm))
    slices = np.moveaxis(native.data, along, 0) / np.float32(white)
    inside = np.moveaxis(brain, along, 0)
    middle = _middle_slices(inside)
    stack, tissue = slices[middle], inside[middle]
    return {
        "noise": _noise(stack, tissue),
        "ghost": _ghost(stack, tissue),
        "wrapped": _wrapped(stack),
        "slice_jump": _slice_jump(stack, tissue),
        "slice_zigzag": _zigzag(stack, tissue),
        "dead_slices": _dead(stack),
    }


def _middle_slices(inside: Mask) -> slice:
    """Slices from the first to the last in which the section of the brain is large."""
    area = inside.sum(axis=(1, 2))
    large = np.flatnonzero(area >= _LARGE_SLICE * area.max())
    return slice(int(large[0]), int(large[-1]) + 1)


def _noise(stack: Image, tissue: Mask) -> float | None:
    here = tissue[:, 1:, 1:] & tissue[:, :-1, :-1]
    diagonal = stack[:, 1:, 1:] + stack[:, :-1, :-1] - stack[:, 1:, :-1] - stack[:, :-1, 1:]
    values = np.abs(diagonal[here]) / 2
    return float(np.median(values) / _MAD_OF_NORMAL) if values.size >= _ENOUGH else None


def _ghost(stack: Image, tissue: Mask) -> float | None:
    """Difference of the mean intensity in the air along the two axes of a slice."""
    air = [_air_beside(stack, tissue, axis) for axis in (1, 2)]
    if any(values.size < _ENOUGH or not values.any() for values in air):
        return None
    first, second = (float(values.mean()) for values in air)
    return abs(first - second) / 2


def _air_beside(stack: Image, tissue: Mask, axis: int) -> Image:
    """Intensities beyond the head along an axis, at the height of the brain on the other."""
    head = ndimage.binary_dilation(stack > _HEAD_ABOVE, iterations=2)
    across = 3 - axis
    beyond = ~head.any(axis=(0, across))
    level = tissue.any(axis=(0, axis))
    rows = np.ix_(range(len(stack)), *((beyond, level) if axis == 1 else (level, beyond)))
    values: Image = stack[rows].ravel()
    return values


def _wrapped(stack: Image) -> float:
    return max(
        float(np.minimum(stack.take(0, axis), stack.take(-1, axis)).clip(0, 1).mean())
        for axis in (1, 2)
    )


def _slice_jump(stack: Image, tissue: Mask) -> float | None:
    if len(stack) < 3:
        return None
    level = np.array([_level(plane[mask]) for plane, mask in zip(stack, tissue, strict=True)])
    return float(np.abs(level[1:-1] - (level[:-2] + level[2:]) / 2).max())


def _level(values: Image) -> float:
    """Median; 0 of a slice without signal, which is not taken for brain."""
    return float(np.median(values)) if values.size else 0.0


def _zigzag(stack: Image, tissue: Mask) -> float | None:
    if len(stack) < 5:
        return None
    near = np.abs(stack[1:-1] - stack[:-2])[tissue[1:-1] & tissue[:-2]].mean()
    far = np.abs(stack[2:] - stack[:-2])[tissue[2:] & tissue[:-2]].mean()
    return float(near / far) if far > 0 else None


def _dead(stack: Image) -> float:
    empty = np.array([float(np.ptp(plane)) == 0 for plane in stack])
    repeated = np.array([False, *(np.array_equal(a, b) for a, b in pairwise(stack))])
    return float((empty | repeated).sum())
