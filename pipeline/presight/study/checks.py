"""What every image must be, whatever file it came in: a head, at right angles, with values."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from presight.config import load_config
from presight.errors import InputError
from presight.study.volume import Grid

_SHARE = 10_000  # voxels; an image has its different values in a few of them

CONVERT_AGAIN = "Convert the series again, for example with dcm2niix"


def check_size(shape: tuple[int, ...], where: object) -> None:
    """Refuse what is too small for a head or too large for memory.

    Raises
    ------
    InputError
    """
    limits = load_config("input.yaml")["image"]
    low, high = limits["voxels_per_axis"]
    if min(shape) < low or max(shape) > high or np.prod(shape) > limits["voxels_at_most"]:
        raise InputError(
            f"the image has {times(shape)} voxels",
            where=where,
            expected=f"{low} to {high} along each axis",
            action="Give the whole head as one volume",
        )


def check_geometry(grid: Grid, where: object) -> None:
    """Refuse a singular or sheared grid, and spacing or extent that is no head's.

    Raises
    ------
    InputError
    """
    limits = load_config("input.yaml")["image"]
    if not np.isfinite(grid.affine).all() or abs(np.linalg.det(grid.affine[:3, :3])) < 1e-9:
        raise InputError(
            "the affine is singular: the voxels have no place in space",
            where=where,
            action=CONVERT_AGAIN,
        )
    _check_range("voxel spacing", grid.spacing_mm, limits["spacing_mm"], where)
    extent = [size * step for size, step in zip(grid.shape, grid.spacing_mm, strict=True)]
    _check_range("field of view", extent, limits["extent_mm"], where)
    axes = grid.affine[:3, :3] / np.asarray(grid.spacing_mm)
    if np.abs(axes.T @ axes - np.eye(3)).max() > limits["orthogonality"]:
        raise InputError(
            "the voxel axes are not at right angles (a sheared grid, often an uncorrected "
            "gantry tilt)",
            where=where,
            action="Resample it to a rectangular grid first",
        )


def check_values(data: NDArray[np.float32], where: object) -> None:
    """Refuse values that are not finite, all one, or those of a mask.

    Raises
    ------
    InputError
    """
    missing = data.size - int(np.isfinite(data).sum())
    if missing:
        raise InputError(
            f"{missing} voxels are not a finite number (NaN or infinite)",
            where=where,
            action="Set them to 0 where there is no brain, or convert the series again",
        )
    if data.min() == data.max():
        raise InputError(f"every voxel is {data.flat[0]:g}", where=where, expected="an image")
    enough = load_config("input.yaml")["image"]["distinct_values_at_least"]
    distinct = _distinct(data, enough)
    if distinct < enough:
        raise InputError(
            f"the image has only {distinct} different values, so it is a mask or a label map",
            where=where,
            expected="an MR image",
            action="Give the image that the mask was drawn on",
        )


def _distinct(data: NDArray[Any], enough: int) -> int:
    """Count different values; as that takes sorting, in a share of the voxels if it is enough."""
    some = len(np.unique(data.flat[:: max(1, data.size // _SHARE)]))
    return some if some >= enough else len(np.unique(data))


def times(shape: tuple[int, ...]) -> str:
    """Write a shape as people do: ``320 x 320 x 36``."""
    return " x ".join(str(size) for size in shape)


def _check_range(what: str, values: Any, limits: tuple[float, float], where: object) -> None:
    low, high = limits
    if min(values) < low or max(values) > high:
        raise InputError(
            f"the {what} is {' x '.join(f'{value:.3g}' for value in values)} mm",
            where=where,
            expected=f"{low:g} to {high:g} mm",
            action="Check the units and the voxel size in the header",
        )
