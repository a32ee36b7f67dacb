"""Change how a head looks: oedema, grey scale, coil, noise, thick slices, stripped or cut."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from presight.train.anatomy.recipe import Looks

_OEDEMA_KNOTS = (4, 9)
_STRIP_GROWTH = 2


def change_looks(
    image: torch.Tensor, brain: torch.Tensor, settings: Looks, rng: np.random.Generator
) -> torch.Tensor:
    """Give another image of the same head.

    Parameters
    ----------
    image : (X, Y, Z) tensor of float32
        Not negative.
    brain : (X, Y, Z) tensor of bool
    settings : Looks
    rng : numpy.random.Generator

    Returns
    -------
    (X, Y, Z) tensor of float32
    """
    if rng.random() < settings.oedema_chance:
        image = _with_oedema(image, brain, settings, rng)
    image = image.clamp(min=0) ** float(np.exp(rng.uniform(*np.log(settings.gamma))))
    image = image * float(rng.uniform(*settings.gain))
    bias = rng.uniform(*settings.bias)
    image = image * torch.exp(bias * _smooth(image.shape, 4, rng))
    if rng.random() < settings.thick_chance:
        thickness = int(rng.integers(settings.thick_voxels[0], settings.thick_voxels[1] + 1))
        image = _thick(image, int(rng.integers(3)), thickness)
    image = _noisy(image, float(rng.uniform(*settings.noise)), int(rng.integers(2**62)))
    if rng.random() < settings.strip_chance:
        image = image * _grown(brain, int(rng.integers(_STRIP_GROWTH + 1)))
    if rng.random() < settings.cut_chance:
        image = _cut(image, settings, rng)
    return image


def _with_oedema(
    image: torch.Tensor, brain: torch.Tensor, settings: Looks, rng: np.random.Generator
) -> torch.Tensor:
    """Brighten tissue where a smooth random field is high; fluid stays dark."""
    field = _smooth(image.shape, int(rng.integers(*_OEDEMA_KNOTS)), rng)
    share = torch.sigmoid(8 * (field - float(rng.uniform(0.3, 1.5))))
    share = share * brain * ((image - 0.4) / 0.3).clamp(0, 1)
    return image * (1 + (float(rng.uniform(*settings.oedema)) - 1) * share)


def _smooth(shape: torch.Size, knots: int, rng: np.random.Generator) -> torch.Tensor:
    """Smooth random field of about unit variance at its knots."""
    values = torch.from_numpy(rng.standard_normal((1, 1, knots, knots, knots), dtype=np.float32))
    field = functional.interpolate(values, size=tuple(shape), mode="trilinear", align_corners=True)
    return field[0, 0]


def _noisy(image: torch.Tensor, sigma: float, seed: int) -> torch.Tensor:
    """Magnitude of a complex signal with noise in both channels."""
    generator = torch.Generator().manual_seed(seed)
    noise = sigma * torch.randn((2, *image.shape), generator=generator)
    return torch.hypot(image + noise[0], noise[1])


def _thick(image: torch.Tensor, axis: int, thickness: int) -> torch.Tensor:
    """Mean of ``thickness`` slices each, linear in between."""
    moved = image.movedim(axis, -1)
    rows = moved.reshape(1, -1, moved.shape[-1])
    slices = functional.avg_pool1d(rows, thickness, ceil_mode=True)
    fine = functional.interpolate(slices, size=moved.shape[-1], mode="linear")
    return fine.reshape(moved.shape).movedim(-1, axis)


def _grown(mask: torch.Tensor, voxels: int) -> torch.Tensor:
    width = 2 * voxels + 1
    return functional.max_pool3d(mask[None, None].float(), width, stride=1, padding=voxels)[0, 0]


def _cut(image: torch.Tensor, settings: Looks, rng: np.random.Generator) -> torch.Tensor:
    """Leave out the lowest or the highest slices of the patch."""
    image = image.clone()
    count = int(rng.integers(settings.cut_voxels[0], settings.cut_voxels[1] + 1))
    if rng.random() < 0.5:
        image[:, :, :count] = 0
    else:
        image[:, :, -count:] = 0
    return image
