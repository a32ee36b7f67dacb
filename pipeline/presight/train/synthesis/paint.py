"""Paint a lesion of known truth into a FLAIR."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from presight.config import load_config
from presight.errors import ConfigError
from presight.train.synthesis.fields import fractal_noise, voxel_axes
from presight.train.synthesis.scene import STEP_MM, Scene, see, solid_share
from presight.train.synthesis.separable import Image, along_axes, box_average, gaussian, upsample
from presight.train.synthesis.shapes import draw_shape

_NEIGHBOURHOOD_MM = 3.0
_NOTHING = 1e-3
_UNMOVED_MM = 0.1
_PRESSURE_MM, _SKULL_MM = 8.0, 4.0
_FAINTEST = np.float32(0.35)  # of the lesion's brightness, where its texture is darkest


def paint(
    flair: Image,
    labels: NDArray[np.uint8],
    brain: NDArray[np.bool_],
    rng: np.random.Generator,
    family: str | None = None,
    *,
    slice_mm: float = 1.0,
    margin: Image | None = None,
) -> tuple[Image, NDArray[np.bool_]]:
    """Paint a lesion of a family into a normalised FLAIR.

    Parameters
    ----------
    flair : (X, Y, Z) ndarray of float32
        A whole head or a piece of one on a 1 mm RAS+ grid; the commonest brain value is 1.
    labels : (X, Y, Z) ndarray of uint8
        Ids of ``configs/anatomy.yaml``.
    brain : (X, Y, Z) ndarray of bool
    rng : numpy.random.Generator
        Decides everything that is left to chance.
    family : str, optional
        Of ``configs/synthesis.yaml``; drawn from its ``mixture`` where not given.
    slice_mm : float
        Thickness of the axial slices that ``flair`` was acquired with: the lesion is averaged
        over as much.
    margin : (X, Y, Z) ndarray of float32, optional
        The lesion's shape, in millimetres inside it; drawn as the family's are where not given.

    Returns
    -------
    flair : (X, Y, Z) ndarray of float32
        A new image; unchanged outside the lesion, but for tissue that a swelling pushes aside.
    mask : (X, Y, Z) ndarray of bool
        Where the lesion has half its brightness or more. Never outside ``brain``.

    Raises
    ------
    ConfigError
        There is no such family.
    """
    settings = family_settings(family or draw_family(rng))
    scene = see(flair, labels, brain)
    if margin is None:
        coarse = draw_shape(scene, settings, rng)
        margin = scene.to_full(coarse)
    else:
        coarse = margin[::STEP_MM, ::STEP_MM, ::STEP_MM]
    swelling_mm = rng.uniform(*settings.get("swelling_mm", (0.0, 0.0)))
    pushed = _push_aside(flair, scene, coarse, swelling_mm)
    share = _lesion_share(pushed, brain, margin, settings, rng, slice_mm)
    mask = share > 0.5
    if not mask.any():
        return flair.copy(), mask
    return _brighten(pushed, share, rng), mask


def family_settings(family: str) -> dict[str, Any]:
    """Look up a lesion family, with the defaults that are common to all."""
    config = load_config("synthesis.yaml")
    if family not in config["families"]:
        raise ConfigError(
            f"there is no lesion family {family!r}",
            where="synthesis.yaml",
            expected=f"one of {', '.join(config['families'])}",
        )
    return {"edge_mm": config["edge_mm"], **config["families"][family]}


def draw_family(rng: np.random.Generator) -> str:
    """Draw a family as often as the ``mixture`` of ``configs/synthesis.yaml`` says."""
    mixture = load_config("synthesis.yaml")["mixture"]
    chances = np.array(list(mixture.values()))
    return str(rng.choice(list(mixture), p=chances / chances.sum()))


def _lesion_share(
    flair: Image,
    brain: NDArray[np.bool_],
    margin: Image,
    settings: dict[str, Any],
    rng: np.random.Generator,
    slice_mm: float,
) -> Image:
    """How much of each voxel is lesion, 0 to 1: soft at the edge, never in fluid."""
    edge_mm = rng.uniform(*settings["edge_mm"])
    share = _smooth_step(margin / np.float32(6 * edge_mm) + np.float32(0.5))
    if slice_mm > 1:
        depth = flair.shape[2]
        share = along_axes(
            share, (None, None, box_average(depth, np.arange(depth, dtype=np.float64), slice_mm))
        )
    share *= solid_share(flair, brain)
    return share


def _smooth_step(ramp: Image) -> Image:
    """Rise from 0 to 1 as ``ramp`` does, without a corner."""
    ramp = np.clip(ramp, 0, 1)
    step: Image = ramp * ramp * (3 - 2 * ramp)
    return step


def _brighten(flair: Image, share: Image, rng: np.random.Generator) -> Image:
    """Lift the lesion to its brightness; what contrast is left under it is left to chance."""
    brightness = load_config("synthesis.yaml")["brightness"]
    there = _box(share > _NOTHING)
    local, part = flair[there], share[there]
    contrast = np.float32(rng.triangular(*brightness["lesion"]) - 1)
    texture = fractal_noise(voxel_axes(part.shape), rng.uniform(8, 30), rng)
    lift = contrast * (1 + np.float32(rng.uniform(*brightness["texture"])) * texture)
    lift -= np.float32(rng.uniform(*brightness["flattening"])) * (_neighbourhood(local, part) - 1)
    painted = flair.copy()
    faintest = max(contrast * _FAINTEST, np.float32(brightness["faintest"]))
    painted[there] += part * np.maximum(lift, faintest)
    return painted


def _neighbourhood(flair: Image, share: Image) -> Image:
    """Mean of the lesion's own surroundings, fluid left out, by way of every second voxel."""
    sparse = share[::STEP_MM, ::STEP_MM, ::STEP_MM] + np.float32(_NOTHING)
    weighted = sparse * flair[::STEP_MM, ::STEP_MM, ::STEP_MM]
    blur = [gaussian(size, _NEIGHBOURHOOD_MM / STEP_MM) for size in sparse.shape]
    return upsample(along_axes(weighted, blur) / along_axes(sparse, blur), STEP_MM, flair.shape)


