"""Patches that run together where the tissue is prone to it: oedema, toxic demyelination."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from presight.train.synthesis.extent import Extent, draw_extent
from presight.train.synthesis.fields import fractal_noise
from presight.train.synthesis.margin import CORTEX_MM, Rng, Settings, in_regions, nothing
from presight.train.synthesis.scene import Scene
from presight.train.synthesis.separable import Image

_SUBCORTEX_MM = 9.0  # depth of the U-fibres; the deeper white matter begins


def draw_confluent(scene: Scene, settings: Settings, rng: Rng) -> Image:
    """Patches that run together where the tissue is prone to it (oedema, demyelination)."""
    extent = draw_extent(settings, rng)
    prone = _proneness(scene, extent)
    even = (np.abs(scene.axes[0]), scene.axes[1], scene.axes[2])
    field = np.sqrt(extent.symmetry) * fractal_noise(even, extent.scale_mm, rng)
    field += np.sqrt(1 - extent.symmetry) * fractal_noise(scene.axes, extent.scale_mm, rng)
    field += extent.adherence * np.log(prone + 1e-3)
    margin = nothing(scene)
    right = np.broadcast_to(scene.position[0] >= 0, prone.shape)
    for here, fraction in ((~right, extent.left), (right, extent.right)):
        eligible = here & (prone > 0.1) & scene.solid
        if fraction > 0 and eligible.any():
            level = np.quantile(field[eligible], 1 - fraction)
            margin[here] = (field[here] - level) * np.float32(extent.scale_mm / 4)
    return margin


def _proneness(scene: Scene, extent: Extent) -> Image:
    """How readily each voxel takes part, 0 to 1."""
    prone: Image = np.zeros(scene.labels.shape, dtype=np.float32)
    for site, weight in extent.weights.items():
        prone = np.maximum(prone, weight * scene.within(site))
    prone = ndimage.gaussian_filter(prone, 1.5)  # no lesion ends at a lobe's border
    prone *= _bump(scene, extent)
    prone *= np.interp(
        scene.depth_mm,
        [CORTEX_MM - 1, CORTEX_MM + 1, _SUBCORTEX_MM, _SUBCORTEX_MM + 6],
        [extent.cortex, extent.subcortex, extent.subcortex, extent.deep],
    ).astype(np.float32)
    if extent.near_ventricle_mm is not None:
        below = in_regions(scene, ("brainstem", "cerebellum"))
        fading = np.exp(-scene.ventricle_mm / np.float32(extent.near_ventricle_mm))
        prone *= np.where(below, np.float32(0.6), fading)
    prone /= max(float(prone.max()), 1e-3)
    return prone


def _bump(scene: Scene, extent: Extent) -> Image:
    """Fall-off with distance from where the pattern is at home, never quite to nothing."""
    distance = np.zeros(1, dtype=np.float32)
    for axis, (centre, width) in extent.bump.items():
        values = scene.position["xyz".index(axis)]
        values = np.abs(values) if axis == "x" else values
        distance = distance + ((values - centre) / width) ** 2
    return np.float32(0.1) + np.float32(0.9) * np.exp(-distance / 2)
