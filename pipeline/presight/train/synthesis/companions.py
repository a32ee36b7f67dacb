"""ADC and SWI that go with a synthetic FLAIR: simple, for the stages that read them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from presight.config import load_config
from presight.study.contrast import Contrast
from presight.study.volume import Volume
from presight.train.synthesis.head import SyntheticHead
from presight.train.synthesis.scanner import Scanner
from presight.train.synthesis.separable import Image, along_axes, gaussian

_SOFT_MM = 1.5


@dataclass(frozen=True)
class Companions:
    """Further contrasts of a head, and what they hold.

    Attributes
    ----------
    volumes : dict of Contrast to Volume
        ADC in 1e-6 mm2/s and SWI in arbitrary units, on the FLAIR's grid.
    adc_ratio : float or None
        Diffusion in the lesion over that in healthy tissue; ``None`` without a lesion.
    haemorrhages : int
        Dark foci in the lesion on SWI.
    """

    volumes: dict[Contrast, Volume]
    adc_ratio: float | None
    haemorrhages: int


def make_companions(
    sharp: SyntheticHead, family: str, scanner: Scanner, rng: np.random.Generator
) -> Companions:
    """Make ADC and SWI of a sharp head as the FLAIR's scanner would show them."""
    settings = load_config("synthesis.yaml")["companions"]
    there = bool(sharp.lesion.any())
    ratio = rng.uniform(*settings["adc_ratio"][family]["value"]) if there else None
    bleeds = _draw_bleeds(sharp.lesion, settings["haemorrhage"].get(family), rng)
    plain = replace(scanner, bias=0.0, ghost=(1, 0, 0.0), seed=int(rng.integers(2**32)))
    images = {
        Contrast.ADC: _adc(sharp, ratio, settings["adc"]),
        Contrast.SWI: _swi(sharp, bleeds, settings),
    }
    grid = scanner.grid(sharp.head.grid)
    return Companions(
        volumes={
            contrast: Volume(np.rint(plain.acquire(image) * scale), grid, contrast)
            for (contrast, image), scale in zip(
                images.items(), (settings["adc"]["tissue"], 300.0), strict=True
            )
        },
        adc_ratio=ratio,
        haemorrhages=len(bleeds),
    )


def _adc(sharp: SyntheticHead, ratio: float | None, settings: dict[str, float]) -> Image:
    """Apparent diffusion coefficient as a multiple of healthy tissue."""
    head = sharp.head
    image = head.grey + head.white + head.fluid * np.float32(settings["fluid"] / settings["tissue"])
    if ratio is None:
        return image
    blur = [gaussian(size, _SOFT_MM) for size in image.shape]
    lesion = along_axes(sharp.lesion.astype(np.float32), blur)
    image += (head.grey + head.white) * lesion * np.float32(ratio - 1)
    return image


def _swi(sharp: SyntheticHead, bleeds: list[NDArray[np.intp]], settings: dict[str, Any]) -> Image:
    head, value = sharp.head, settings["swi"]
    image = head.grey * np.float32(value["grey"]) + head.white * np.float32(value["white"])
    image += head.fluid * np.float32(value["fluid"])
    if bleeds:
        marks = np.ones(image.shape, dtype=bool)
        for centre in bleeds:
            marks[tuple(centre)] = False
        near = ndimage.distance_transform_edt(marks) <= settings["haemorrhage_radius_mm"]
        image[near] *= np.float32(value["haemorrhage"])
    return image


def _draw_bleeds(
    lesion: NDArray[np.bool_], settings: dict[str, Any] | None, rng: np.random.Generator
) -> list[NDArray[np.intp]]:
    if settings is None or not lesion.any() or rng.random() >= settings["value"]:
        return []
    voxels = np.argwhere(lesion)
    low, high = settings["foci"]
    return list(voxels[rng.integers(len(voxels), size=rng.integers(low, high + 1))])