def _push_aside(flair: Image, scene: Scene, margin: Image, swelling_mm: float) -> Image:
    """Move the tissue around a swelling outward by up to ``swelling_mm``."""
    pressure = ndimage.gaussian_filter((margin > 0).astype(np.float32), _PRESSURE_MM / STEP_MM)
    slope = np.stack(np.gradient(pressure)) * _yielding(scene)
    steepest = float(np.linalg.norm(slope, axis=0).max())
    if swelling_mm < _UNMOVED_MM or steepest < _NOTHING:
        return flair
    moves = [scene.to_full(part * np.float32(swelling_mm / steepest)) for part in slope]
    moving = np.maximum.reduce([np.abs(move) for move in moves]) > _UNMOVED_MM
    if not moving.any():
        return flair
    moved = _box(moving)
    grid = np.meshgrid(
        *(np.arange(s.start, s.stop, dtype=np.float32) for s in moved), indexing="ij", sparse=True
    )
    source = [g + m[moved] for g, m in zip(grid, moves, strict=True)]
    pushed = flair.copy()
    pushed[moved] = ndimage.map_coordinates(flair, source, order=1, mode="nearest")
    return pushed


def _yielding(scene: Scene) -> Image:
    """Tell how freely tissue can move: not at all at the edge of the brain, where the skull is."""
    brain = (scene.labels > 0).astype(np.float32)
    return np.clip(2 * ndimage.gaussian_filter(brain, _SKULL_MM / STEP_MM) - 1, 0, 1)


def _box(there: NDArray[np.bool_]) -> tuple[slice, ...]:
    """Smallest box around everything that is there."""
    box: tuple[slice, ...] = ndimage.find_objects(there.astype(np.uint8))[0]
    return box
