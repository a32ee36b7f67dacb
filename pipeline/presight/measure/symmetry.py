"""How alike the lesion is on both sides of the mid-sagittal plane of this head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from presight.config import load_config
from presight.measure.head import Head
from presight.measure.plane import Plane


@dataclass(frozen=True)
class Symmetry:
    """A lesion across a plane.

    Attributes
    ----------
    left_ml, right_ml : float
    side_ratio : float
        Smaller over larger side, 0 to 1.
    overlap : float
        Dice of the lesion and its mirror image, 0 to 1.
    overlap_near : float
        Share of the lesion whose mirror image is lesion or within ``near_mm`` of it.
    """

    left_ml: float
    right_ml: float
    side_ratio: float
    overlap: float
    overlap_near: float


def symmetry(head: Head, plane: Plane) -> Symmetry | None:
    """Compare the two sides; ``None`` without a lesion.

    A lesion and its mirror image have the same volume, so their Dice is the share of the lesion
    whose mirror image is lesion too.
    """
    points = np.argwhere(head.lesion).astype(np.float64)
    if not len(points):
        return None
    near_mm = load_config("measure/settings.yaml")["symmetry"]["near_mm"]
    voxels = np.rint(plane.mirrored(points)).astype(int)
    inside = ((voxels >= 0) & (voxels < head.lesion.shape)).all(axis=1)
    distance = head.lesion_mm[tuple(voxels[inside].T)]
    right = float(np.count_nonzero(plane.distance(points) > 0)) * head.grid.voxel_ml
    left = head.ml(head.lesion) - right
    return Symmetry(
        left_ml=left,
        right_ml=right,
        side_ratio=min(left, right) / max(left, right),
        overlap=float(np.count_nonzero(distance == 0)) / len(points),
        overlap_near=float(np.count_nonzero(distance <= near_mm)) / len(points),
    )
