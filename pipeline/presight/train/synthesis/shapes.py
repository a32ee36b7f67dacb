"""Shapes of lesions: how far inside the lesion each voxel lies, in millimetres.

Every shape is a field on the 2 mm grid that is positive inside and negative outside, so that soft
edges, swelling and union (the larger of two) are the same for all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from presight.train.synthesis.extent import Extent, draw_extent
from presight.train.synthesis.fields import fractal_noise
from presight.train.synthesis.scene import STEP_MM, Scene, region_ids
from presight.train.synthesis.separable import Image

Settings = dict[str, Any]
Rng = np.random.Generator

_OUTSIDE_MM = np.float32(-50)
_CORTEX_MM = 4.0  # of brain under the surface: the cortex, then U-fibres, then deeper white matter
_SUBCORTEX_MM = 9.0
_VOXEL_ML = STEP_MM**3 / 1000
_WHITE_MATTER_ML = 450.0  # of an adult head; scales burdens of a head down to a piece of one
_MOST_FOCI = 300


def draw_shape(scene: Scene, settings: Settings, rng: Rng) -> Image:
    """Margin in millimetres of a lesion of this family, on the scene's 2 mm grid."""
    if not scene.solid.any():
        return _nothing(scene)
    return _SHAPES[settings["shape"]](scene, settings, rng)


def _confluent(scene: Scene, settings: Settings, rng: Rng) -> Image:
    """Patches that run together where the tissue is prone to it (oedema, demyelination)."""
    extent = draw_extent(settings, rng)
    prone = _proneness(scene, extent)
    even = (np.abs(scene.axes[0]), scene.axes[1], scene.axes[2])
    field = np.sqrt(extent.symmetry) * fractal_noise(even, extent.scale_mm, rng)
    field += np.sqrt(1 - extent.symmetry) * fractal_noise(scene.axes, extent.scale_mm, rng)
    field += extent.adherence * np.log(prone + 1e-3)
    margin = np.full(prone.shape, _OUTSIDE_MM)
    right = np.broadcast_to(scene.position[0] >= 0, prone.shape)
    for here, fraction in ((~right, extent.left), (right, extent.right)):
        eligible = here & (prone > 0.1) & scene.solid
        if fraction > 0 and eligible.any():
            level = np.quantile(field[eligible], 1 - fraction)
            margin[here] = (field[here] - level) * np.float32(extent.scale_mm / 4)
    return margin


def _proneness(scene: Scene, extent: Extent) -> Image:
    """How readily each voxel takes part, 0 to 1."""
    prone = np.zeros(scene.labels.shape, dtype=np.float32)
    for site, weight in extent.weights.items():
        prone = np.maximum(prone, weight * scene.within(site))
    prone = ndimage.gaussian_filter(prone, 1.5)  # no lesion ends at a lobe's border
    prone *= _bump(scene, extent)
    prone *= np.interp(
        scene.depth_mm,
        [_CORTEX_MM - 1, _CORTEX_MM + 1, _SUBCORTEX_MM, _SUBCORTEX_MM + 6],
        [extent.cortex, extent.subcortex, extent.subcortex, extent.deep],
    ).astype(np.float32)
    if extent.near_ventricle_mm is not None:
        below = np.isin(scene.labels, [*region_ids("brainstem"), *region_ids("cerebellum")])
        fading = np.exp(-scene.ventricle_mm / np.float32(extent.near_ventricle_mm))
        prone *= np.where(below, np.float32(0.6), fading)
    return prone / max(float(prone.max()), 1e-3)


def _bump(scene: Scene, extent: Extent) -> Image:
    """Fall-off with distance from where the pattern is at home, never quite to nothing."""
    distance = np.zeros(1, dtype=np.float32)
    for axis, (centre, width) in extent.bump.items():
        values = scene.position["xyz".index(axis)]
        values = np.abs(values) if axis == "x" else values
        distance = distance + ((values - centre) / width) ** 2
    return np.float32(0.1) + np.float32(0.9) * np.exp(-distance / 2)


def _foci(scene: Scene, settings: Settings, rng: Rng) -> Image:
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
    chance = np.zeros(scene.labels.shape, dtype=np.float32)
    for region, weight in settings["where"].items():
        chance[np.isin(scene.labels, region_ids(region))] = weight
    chance *= np.where(scene.depth_mm > _CORTEX_MM, 1, settings["beside_cortex"])
    chance *= 1 + 10 * settings["beside_ventricle"] * np.exp(-scene.ventricle_mm / 8)
    chance *= np.exp(fractal_noise(scene.axes, 25, rng))  # foci come in company
    return chance * scene.solid


def _periventricular(scene: Scene, settings: Settings, rng: Rng) -> Image:
    """Caps and bands: a rim of uneven width around the ventricles, thickest at the horns."""
    width = rng.uniform(*settings["periventricular_mm"])
    if width < 1:
        return _nothing(scene)
    even = (np.abs(scene.axes[0]), scene.axes[1], scene.axes[2])
    uneven = width * (0.6 + 0.8 * fractal_noise(even, 20, rng))
    near = np.isin(scene.labels, [*region_ids("deep_wm"), *region_ids("corpus_callosum")])
    return np.where(near, uneven - scene.ventricle_mm, _OUTSIDE_MM).astype(np.float32)


