"""Move an image from one grid to another: the one place where voxels change their place."""

from __future__ import annotations

from typing import Any

import numpy as np
import SimpleITK as sitk
from nibabel.orientations import apply_orientation, inv_ornt_aff, io_orientation, ornt_transform
from numpy.typing import NDArray

from presight.study.volume import Grid

_RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0])


def resample(
    data: NDArray[Any],
    source: Grid,
    target: Grid,
    *,
    nearest: bool = False,
    transform: sitk.Transform | None = None,
) -> NDArray[Any]:
    """Values of ``data`` at the voxels of another grid, 0 where it has none.

    Parameters
    ----------
    data : (X, Y, Z) ndarray
        On ``source``.
    source, target : Grid
    nearest : bool
        Nearest neighbour, for labels; otherwise linear.
    transform : SimpleITK.Transform, optional
        From points of ``target`` to points of ``source`` (LPS millimetres, the convention of
        ITK). World coordinates are taken as they are if there is none.

    Returns
    -------
    (X', Y', Z') ndarray
        Of the type of ``data``.
    """
    kind = sitk.sitkNearestNeighbor if nearest else sitk.sitkLinear
    upright = canonical(target)
    moved = sitk.Resample(
        to_itk(to_canonical(data, source), canonical(source)),
        empty_itk(upright),
        transform or sitk.Transform(3, sitk.sitkIdentity),
        kind,
        0.0,
    )
    turned = _from_canonical(sitk.GetArrayViewFromImage(moved).T, target)
    return _copied(turned).astype(data.dtype, copy=False)


# A voxel that lies half-way between two others falls to one of them by the last digit of its
# place, which depends on the order in which a file stores its axes. So everything is resampled in
# one order, the one nearest to RAS+, and rounded to a nanometre.


def canonical(grid: Grid) -> Grid:
    """Give the same voxels with axes ordered and signed as near to RAS+ as they can be."""
    turn = io_orientation(grid.affine)
    affine = (grid.affine @ inv_ornt_aff(turn, grid.shape)).round(6)
    order = np.argsort(turn[:, 0])
    x, y, z = (grid.shape[axis] for axis in order)
    return Grid((x, y, z), affine)


def to_canonical(data: NDArray[Any], grid: Grid) -> NDArray[Any]:
    """Values in the voxel order of ``canonical(grid)``; a view."""
    turned: NDArray[Any] = apply_orientation(data, io_orientation(grid.affine))
    return turned


def _from_canonical(data: NDArray[Any], grid: Grid) -> NDArray[Any]:
    """Inverse of :func:`to_canonical`; a view as well."""
    turn = ornt_transform(io_orientation(canonical(grid).affine), io_orientation(grid.affine))
    turned: NDArray[Any] = apply_orientation(data, turn)
    return turned


def to_itk(data: NDArray[Any], grid: Grid) -> sitk.Image:
    """Make a SimpleITK image; its world is LPS, ours is RAS."""
    array = data.astype(np.uint8) if data.dtype == np.bool_ else data
    image = sitk.GetImageFromArray(_copied(array.T))
    return _with_geometry(image, grid)


def from_itk(image: sitk.Image) -> NDArray[Any]:
    """Array in (X, Y, Z) order."""
    return _copied(sitk.GetArrayViewFromImage(image).T)


def _copied(view: NDArray[Any]) -> NDArray[Any]:
    """Copy of axes in any order; a few planes at a time, which is kind to the cache."""
    copy = np.empty(view.shape, view.dtype)
    for j in range(0, view.shape[1], _PLANES):
        copy[:, j : j + _PLANES] = view[:, j : j + _PLANES]
    return copy


_PLANES = 32  # after each copy this thread may have to wait for another


def empty_itk(grid: Grid) -> sitk.Image:
    """Make an image that only tells where its voxels are."""
    return _with_geometry(sitk.Image(list(grid.shape), sitk.sitkUInt8), grid)


def _with_geometry(image: sitk.Image, grid: Grid) -> sitk.Image:
    spacing = np.asarray(grid.spacing_mm)
    image.SetSpacing(spacing.tolist())
    image.SetOrigin((_RAS_TO_LPS @ grid.affine[:3, 3]).tolist())
    image.SetDirection((_RAS_TO_LPS @ (grid.affine[:3, :3] / spacing)).ravel().tolist())
    return image
