"""Many small foci, most beside the ventricles: small-vessel disease, multiple sclerosis."""

from __future__ import annotations

import numpy as np

from presight.train.synthesis.fields import fractal_noise
from presight.train.synthesis.margin import (
    CORTEX_MM,
    Rng,
    Settings,
    confined,
    in_regions,
    nothing,
    weigh_regions,
)
from presight.train.synthesis.scene import STEP_MM, Scene
from presight.train.synthesis.separable import Image

_VOXEL_ML = STEP_MM**3 / 1000
_WHITE_MATTER_ML = 450.0  # of an adult head; scales the burden of a head down to a piece of one
_MOST_FOCI = 300
_THINNEST_MM = 1.0


def draw_foci(scene: Scene, settings: Settings, rng: Rng) -> Image:
    """Many small foci, most beside the ventricles, until the burden is reached."""
    chance = _focus_chance(scene, settings, rng)
    margin = _periventricular(scene, settings, rng)
    goal = _burden_ml(settings, rng) * _share_of_white_matter(scene)
    candidates = np.flatnonzero(chance)
    if not candidates.size:
        return margin
    weights = np.cumsum(chance.ravel()[candidates], dtype=np.float64)
    low, high = settings["radius_mm"]
    reached = float(((margin > 0) & scene.solid).sum()) * _VOXEL_ML
    for _ in range(_MOST_FOCI):
        if reached >= goal:
            break
        pick = candidates[np.searchsorted(weights, rng.uniform(0, float(weights[-1])))]
        centre = np.unravel_index(pick, chance.shape)
        radius_mm = low * (high / low) ** rng.beta(1, 2)
        reached += _stamp(margin, centre, radius_mm, settings["elongation"], rng) * _VOXEL_ML
    return margin


def _focus_chance(scene: Scene, settings: Settings, rng: Rng) -> Image:
    chance = weigh_regions(scene, settings["where"])
    chance *= np.where(scene.depth_mm > CORTEX_MM, 1, settings["beside_cortex"])
    chance *= 1 + 10 * settings["beside_ventricle"] * np.exp(-scene.ventricle_mm / 8)
    chance *= np.exp(fractal_noise(scene.axes, 25, rng))  # foci come in company
    return chance * scene.solid


def _periventricular(scene: Scene, settings: Settings, rng: Rng) -> Image:
    """Caps and bands: a rim of uneven width around the ventricles, thickest at the horns."""
    width = rng.uniform(*settings["periventricular_mm"])
    if width < _THINNEST_MM:
        return nothing(scene)
    even = (np.abs(scene.axes[0]), scene.axes[1], scene.axes[2])
    uneven = width * (0.6 + 0.8 * fractal_noise(even, 20, rng))
    near = in_regions(scene, ("deep_wm", "corpus_callosum"))
    return confined(uneven - scene.ventricle_mm, near & (uneven > _THINNEST_MM))


def _burden_ml(settings: Settings, rng: Rng) -> float:
    rows = settings["burden_ml"]
    row = rows[rng.choice(len(rows), p=[row["frequency"] for row in rows])]
    return float(np.exp(rng.uniform(np.log(row["low"]), np.log(row["high"]))))


def _share_of_white_matter(scene: Scene) -> float:
    inner = scene.solid & (scene.depth_mm > CORTEX_MM)
    return min(1.0, float(inner.sum()) * _VOXEL_ML / _WHITE_MATTER_ML)


def _stamp(
    margin: Image,
    centre: tuple[np.intp, ...],
    radius_mm: float,
    elongation: tuple[float, float],
    rng: Rng,
) -> int:
    """Add an ellipsoid and count the voxels gained; its centre is one, so none is lost."""
    reach = int(np.ceil(radius_mm * max(elongation) / STEP_MM)) + 2
    low = [max(0, int(c) - reach) for c in centre]
    box = tuple(slice(a, int(c) + reach + 1) for a, c in zip(low, centre, strict=True))
    offsets = np.stack(
        np.meshgrid(
            *(
                np.arange(a, a + size) - int(c)
                for a, c, size in zip(low, centre, margin[box].shape, strict=True)
            ),
            indexing="ij",
        ),
        axis=-1,
    )
    turn, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    axes_mm = radius_mm * np.array([rng.uniform(*elongation) for _ in range(3)])
    scaled = (offsets * STEP_MM) @ turn / axes_mm
    inside = (1 - np.linalg.norm(scaled, axis=-1)) * radius_mm
    gained = int(((inside > 0) & (margin[box] <= 0)).sum())
    margin[box] = np.maximum(margin[box], inside)
    return gained