def _burden_ml(settings: Settings, rng: Rng) -> float:
    rows = settings["burden_ml"]
    row = rows[rng.choice(len(rows), p=[row["frequency"] for row in rows])]
    return float(np.exp(rng.uniform(np.log(row["low"]), np.log(row["high"]))))


def _share_of_white_matter(scene: Scene) -> float:
    inner = scene.solid & (scene.depth_mm > _CORTEX_MM)
    return min(1.0, float(inner.sum()) * _VOXEL_ML / _WHITE_MATTER_ML)


def _stamp(
    margin: Image,
    centre: tuple[np.intp, ...],
    radius_mm: float,
    elongation: list[float],
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
    axes_mm = radius_mm * rng.uniform(*elongation, 3)
    scaled = (offsets * STEP_MM) @ turn / axes_mm
    inside = (1 - np.linalg.norm(scaled, axis=-1)) * radius_mm
    gained = int(((inside > 0) & (margin[box] <= 0)).sum())
    margin[box] = np.maximum(margin[box], inside)
    return gained


def _wedge(scene: Scene, settings: Settings, rng: Rng) -> Image:
    """Cut a cone from near the ventricle to the surface of one side: an artery's territory."""
    surface = _draw_voxel(scene, _territory(scene, settings, rng), rng)
    if surface is None:
        return _nothing(scene)
    root = np.array([np.sign(surface[0]) * 18, np.clip(surface[1] * 0.4, -30, 20), 15.0])
    if surface[2] < -15:  # below the tentorium, or the temporal pole
        root = np.array([np.sign(surface[0]) * 10, surface[1] * 0.7, surface[2]])
    apex = root + rng.uniform(*settings["reach"]) * (surface - root)
    along = (surface - apex) / max(float(np.linalg.norm(surface - apex)), 1e-3)
    offset = [p - np.float32(a) for p, a in zip(scene.position, apex, strict=True)]
    length = np.sqrt(sum(o**2 for o in offset)) + np.float32(1e-3)
    cosine = sum(o * np.float32(a) for o, a in zip(offset, along, strict=True)) / length
    half = np.deg2rad(rng.uniform(*settings["half_angle_deg"]))
    margin = (half - np.arccos(np.clip(cosine, -1, 1))) * length
    margin += 4 * fractal_noise(scene.axes, 16, rng)
    same_side = np.sign(scene.position[0]) == np.sign(surface[0])
    return np.where(same_side, margin, _OUTSIDE_MM).astype(np.float32)


def _territory(scene: Scene, settings: Settings, rng: Rng) -> NDArray[np.bool_]:
    territories = list(settings["territories"].values())
    chances = np.array([territory["frequency"] for territory in territories])
    territory = territories[rng.choice(len(territories), p=chances / chances.sum())]
    low, high = territory["x"]
    across = np.abs(scene.position[0])
    ids = [number for name in territory["regions"] for number in region_ids(name)]
    return (
        np.isin(scene.labels, ids)
        & (across >= low)
        & (across < high)
        & scene.solid
        & (scene.depth_mm <= _CORTEX_MM)
    )


def _mass(scene: Scene, settings: Settings, rng: Rng) -> Image:
    """One rough ball, with or without oedema spreading from it through the white matter."""
    chance = np.zeros(scene.labels.shape, dtype=np.float32)
    for region, weight in settings["where"].items():
        chance[np.isin(scene.labels, region_ids(region))] = weight
    centre = _draw_voxel(scene, chance * (scene.depth_mm > _CORTEX_MM) * scene.solid, rng)
    if centre is None:
        return _nothing(scene)
    stretch = rng.uniform(0.75, 1.3, 3).astype(np.float32)
    distance = np.sqrt(
        sum(
            ((p - np.float32(c)) / s) ** 2
            for p, c, s in zip(scene.position, centre, stretch, strict=True)
        )
    )
    radius = rng.uniform(*settings["radius_mm"])
    rough = rng.uniform(*settings["roughness"]) * radius
    ball = radius + rough * fractal_noise(scene.axes, radius, rng) - distance
    reach = radius + rng.uniform(*settings["oedema_mm"])
    oedema = reach + 0.6 * reach * fractal_noise(scene.axes, reach, rng) - 1.2 * distance
    oedema = np.minimum(oedema, scene.depth_mm - _CORTEX_MM)
    return np.maximum(ball, oedema).astype(np.float32)


def _draw_voxel(scene: Scene, chance: NDArray[Any], rng: Rng) -> NDArray[np.float64] | None:
    """Coordinates of a voxel drawn by its weight; ``None`` where no voxel can be."""
    weights = np.cumsum(chance.ravel(), dtype=np.float64)
    if not weights[-1] > 0:
        return None
    pick = np.searchsorted(weights, rng.uniform(0, float(weights[-1])))
    voxel = np.unravel_index(pick, chance.shape)
    return np.array([axis[i] for axis, i in zip(scene.axes, voxel, strict=True)])


def _nothing(scene: Scene, *_: object) -> Image:
    return np.full(scene.labels.shape, _OUTSIDE_MM)


_SHAPES: dict[str, Callable[[Scene, Settings, Rng], Image]] = {
    "confluent": _confluent,
    "foci": _foci,
    "wedge": _wedge,
    "mass": _mass,
    "none": _nothing,
}
