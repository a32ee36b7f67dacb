"""Patches that run together where the tissue is prone to it: oedema, toxic demyelination."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from presight.train.synthesis.extent import Extent, draw_extent
from presight.train.synthesis.fields import fractal_noise
from presight.train.synthesis.margin import CORTEX_MM, Rng, Settings, in_regions, nothing
from presight.train.synthesis.scene import STEP_MM, Scene
from presight.train.synthesis.separable import Image

_BORDER_MM = 3.0  # over which a lesion fades where a site ends
_LEAST_SHARE = 0.03  # of a site that takes part
_SUBCORTEX_MM = 9.0  # depth of the U-fibres; the deeper white matter begins


def draw_confluent(scene: Scene, settings: Settings, rng: Rng) -> Image:
    """Draw the margin of an oedema or of a demyelination."""
    extent = draw_extent(settings, rng)
    even = (np.abs(scene.axes[0]), scene.axes[1], scene.axes[2])
    field = np.sqrt(extent.symmetry) * fractal_noise(even, extent.scale_mm, rng)
    field += np.sqrt(1 - extent.symmetry) * fractal_noise(scene.axes, extent.scale_mm, rng)
    field += np.float32(extent.adherence) * np.log(_proneness(scene, extent) + np.float32(1e-3))
    level = _levels(scene, extent, field)
    if level is None:
        return nothing(scene)
    margin: Image = (field - level) * np.float32(extent.scale_mm / 4)
    return margin


def _levels(scene: Scene, extent: Extent, field: Image) -> Image | None:
    """Level over which the field is lesion: each site that takes part gets its own fraction.

    The level goes over smoothly from site to site and rises with the distance from all of them,
    for no lesion ends at the border of a lobe. ``None`` where the scene shows no such site.
    """
    level = np.full(field.shape, np.nan, dtype=np.float32)
    right = scene.position[0] >= 0
    for side, fraction in ((~right, extent.left), (right, extent.right)):
        for site, weight in extent.weights.items():
            here = scene.within(site) & scene.solid & side
            share = max(fraction * weight, _LEAST_SHARE)
            if fraction > 0 and here.any():
                level[here] = np.quantile(field[here], 1 - share)
    away = np.isnan(level)
    if away.all():
        return None
    distance, nearest = ndimage.distance_transform_edt(away, return_indices=True)
    level = ndimage.gaussian_filter(level[tuple(nearest)], _BORDER_MM / STEP_MM)
    level += distance.astype(np.float32) * np.float32(STEP_MM / _BORDER_MM)
    return level


def _proneness(scene: Scene, extent: Extent) -> Image:
    """Tell how readily each voxel takes part, 0 to 1, whatever site it is in."""
    prone: Image = np.interp(
        scene.depth_mm,
        [CORTEX_MM - 1, CORTEX_MM + 1, _SUBCORTEX_MM, _SUBCORTEX_MM + 6],
        [extent.cortex, extent.subcortex, extent.subcortex, extent.deep],
    ).astype(np.float32)
    prone *= _bump(scene, extent)
    if extent.near_ventricle_mm is not None:
        below = in_regions(scene, ("brainstem", "cerebellum"))
        fading = np.exp(-scene.ventricle_mm / np.float32(extent.near_ventricle_mm))
        prone *= np.where(below, np.float32(0.6), fading)
    return prone


def _bump(scene: Scene, extent: Extent) -> Image:
    """Fall-off with distance from where the pattern is at home, never quite to nothing."""
    distance = np.zeros(1, dtype=np.float32)
    for axis, (centre, width) in extent.bump.items():
        values = scene.position["xyz".index(axis)]
        values = np.abs(values) if axis == "x" else values
        distance = distance + ((values - centre) / width) ** 2
    return np.float32(0.1) + np.float32(0.9) * np.exp(-distance / 2)
