"""A FLAIR of a head that never was, in the manner of SynthSeg.

Anatomy is bent at random, every tissue is given a value drawn around what it has on FLAIR, and the
result goes through a scanner drawn at random: a network that is trained on many such heads cannot
learn one scanner (Billot 2023, 10.1016/j.media.2023.102789).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from presight.config import load_config
from presight.train.synthesis.anatomy import Head, draw_head
from presight.train.synthesis.fields import smooth_noise, voxel_axes
from presight.train.synthesis.normal import brighten_normally
from presight.train.synthesis.paint import paint
from presight.train.synthesis.scanner import degrade
from presight.train.synthesis.scene import region_ids
from presight.train.synthesis.separable import Image

_LAYERS_PER_MM = 4
_FLUID_LAYER_MM, _TABLE_MM, _SKIN_MM = 2.0, 1.5, 1.5
_OWN_VALUE = ("deep_grey", "brainstem", "cerebellum")


@dataclass(frozen=True)
class SyntheticHead:
    """An image with known anatomy and known lesion.

    Attributes
    ----------
    flair : (X, Y, Z) ndarray of float32
        The commonest brain value is about 1.
    lesion : (X, Y, Z) ndarray of bool
    head : Head
        The anatomy it was made from, on the same 1 mm grid.
    """

    flair: Image
    lesion: NDArray[np.bool_]
    head: Head


def synthesise_head(
    rng: np.random.Generator,
    family: str | None = None,
    *,
    crop: tuple[int, int, int] | None = None,
) -> SyntheticHead:
    """Make one head with a lesion of known truth, as a scanner drawn at random shows it.

    Parameters
    ----------
    rng : numpy.random.Generator
    family : str, optional
        Lesion family of ``configs/synthesis.yaml``; drawn from its ``mixture`` where not given.
    crop : tuple of int, optional
        Shape of a random piece, for training on patches; the whole head where not given.

    Returns
    -------
    SyntheticHead
        On the 1 mm grid of the reference head, or on a piece of it.
    """
    sharp = sharp_head(rng, family, crop=crop)
    return replace(sharp, flair=degrade(sharp.flair, rng))


def sharp_head(
    rng: np.random.Generator,
    family: str | None = None,
    *,
    crop: tuple[int, int, int] | None = None,
    stripped: bool | None = None,
) -> SyntheticHead:
    """Make one head as no scanner shows it: sharp, even and free of noise.

    Parameters
    ----------
    stripped : bool, optional
        Whether everything outside the brain is black; drawn at random where not given.
    """
    head = draw_head(rng, crop)
    plain = tissue_contrast(head, rng)
    healthy = brighten_normally(plain, head.labels, head.brain, head.grey, rng.spawn(1)[0])
    image, lesion = paint(healthy, head.labels, head.brain, rng, family)
    if stripped is None:
        stripped = rng.random() < load_config("synthesis.yaml")["contrast"]["stripped_chance"]
    if not stripped:
        image = np.where(head.brain, image, _around_the_brain(head, rng))
    return SyntheticHead(image, lesion, head)


def tissue_contrast(head: Head, rng: np.random.Generator) -> Image:
    """Brain of a FLAIR in which every tissue is even, sharp and free of noise; 0 outside."""
    draw = _drawn(load_config("synthesis.yaml")["contrast"], rng)
    grey = np.full(int(head.labels.max()) + 1, draw["grey"], dtype=np.float32)
    white = np.full(grey.size, draw["white"], dtype=np.float32)
    for region in _OWN_VALUE:
        for number in region_ids(region):
            if number < grey.size:
                grey[number] = draw[region]
    image = head.fluid * draw["fluid"]
    image += head.grey * grey[head.labels]
    image += head.white * white[head.labels]
    texture = smooth_noise(voxel_axes(image.shape), rng.uniform(4, 15), rng)
    return image * (1 + np.float32(draw["texture"]) * texture)


def _around_the_brain(head: Head, rng: np.random.Generator) -> Image:
    """Fluid, bone, marrow, scalp fat and skin in layers; muscle where the face and neck are."""
    draw = _drawn(load_config("synthesis.yaml")["contrast"], rng)
    axes = voxel_axes(head.labels.shape)
    uneven = head.outside_mm + 0.8 * smooth_noise(axes, 25, rng)
    layer = np.clip(uneven * _LAYERS_PER_MM, 0, 255).astype(np.uint8)
    image = _layers(draw)[layer]
    image *= 1 + 0.25 * smooth_noise(axes, 10, rng)
    inside = (head.outside_mm <= 0) & ~head.brain
    muscle = draw["muscle"] * (1 + 0.6 * smooth_noise(axes, 9, rng))
    return np.maximum(np.where(inside, muscle, image), 0).astype(np.float32)


def _layers(draw: dict[str, float]) -> NDArray[np.float32]:
    """Value by distance from the brain: a lookup table in quarter millimetres."""
    inner = _FLUID_LAYER_MM + _TABLE_MM
    outer = _FLUID_LAYER_MM + draw["skull_mm"]
    skin = outer + draw["scalp_mm"]
    knots = [
        (_FLUID_LAYER_MM, draw["fluid"]),
        (inner, draw["bone"]),
        ((inner + outer) / 2, draw["marrow"]),
        (outer - 1, draw["bone"]),
        (outer + 1, draw["fat"]),
        (skin, draw["fat"]),
        (skin + _SKIN_MM, draw["muscle"]),
        (skin + _SKIN_MM + 0.5, 0.0),
    ]
    distance = np.arange(256) / _LAYERS_PER_MM
    where, value = zip(*knots, strict=True)
    layers: NDArray[np.float32] = np.interp(distance, where, value).astype(np.float32)
    return layers


def _drawn(ranges: dict[str, object], rng: np.random.Generator) -> dict[str, float]:
    return {
        name: rng.uniform(*limits) for name, limits in ranges.items() if isinstance(limits, list)
    }
