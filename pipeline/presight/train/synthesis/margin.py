"""How far inside a lesion each voxel lies: the one form that every shape is drawn in.

A margin is a field in millimetres on the scene's 2 mm grid, positive inside the lesion and negative
outside, so that soft edges, swelling and union (the larger of two) are the same for all shapes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from presight.train.synthesis.scene import Scene, region_ids
from presight.train.synthesis.separable import Image

Settings = dict[str, Any]
Rng = np.random.Generator

OUTSIDE_MM = np.float32(-50)
CORTEX_MM = 4.0  # of brain under the surface
_JUST_OUTSIDE_MM = -3


def nothing(scene: Scene) -> Image:
    """Return the margin of no lesion."""
    return np.full(scene.labels.shape, OUTSIDE_MM)


def confined(margin: Image, there: NDArray[np.bool_]) -> Image:
    """Keep a lesion to a part of the scene, without a step that would show as voxel edges."""
    return np.where(there, margin, np.minimum(margin, _JUST_OUTSIDE_MM)).astype(np.float32)


def in_regions(scene: Scene, regions: Iterable[str]) -> NDArray[np.bool_]:
    """Tell where any of the regions is."""
    return np.isin(scene.labels, [number for name in regions for number in region_ids(name)])


def weigh_regions(scene: Scene, where: dict[str, float]) -> Image:
    """Give every voxel the weight of its region, 0 where the region has none."""
    table = np.zeros(256, dtype=np.float32)
    for region, weight in where.items():
        table[list(region_ids(region))] = weight
    return table[scene.labels]


def draw_voxel(scene: Scene, chance: NDArray[Any], rng: Rng) -> NDArray[np.float64] | None:
    """Draw a voxel by its weight and return its coordinates; ``None`` where none can be."""
    weights = np.cumsum(chance.ravel(), dtype=np.float64)
    if not weights[-1] > 0:
        return None
    pick = np.searchsorted(weights, rng.uniform(0, float(weights[-1])), side="right")
    voxel = np.unravel_index(min(int(pick), weights.size - 1), chance.shape)
    return np.array([axis[i] for axis, i in zip(scene.axes, voxel, strict=True)])
