"""Where the reference head lies in a head whose regions are known: a fit of their middles."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from presight.preprocess.atlas import load_atlas
from presight.study.volume import Grid

_ROUNDS = 10
_OUTLIER = 3.0  # times the median distance
_NEAR_MM = 2.0  # what is nearer than this is never an outlier
_RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0])

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Fit:
    """An affine from a head to the atlas.

    Attributes
    ----------
    to_atlas : SimpleITK.AffineTransform
        From points of the head to points of the atlas (LPS millimetres).
    distance_mm : float
        Median distance that is left between the middles of a region.
    """

    to_atlas: sitk.AffineTransform
    distance_mm: float


def fit_atlas(labels: NDArray[np.uint8], grid: Grid) -> Fit | None:
    """Fit the middles of the regions to those of the atlas, outliers left aside.

    Parameters
    ----------
    labels : (X, Y, Z) ndarray of uint8
        Ids of ``configs/anatomy.yaml``.
    grid : Grid

    Returns
    -------
    Fit or None
        ``None`` where fewer than five regions are there.
    """
    here, there = _middles(labels, grid.affine), _atlas_middles()
    common = sorted(here.keys() & there.keys())
    if len(common) < 5:
        return None
    source = np.array([[*here[number], 1.0] for number in common])
    target = np.array([there[number] for number in common])
    weight = np.ones(len(common))
    for _ in range(_ROUNDS):
        root = np.sqrt(weight)[:, None]
        matrix = np.linalg.lstsq(source * root, target * root, rcond=None)[0]
        distance = np.linalg.norm(source @ matrix - target, axis=1)
        reach = max(_NEAR_MM, _OUTLIER * float(np.median(distance)))
        weight = np.minimum(1.0, reach / np.maximum(distance, 1e-6))
    return Fit(_affine(matrix), float(np.median(distance)))


def _middles(labels: NDArray[np.uint8], affine: NDArray[np.float64]) -> dict[int, Points]:
    """Centre of mass of each region, RAS millimetres, from every second voxel."""
    coarse = labels[::2, ::2, ::2]
    numbers = [int(number) for number in np.unique(coarse) if number]
    middles = ndimage.center_of_mass(coarse > 0, coarse, numbers)
    return {
        number: affine[:3, :3] @ (2 * np.asarray(middle)) + affine[:3, 3]
        for number, middle in zip(numbers, middles, strict=True)
    }


@cache
def _atlas_middles() -> dict[int, Points]:
    atlas = load_atlas()
    return _middles(atlas.labels, atlas.grid.affine)


def _affine(matrix: NDArray[np.float64]) -> sitk.AffineTransform:
    """SimpleITK transform (LPS) of a (4, 3) matrix that takes RAS rows to RAS rows."""
    transform = sitk.AffineTransform(3)
    transform.SetMatrix((_RAS_TO_LPS @ matrix[:3].T @ _RAS_TO_LPS).ravel().tolist())
    transform.SetTranslation((_RAS_TO_LPS @ matrix[3]).tolist())
    return transform
