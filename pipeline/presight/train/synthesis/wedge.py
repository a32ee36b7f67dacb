"""The territory of an artery: a cone from near the ventricle to the surface of one side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from presight.train.synthesis.fields import fractal_noise
from presight.train.synthesis.margin import (
    CORTEX_MM,
    Rng,
    Settings,
    confined,
    draw_voxel,
    in_regions,
    nothing,
)
from presight.train.synthesis.scene import Scene
from presight.train.synthesis.separable import Image

_TENTORIUM_MM = -15.0
_UNEVEN_MM, _UNEVEN_SCALE_MM = 4.0, 16.0


def draw_wedge(scene: Scene, settings: Settings, rng: Rng) -> Image:
    """Draw the margin of an infarct."""
    surface = draw_voxel(scene, _territory(scene, settings, rng), rng)
    if surface is None:
        return nothing(scene)
    root = _root(surface)
    apex = root + rng.uniform(*settings["reach"]) * (surface - root)
    half_angle = np.deg2rad(rng.uniform(*settings["half_angle_deg"]))
    margin = _cone(scene, apex, surface - apex, half_angle)
    margin += np.float32(_UNEVEN_MM) * fractal_noise(scene.axes, _UNEVEN_SCALE_MM, rng)
    return confined(margin, np.sign(scene.position[0]) == np.sign(surface[0]))


def _territory(scene: Scene, settings: Settings, rng: Rng) -> NDArray[np.bool_]:
    """Surface of a territory that was drawn by frequency."""
    territories = list(settings["territories"].values())
    chances = np.array([territory["frequency"] for territory in territories])
    territory = territories[rng.choice(len(territories), p=chances / chances.sum())]
    low, high = territory["x"]
    across = np.abs(scene.position[0])
    surface: NDArray[np.bool_] = (
        in_regions(scene, territory["regions"]) & (across >= low) & (across < high)
    )
    surface &= scene.solid & (scene.depth_mm <= CORTEX_MM)
    return surface


def _root(surface: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where the perforating arteries of a surface point come from, roughly, in MNI mm."""
    side = np.sign(surface[0])
    if surface[2] < _TENTORIUM_MM:
        return np.array([side * 10, surface[1] * 0.7, surface[2]])
    return np.array([side * 18, np.clip(surface[1] * 0.4, -30, 20), 15.0])


def _cone(
    scene: Scene, apex: NDArray[np.float64], axis: NDArray[np.float64], half_angle: float
) -> Image:
    axis = axis / max(float(np.linalg.norm(axis)), 1e-3)
    x, y, z = (p - np.float32(a) for p, a in zip(scene.position, apex, strict=True))
    length = np.sqrt(x**2 + y**2 + z**2) + np.float32(1e-3)
    along = x * np.float32(axis[0]) + y * np.float32(axis[1]) + z * np.float32(axis[2])
    angle = np.arccos(np.clip(along / length, -1, 1))
    margin: Image = (np.float32(half_angle) - angle) * length
    return margin
