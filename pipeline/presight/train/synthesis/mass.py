"""One rough ball, with or without oedema that spreads from it through the white matter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from presight.train.synthesis.fields import fractal_noise
from presight.train.synthesis.margin import (
    CORTEX_MM,
    Rng,
    Settings,
    draw_voxel,
    nothing,
    weigh_regions,
)
from presight.train.synthesis.scene import Scene
from presight.train.synthesis.separable import Image

_OBLONG = (0.75, 1.3)
_OEDEMA_ROUGHNESS = np.float32(0.6)


def draw_mass(scene: Scene, settings: Settings, rng: Rng) -> Image:
    """Draw the margin of a tumour with its oedema."""
    inner = scene.solid & (scene.depth_mm > CORTEX_MM)
    centre = draw_voxel(scene, weigh_regions(scene, settings["where"]) * inner, rng)
    if centre is None:
        return nothing(scene)
    distance = _distance(scene, centre, rng.uniform(*_OBLONG, 3))
    radius = np.float32(rng.uniform(*settings["radius_mm"]))
    rough = np.float32(rng.uniform(*settings["roughness"]))
    ball = radius * (1 + rough * fractal_noise(scene.axes, float(radius), rng)) - distance
    reach = radius + np.float32(rng.uniform(*settings["oedema_mm"]))
    fingers = 1 + _OEDEMA_ROUGHNESS * fractal_noise(scene.axes, float(reach), rng)
    oedema = np.minimum(reach * fingers - distance * np.float32(1.2), scene.depth_mm - CORTEX_MM)
    margin: Image = np.maximum(ball, oedema).astype(np.float32)
    return margin


def _distance(scene: Scene, centre: NDArray[np.float64], oblong: NDArray[np.float64]) -> Image:
    x, y, z = (
        (p - np.float32(c)) / np.float32(o)
        for p, c, o in zip(scene.position, centre, oblong, strict=True)
    )
    distance: Image = np.sqrt(x**2 + y**2 + z**2)
    return distance
