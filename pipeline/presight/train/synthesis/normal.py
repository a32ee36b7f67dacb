"""What is bright on the FLAIR of a healthy brain and is no lesion.

Caps at the horns of the ventricles, the lining of the third and the fourth, the septum, the
corticospinal tracts, posterior white matter and the limbic cortex. A network that has learnt from
heads without them calls them lesion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from presight.config import load_config
from presight.train.synthesis.fields import fractal_noise
from presight.train.synthesis.margin import Rng, Settings, in_regions
from presight.train.synthesis.scene import STEP_MM, Scene, see
from presight.train.synthesis.separable import Image, along_axes, gaussian

_WHITE_MATTER = ("deep_wm", "corpus_callosum", "frontal", "parietal", "temporal", "occipital")
_AROUND_THIRD_AND_FOURTH = ("ventricles", "deep_grey", "deep_wm", "brainstem", "cerebellum")
_UNEVEN, _UNEVEN_MM = 0.4, 12.0
_POINTS = 6  # between two of a tract: closer to each other than it is thick
_SEPTUM_MM, _SEPTUM_FADES_MM = 1.5, 4.0
_GREY_FROM, _GREY_TO = 0.97, 1.07  # of the commonest brain value, in a scan
_LESION_FROM, _LESION_TO = 1.4, 1.6
_HOSTS_BRIGHTENED, _HOST_WHITE = 0.7, 0.5  # a scan has some of all this already


def brighten_normally(
    flair: Image,
    labels: NDArray[np.uint8],
    brain: NDArray[np.bool_],
    grey: Image,
    rng: Rng,
) -> Image:
    """Brighten what is bright in healthy volunteers, as ``configs/synthesis.yaml`` describes it.

    Parameters
    ----------
    flair, labels, brain
        As :func:`presight.train.synthesis.paint.paint` takes them.
    grey : (X, Y, Z) ndarray of float32
        Share of grey matter.
    rng : numpy.random.Generator

    Returns
    -------
    (X, Y, Z) ndarray of float32
        A new image, nowhere darker and the same outside the brain. What is there and how often was
        seen in healthy volunteers (10.1007/s002340050402; Neema 2009, 10.3174/ajnr.A1514).
    """
    normal = load_config("synthesis.yaml")["normal"]
    scene = see(flair, labels, brain)
    white = _caps(scene, normal["caps"], rng)
    white += _tracts(scene, normal["corticospinal_tract"], rng)
    white += _posterior(scene, normal["posterior_white_matter"], rng)
    lines = _lining(scene, normal["lining"], rng) + _septum(scene, normal["septum"], rng)
    uneven = np.clip(1 + _UNEVEN * fractal_noise(scene.axes, _UNEVEN_MM, rng), 0.2, 2)
    rise = _on_grid(scene, white * uneven * scene.tissue) * (1 - grey)
    rise += _on_grid(scene, lines * uneven * scene.tissue)
    rise += _on_grid(scene, _limbic(scene, normal["limbic_cortex"], rng) * uneven) * grey
    return flair + rise * brain


def brighten_host(
    flair: Image, labels: NDArray[np.uint8], brain: NDArray[np.bool_], rng: Rng
) -> Image:
    """Give a scan, in most draws, more of what is normally bright than it has of its own.

    Parameters as of :func:`brighten_normally`; what is a little brighter than the commonest value
    counts as grey matter.
    """
    if rng.random() >= _HOSTS_BRIGHTENED:
        return flair
    grey = _ramp(flair, _GREY_FROM, _GREY_TO) * _ramp(-flair, -_LESION_TO, -_LESION_FROM)
    rise = brighten_normally(flair, labels, brain, grey, rng) - flair
    return flair + rise * np.where(grey > 0.5, np.float32(1), np.float32(_HOST_WHITE))


def _caps(scene: Scene, caps: Settings, rng: Rng) -> Image:
    """White matter in front of the frontal horns and behind the occipital ones."""
    x, y, _ = scene.position
    rise = np.zeros(scene.labels.shape, dtype=np.float32)
    for horn in caps["horns"].values():
        if rng.random() >= horn["frequency"]["value"]:
            continue
        reach_mm, brightness = rng.uniform(*caps["reach_mm"]), rng.uniform(*caps["brightness"])
        sides = np.ones(2, dtype=np.float32)
        if rng.random() < caps["asymmetric"]["value"]:
            sides[rng.integers(2)] = rng.uniform(*caps["weaker_side"])
        near = np.exp(-((scene.ventricle_mm / np.float32(reach_mm)) ** 2)) * _bump(y, horn["y"])
        rise += np.float32(brightness) * near * np.where(x < 0, *sides)
    return rise * in_regions(scene, _WHITE_MATTER)


def _tracts(scene: Scene, tract: Settings, rng: Rng) -> Image:
    """Both corticospinal tracts, up and down from the internal capsule as far as is drawn."""
    half_mm = rng.uniform(*tract["length_mm"]) / 2
    rise = np.zeros(scene.labels.shape, dtype=np.float32)
    for start, end in pairwise(np.array(tract["path"], dtype=np.float64)):
        for part in np.linspace(0, 1, _POINTS):
            point = start + part * (end - start)
            if abs(point[2] - tract["capsule_z"]) <= half_mm:
                rise = np.maximum(rise, _ball(scene, point, tract["radius_mm"]))
    return rise * np.float32(rng.uniform(*tract["brightness"]))


def _ball(scene: Scene, centre: NDArray[np.float64], radius_mm: float) -> Image:
    """Fall-off around a point of the right side and its mirror image."""
    x, y, z = scene.position
    ball: Image = (
        _bump(np.abs(x), (centre[0], radius_mm))
        * _bump(y, (centre[1], radius_mm))
        * _bump(z, (centre[2], radius_mm))
    )
    return ball


def _posterior(scene: Scene, white: Settings, rng: Rng) -> Image:
    return _place(scene, white) * np.float32(rng.uniform(*white["brightness"]))


def _lining(scene: Scene, lining: Settings, rng: Rng) -> Image:
    """Draw a thin line around the third and the fourth ventricle."""
    boxes = (_inside(scene, box) for box in lining["boxes"])
    there = in_regions(scene, _AROUND_THIRD_AND_FOURTH) & reduce(np.logical_or, boxes)
    there &= np.abs(scene.position[0]) < lining["within_mm"]
    fluid = np.where(there, 1 - scene.tissue, 0).astype(np.float32)
    blur = [gaussian(size, lining["width_mm"] / STEP_MM) for size in fluid.shape]
    near = np.clip(3 * along_axes(fluid, blur), 0, 1)
    return near * np.float32(rng.uniform(*lining["brightness"]))


def _septum(scene: Scene, septum: Settings, rng: Rng) -> Image:
    where = _bump(scene.position[0], (0, _SEPTUM_MM)) * _inside(scene, septum["box"])
    near = where * np.exp(-scene.ventricle_mm / np.float32(_SEPTUM_FADES_MM))
    return near * np.float32(rng.uniform(*septum["brightness"]))


def _limbic(scene: Scene, limbic: Settings, rng: Rng) -> Image:
    """Cortex around the corpus callosum, of the hippocampus and of the insula."""
    places = {
        "cingulate": _around_callosum(scene, limbic["cingulate"]),
        "hippocampus": _place(scene, limbic["hippocampus"]),
        "insula": in_regions(scene, ("insula",)).astype(np.float32),
    }
    rises = (
        place * np.float32(rng.uniform(*limbic[name]["brightness"]))
        for name, place in places.items()
    )
    return reduce(np.maximum, rises)


def _around_callosum(scene: Scene, cingulate: Settings) -> Image:
    callosum = in_regions(scene, ("corpus_callosum",))
    if not callosum.any():
        return np.zeros(callosum.shape, dtype=np.float32)
    apart_mm = ndimage.distance_transform_edt(~callosum).astype(np.float32) * STEP_MM
    beside = np.abs(scene.position[0]) < cingulate["within_mm"]
    return _bump(apart_mm, cingulate["apart_mm"]) * beside


def _place(scene: Scene, bumps: Mapping[str, Sequence[float]]) -> Image:
    """Fall-off around a place of either side, in MNI millimetres."""
    x, y, z = scene.position
    return _bump(np.abs(x), bumps["x"]) * _bump(y, bumps["y"]) * _bump(z, bumps["z"])


def _inside(scene: Scene, box: Mapping[str, Sequence[float]]) -> NDArray[np.bool_]:
    _, y, z = scene.position
    inside: NDArray[np.bool_] = (
        (y >= box["y"][0]) & (y < box["y"][1]) & (z >= box["z"][0]) & (z < box["z"][1])
    )
    return inside


def _bump(values: NDArray[Any], bump: Sequence[float]) -> Image:
    centre, width = bump
    fall_off: Image = np.exp(-(((values - np.float32(centre)) / np.float32(width)) ** 2) / 2)
    return fall_off


def _ramp(values: Image, low: float, high: float) -> Image:
    ramp: Image = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    return ramp


def _on_grid(scene: Scene, field: Image) -> Image:
    return scene.to_full(field.astype(np.float32))
