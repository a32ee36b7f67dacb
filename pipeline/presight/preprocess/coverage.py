"""How much of the brain the image covers, from where the reference head lies in it."""

from __future__ import annotations

from functools import cache

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from presight.config import load_config
from presight.preprocess.atlas import load_atlas
from presight.study.volume import Grid

_STEP = 4  # every fourth voxel of the atlas
_VERTEX_MM = 20.0  # the uppermost part of the brain
_RAS_TO_LPS = np.array([-1.0, -1.0, 1.0])

Points = NDArray[np.float64]


def coverage(native: Grid, to_atlas: sitk.AffineTransform) -> dict[str, float | None]:
    """Share of the brain, of its vertex and of the hindbrain that lies outside the image.

    Parameters
    ----------
    native : Grid
        Of the image that came in.
    to_atlas : SimpleITK.AffineTransform
        From points of the head to points of the atlas.

    Returns
    -------
    dict of str to float
        ``brain_outside_share``, ``vertex_outside_share`` (the upper 20 mm),
        ``hindbrain_outside_share`` (cerebellum and brainstem); 0 to 1.
    """
    points, vertex, hindbrain = _atlas_points()
    outside = ~_inside(native, _back(to_atlas, points))
    return {
        "brain_outside_share": float(outside.mean()),
        "vertex_outside_share": float(outside[vertex].mean()),
        "hindbrain_outside_share": float(outside[hindbrain].mean()),
    }


@cache
def _atlas_points() -> tuple[Points, NDArray[np.bool_], NDArray[np.bool_]]:
    """Points of the atlas brain (RAS mm), which are of the vertex and which of the hindbrain."""
    atlas = load_atlas()
    labels = atlas.labels[::_STEP, ::_STEP, ::_STEP]
    affine = atlas.grid.affine
    points = np.argwhere(labels) * _STEP @ affine[:3, :3].T + affine[:3, 3]
    names = load_config("anatomy.yaml")["labels"]
    low = [number for number, label in names.items() if label["region"] in _HINDBRAIN]
    height = points[:, 2]
    return points, height > height.max() - _VERTEX_MM, np.isin(labels[labels > 0], low)


_HINDBRAIN = ("cerebellum", "brainstem")


def _back(to_atlas: sitk.AffineTransform, points: Points) -> Points:
    """Points of the atlas in the head, RAS millimetres both."""
    inverse = to_atlas.GetInverse()
    matrix = np.reshape(inverse.GetMatrix(), (3, 3))
    offset = np.asarray(inverse.TransformPoint((0.0, 0.0, 0.0)))
    moved: Points = (points * _RAS_TO_LPS @ matrix.T + offset) * _RAS_TO_LPS
    return moved


def _inside(grid: Grid, points: Points) -> NDArray[np.bool_]:
    index = (points - grid.affine[:3, 3]) @ np.linalg.inv(grid.affine[:3, :3]).T
    upper = np.asarray(grid.shape) - 0.5
    return np.asarray(((index >= -0.5) & (index <= upper)).all(axis=1))
