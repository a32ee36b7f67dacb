"""Lesions that people drew in other patients, laid onto a head: shapes that no rule invents.

The masks are in MNI space, as published (the MS consensus masks of Lesjak 2017,
10.1007/s12021-017-9348-7; stroke masks of Absher 2024, 10.1038/s41597-024-03667-5).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.affines import from_matvec
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

from presight.preprocess.atlas import load_atlas
from presight.train.synthesis.separable import Image

_FEWEST_VOXELS = 500  # of a region whose middle is worth trusting
_FEWEST_REGIONS = 4  # an affine map has three unknowns and an offset along each axis
_ROTATION_DEG, _SCALE, _SHIFT_MM = 5.0, 0.06, 2.0  # how freely a shape is varied
_FARTHEST_MM = 6.0
Affine = NDArray[np.float64]


def lay_onto(shape: Path, labels: NDArray[np.uint8], rng: np.random.Generator) -> Image | None:
    """Lay a published lesion onto a head, turned, scaled and shifted a little, or mirrored.

    Parameters
    ----------
    shape : Path
        NIfTI mask in MNI space.
    labels : (X, Y, Z) ndarray of uint8
        Ids of ``configs/anatomy.yaml`` in the head, on a 1 mm RAS+ grid.
    rng : numpy.random.Generator

    Returns
    -------
    (X, Y, Z) ndarray of float32, or None
        Margin in millimetres, positive inside the lesion, as
        :func:`presight.train.synthesis.paint.paint` takes it; None where too little of the brain
        is seen to know where the lesion belongs.
    """
    to_mni = affine_to_atlas(labels)
    if to_mni is None:
        return None
    margin, affine = _margin(shape)
    to_shape = np.linalg.inv(affine) @ _variation(rng) @ to_mni
    return ndimage.affine_transform(
        margin, to_shape, output_shape=labels.shape, order=1, cval=-_FARTHEST_MM
    )


def affine_to_atlas(labels: NDArray[np.uint8]) -> Affine | None:
    """Map voxels of a labelled head to MNI millimetres: the affine that joins region middles."""
    atlas = load_atlas()
    here, there = _middles(labels), _middles(atlas.labels)
    both = sorted(here.keys() & there.keys())
    if len(both) < _FEWEST_REGIONS:
        return None
    weights = np.sqrt([here[number][1] for number in both])[:, None]
    voxels = np.array([[*here[number][0], 1.0] for number in both])
    mni = np.array([atlas.grid.affine[:3] @ [*there[number][0], 1.0] for number in both])
    solution, *_ = np.linalg.lstsq(voxels * weights, mni * weights, rcond=None)
    return from_matvec(solution[:3].T, solution[3])


def _middles(labels: NDArray[np.uint8]) -> dict[int, tuple[NDArray[np.float64], int]]:
    """Middle, in voxels, and size of every region that is large enough."""
    counts = np.bincount(labels.ravel())
    numbers = [i for i in np.flatnonzero(counts >= _FEWEST_VOXELS) if i]
    found = ndimage.center_of_mass(np.ones_like(labels), labels, numbers)
    return {int(i): (np.array(f), int(counts[i])) for i, f in zip(numbers, found, strict=True)}


def _variation(rng: np.random.Generator) -> Affine:
    angles = rng.uniform(-_ROTATION_DEG, _ROTATION_DEG, 3)
    scale = rng.uniform(1 - _SCALE, 1 + _SCALE, 3)
    mirror = np.diag([rng.choice([-1.0, 1.0]), 1.0, 1.0])
    turn = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    return from_matvec(mirror @ turn @ np.diag(scale), rng.uniform(-_SHIFT_MM, _SHIFT_MM, 3))


@lru_cache(maxsize=32)
def _margin(shape: Path) -> tuple[Image, Affine]:
    image = nib.load(shape)
    inside = np.asarray(image.dataobj) > 0
    signed = ndimage.distance_transform_edt(inside) - ndimage.distance_transform_edt(~inside)
    signed -= np.where(inside, 0.5, -0.5)  # the edge runs between voxels, not through them
    return np.maximum(signed, -_FARTHEST_MM).astype(np.float32), np.asarray(image.affine)
