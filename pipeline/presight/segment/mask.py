"""From probabilities to lesions: the threshold, and what a small lesion has to show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from presight.segment.bundle import Settings
from presight.study.volume import Grid

_TOUCHING = np.ones((3, 3, 3))  # at corners too
_RING_MM = (1.0, 6.0)  # what lies around a lesion, past its own blurred edge
_ENOUGH = 5  # voxels for a median

Mask = NDArray[np.bool_]
Image = NDArray[np.float32]
Labels = NDArray[np.int32]
Box = tuple[slice, ...]


def lesion_mask(
    probability: Image, image: Image, brain: Mask, grid: Grid, settings: Settings
) -> Mask:
    """Voxels at or above the threshold, without specks and what nothing else bears out.

    An outline reaches to where lesion is as likely as not, or less. Whether a small piece is a
    lesion at all is another question: it has to be sure on average, and brighter than the brain
    around it. One threshold for both finds false pieces or draws true ones small.

    Parameters
    ----------
    probability : (X, Y, Z) ndarray
        On ``grid``.
    image : (X, Y, Z) ndarray
        FLAIR, commonest brain intensity 1.
    brain : (X, Y, Z) ndarray of bool
    grid : Grid
    settings : Settings
        Threshold; the smallest volume of a lesion (26-neighbourhood); and what one under
        ``small_lesion_ml`` needs: ``lesion_mean``, the mean probability, and
        ``lesion_contrast``, the mean intensity over the median of the brain 1 to 6 mm around it.

    Returns
    -------
    (X, Y, Z) ndarray of bool
    """
    mask: Mask = probability >= settings.threshold
    for box in ndimage.find_objects(mask.view(np.uint8)):  # one around all of it, or none
        near = _widened(box, grid)
        parts, count = ndimage.label(mask[near], _TOUCHING)
        scan = _Scan(probability[near], image[near], brain[near], grid)
        mask[near] = _borne_out(parts, count, scan, settings)[parts]
    return mask


@dataclass(frozen=True)
class _Scan:
    probability: Image
    image: Image
    brain: Mask
    grid: Grid


def _borne_out(parts: Labels, count: int, scan: _Scan, settings: Settings) -> Mask:
    """Which numbers of the pieces are lesions; 0 is none."""
    volumes_ml = np.bincount(parts.ravel(), minlength=count + 1) * scan.grid.voxel_ml
    keep = volumes_ml >= settings.smallest_lesion_mm3 / 1000
    keep[0] = False
    boxes = ndimage.find_objects(parts)
    for number in np.flatnonzero(keep & (volumes_ml < settings.small_lesion_ml)):
        near = _widened(boxes[number - 1], scan.grid)
        inside, healthy = parts[near] == number, scan.brain[near] & (parts[near] == 0)
        sure = float(scan.probability[near][inside].mean())
        contrast = _contrast(scan.image[near], inside, healthy, scan.grid)
        keep[number] = sure >= settings.lesion_mean and contrast >= settings.lesion_contrast
    return keep


def _widened(box: Box, grid: Grid) -> Box:
    """Return the box with room for the ring, as far as the image reaches."""
    margins = np.ceil(_RING_MM[1] / np.array(grid.spacing_mm)).astype(int)
    return tuple(
        slice(max(0, side.start - margin), side.stop + margin)
        for side, margin in zip(box, margins, strict=True)
    )


def _contrast(image: Image, inside: Mask, healthy: Mask, grid: Grid) -> float:
    """Mean of the lesion over the median of the brain around it; the mean itself where none is."""
    away_mm = ndimage.distance_transform_edt(~inside, sampling=grid.spacing_mm)
    ring = image[healthy & (away_mm > _RING_MM[0]) & (away_mm <= _RING_MM[1])]
    around = float(np.median(ring)) if ring.size >= _ENOUGH else 0.0
    return float(image[inside].mean()) - around
