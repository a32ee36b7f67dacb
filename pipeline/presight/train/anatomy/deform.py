"""Move, bend and swell a head: image and regions together, so that the truth stays true."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from presight.train.anatomy.recipe import Deformation

_MM = 2.0  # of a voxel


@dataclass(frozen=True)
class Swelling:
    """Tissue pushed outward from a point, as an oedema or a mass does.

    Attributes
    ----------
    centre : (3,) ndarray
        Voxels from the middle of the patch.
    radius, push : float
        Voxels.
    """

    centre: NDArray[np.float64]
    radius: float
    push: float


@dataclass(frozen=True)
class Move:
    """One deformation: everything that is left to chance is decided, nothing applied yet."""

    matrix: NDArray[np.float64]
    shift: NDArray[np.float64]
    knots: NDArray[np.float32]
    swelling: Swelling | None


def draw_move(settings: Deformation, patch: tuple[int, int, int], rng: np.random.Generator) -> Move:
    """Draw a deformation for a patch of ``patch`` voxels."""
    scale_mm = rng.uniform(*settings.bend_scale_mm)
    knots = [max(3, round(size * _MM / scale_mm) + 1) for size in patch]
    bend = rng.uniform(*settings.bend_mm) / _MM
    return Move(
        matrix=_matrix(settings, rng),
        shift=rng.uniform(-1, 1, 3) * settings.shift_mm / _MM,
        knots=(bend * rng.standard_normal((3, *knots))).astype(np.float32),
        swelling=_draw_swelling(settings, patch, rng),
    )


def apply_move(
    move: Move,
    image: torch.Tensor,
    labels: torch.Tensor,
    middle: NDArray[np.float64],
    patch: tuple[int, int, int],
) -> tuple[torch.Tensor, torch.Tensor]:
    """Resample a head into a patch.

    Parameters
    ----------
    move : Move
    image, labels : (X, Y, Z) tensor of float32
    middle : (3,) ndarray
        Voxel that comes to the middle of the patch.
    patch : tuple of int

    Returns
    -------
    image, labels : tensor of shape ``patch``
        0 beyond the head.
    """
    source = _source_voxels(move, patch) + torch.from_numpy(middle.astype(np.float32))
    size = torch.tensor(image.shape, dtype=torch.float32)
    grid = (2 * source / (size - 1) - 1).flip(-1)[None]
    moved = functional.grid_sample(image[None, None], grid, align_corners=True)
    regions = functional.grid_sample(labels[None, None], grid, mode="nearest", align_corners=True)
    return moved[0, 0], regions[0, 0]


def _source_voxels(move: Move, patch: tuple[int, int, int]) -> torch.Tensor:
    """(X, Y, Z, 3) voxels from the middle of the head that the patch is taken from."""
    axes = [torch.arange(size, dtype=torch.float32) - (size - 1) / 2 for size in patch]
    place = torch.cartesian_prod(*axes).reshape(*patch, 3)
    if move.swelling:
        place = place - _push(move.swelling, place)
    bend = functional.interpolate(
        torch.from_numpy(move.knots)[None], size=patch, mode="trilinear", align_corners=True
    )
    turned = place @ torch.from_numpy(move.matrix.T.astype(np.float32))
    return turned + bend[0].movedim(0, -1) + torch.from_numpy(move.shift.astype(np.float32))


def _push(swelling: Swelling, place: torch.Tensor) -> torch.Tensor:
    """Outward displacement: none at the centre, most at the radius, fading beyond."""
    away = place - torch.from_numpy(swelling.centre.astype(np.float32))
    distance = away.norm(dim=-1, keepdim=True) / swelling.radius
    return away / swelling.radius * swelling.push * torch.exp((1 - distance**2) / 2)


def _matrix(settings: Deformation, rng: np.random.Generator) -> NDArray[np.float64]:
    angles = np.deg2rad(rng.uniform(-1, 1, 3) * settings.turn_deg)
    matrix = np.diag(rng.uniform(*settings.scale, 3))
    for axis, angle in enumerate(angles):
        turn = np.eye(3)
        first, second = (axis + 1) % 3, (axis + 2) % 3
        turn[[first, second], [first, second]] = np.cos(angle)
        turn[first, second], turn[second, first] = -np.sin(angle), np.sin(angle)
        matrix = matrix @ turn
    return matrix


def _draw_swelling(
    settings: Deformation, patch: tuple[int, int, int], rng: np.random.Generator
) -> Swelling | None:
    if rng.random() >= settings.swelling_chance:
        return None
    return Swelling(
        centre=rng.uniform(-0.25, 0.25, 3) * patch,
        radius=rng.uniform(*settings.swelling_radius_mm) / _MM,
        push=rng.uniform(*settings.swelling_mm) / _MM,
    )
