"""The shapes that lesions come in, by the name that ``configs/synthesis.yaml`` gives them."""

from __future__ import annotations

from collections.abc import Callable

from presight.train.synthesis.confluent import draw_confluent
from presight.train.synthesis.foci import draw_foci
from presight.train.synthesis.margin import Rng, Settings, nothing
from presight.train.synthesis.mass import draw_mass
from presight.train.synthesis.scene import Scene
from presight.train.synthesis.separable import Image
from presight.train.synthesis.wedge import draw_wedge

_SHAPES: dict[str, Callable[[Scene, Settings, Rng], Image]] = {
    "confluent": draw_confluent,
    "foci": draw_foci,
    "wedge": draw_wedge,
    "mass": draw_mass,
}


def draw_shape(scene: Scene, settings: Settings, rng: Rng) -> Image:
    """Draw the margin of a lesion of a family; that of nothing where there is no brain."""
    shape = settings["shape"]
    if shape == "none" or not scene.solid.any():
        return nothing(scene)
    return _SHAPES[shape](scene, settings, rng)
