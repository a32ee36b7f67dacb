"""Where a voxel of this head lies in the reference head, from the regions of both alone."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from presight.config import load_config
from presight.errors import InputError
from presight.preprocess.atlas import load_atlas

_ENOUGH_REGIONS = 6  # an affine has four unknowns an axis


def fit_to_atlas(anatomy: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Affine that brings the middles of the regions onto those of the reference head.

    Independent of how the regions were found, so it serves a registered atlas, a parcellation
    and a synthetic head alike.

    Parameters
    ----------
    anatomy : (X, Y, Z) ndarray of uint8
        Ids of ``configs/anatomy.yaml``.

    Returns
    -------
    (3, 4) ndarray
        From voxels of ``anatomy`` to voxels of the reference head.

    Raises
    ------
    InputError
        Too few regions are there.
    """
    reference = _reference_middles()
    here = _middles(anatomy, list(reference))
    if len(here) < _ENOUGH_REGIONS:
        raise InputError(
            f"only {len(here)} regions of the brain were found",
            expected=f"at least {_ENOUGH_REGIONS}",
            action="Look at the anatomy: the registration may have failed",
        )
    points = np.array([[*here[number], 1.0] for number in here])
    targets = np.array([reference[number] for number in here])
    matrix, *_ = np.linalg.lstsq(points, targets, rcond=None)
    return np.asarray(matrix.T, dtype=np.float64)


@cache
def _reference_middles() -> dict[int, NDArray[np.float64]]:
    return _middles(load_atlas().labels, list(load_config("anatomy.yaml")["labels"]))


def _middles(labels: NDArray[np.uint8], numbers: list[int]) -> dict[int, NDArray[np.float64]]:
    voxels = np.nonzero(labels)
    found = labels[voxels]
    sizes = np.bincount(found, minlength=max(numbers) + 1)
    sums = [np.bincount(found, weights=axis, minlength=sizes.size) for axis in voxels]
    there = [number for number in numbers if sizes[number]]
    return {n: np.array([total[n] / sizes[n] for total in sums]) for n in there}
