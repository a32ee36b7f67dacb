"""The head that images are synthesised from: soft tissues, regions and what is around the brain."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from presight.preprocess.atlas import load_atlas
from presight.study.volume import Grid
from presight.train.synthesis.fields import smooth_noise
from presight.train.synthesis.separable import Image, upsample

_COARSE = 4  # the head around the brain is laid out on every fourth voxel
_FLUID_BELOW, _TISSUE_ABOVE = 0.40, 0.58  # on the T1 template: dark is fluid, 0.65 is cortex
_FAR_MM = 60.0
_SKULL_BASE_MM = -25.0  # below it, in front: the face


@dataclass(frozen=True)
class Head:
    """Anatomy on a 1 mm RAS+ grid.

    Attributes
    ----------
    labels : (X, Y, Z) ndarray of uint8
        Ids of ``configs/anatomy.yaml``, 0 outside the brain.
    fluid, grey, white : (X, Y, Z) ndarray of float32
        Share of each tissue, summing to 1 in the brain and to 0 outside.
    outside_mm : (X, Y, Z) ndarray of float32
        Distance from the brain's smooth hull; 0 inside.
    grid : Grid
    """

    labels: NDArray[np.uint8]
    fluid: Image
    grey: Image
    white: Image
    outside_mm: Image
    grid: Grid

    @property
    def brain(self) -> NDArray[np.bool_]:
        """Where the brain is, with the fluid in and between its folds."""
        return self.labels > 0


@cache
def reference_head() -> Head:
    """Head of the MNI152 templates. Cached: do not modify the arrays."""
    atlas = load_atlas()
    fluid = np.clip((_TISSUE_ABOVE - atlas.t1) / (_TISSUE_ABOVE - _FLUID_BELOW), 0, 1) * atlas.brain
    solid = (atlas.brain - fluid) / np.maximum(atlas.grey + atlas.white, 1e-3)
    grey = np.minimum(atlas.grey * solid, 1)
    return Head(
        labels=atlas.labels,
        fluid=fluid.astype(np.float32),
        grey=grey.astype(np.float32),
        white=(atlas.brain - fluid - grey).astype(np.float32),
        outside_mm=_distance_from_hull(atlas.brain, atlas.grid),
        grid=atlas.grid,
    )


def deformed(
    head: Head,
    rng: np.random.Generator,
    *,
    crop: tuple[int, int, int] | None = None,
    warp_mm: float = 4.0,
    turn_deg: float = 8.0,
) -> Head:
    """Move, turn, scale and bend a head at random (nearest voxel, so shares stay shares).

    Parameters
    ----------
    crop : tuple of int, optional
        Shape of a random piece to make instead of the whole, its middle inside the brain's box.
    warp_mm : float
        Standard deviation of the smooth displacement along each axis, before scaling and turning.
    turn_deg : float
        Largest rotation about each axis.
    """
    piece = _draw_piece(head, crop, rng)
    index = _source_voxels(head.labels.shape, piece, rng, warp_mm, turn_deg)
    return Head(
        labels=head.labels.ravel()[index],
        fluid=head.fluid.ravel()[index],
        grey=head.grey.ravel()[index],
        white=head.white.ravel()[index],
        outside_mm=head.outside_mm.ravel()[index],
        grid=_grid_of(piece, head.grid),
    )


def _draw_piece(
    head: Head, crop: tuple[int, int, int] | None, rng: np.random.Generator
) -> tuple[slice, ...]:
    if crop is None:
        return tuple(slice(0, size) for size in head.labels.shape)
    starts = []
    for size, length in zip(head.labels.shape, crop, strict=True):
        middle = rng.uniform(0.25, 0.75) * size - length / 2
        starts.append(int(np.clip(middle, 0, max(0, size - length))))
    return tuple(slice(start, start + n) for start, n in zip(starts, crop, strict=True))


def _grid_of(piece: tuple[slice, ...], grid: Grid) -> Grid:
    affine = grid.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ [part.start for part in piece]
    x, y, z = (part.stop - part.start for part in piece)
    return Grid((x, y, z), affine)


def _source_voxels(
    shape: tuple[int, ...],
    piece: tuple[slice, ...],
    rng: np.random.Generator,
    warp_mm: float,
    turn_deg: float,
) -> NDArray[np.int32]:
    """Flat index into the head of the voxel that each voxel of the piece takes its value from."""
    first, second, third = (
        np.arange(part.start, part.stop) - (size - 1) / 2
        for size, part in zip(shape, piece, strict=True)
    )
    axes = (first, second, third)
    matrix = _turn_and_scale(rng, turn_deg)
    x, y, z = np.meshgrid(*(axis.astype(np.float32) for axis in axes), indexing="ij", sparse=True)
    index = np.zeros((x.size, y.size, z.size), dtype=np.int32)
    for row, size in zip(matrix, shape, strict=True):
        moved = row[0] * x + row[1] * y + row[2] * z + np.float32((size - 1) / 2)
        moved += np.float32(warp_mm) * smooth_noise(axes, rng.uniform(35, 60), rng)
        index *= size
        index += np.clip(np.rint(moved), 0, size - 1).astype(np.int32)
    return index


def _turn_and_scale(rng: np.random.Generator, turn_deg: float) -> NDArray[np.float32]:
    angles = np.deg2rad(rng.uniform(-turn_deg, turn_deg, 3))
    matrix = np.diag(rng.uniform(1.0, 1.18, 3))  # over 1 shrinks: the template is larger than life
    for axis, angle in enumerate(angles):
        turn = np.eye(3)
        first, second = (axis + 1) % 3, (axis + 2) % 3
        turn[[first, second], [first, second]] = np.cos(angle)
        turn[first, second], turn[second, first] = -np.sin(angle), np.sin(angle)
        matrix = matrix @ turn
    return matrix.astype(np.float32)


def _distance_from_hull(brain: NDArray[np.bool_], grid: Grid) -> Image:
    coarse = brain[::_COARSE, ::_COARSE, ::_COARSE].astype(np.float32)
    hull = ndimage.gaussian_filter(coarse, 1.5) > 0.35
    hull |= coarse > 0
    distance = ndimage.distance_transform_edt(~(hull | _face(coarse.shape, grid)))
    distance = (distance * _COARSE).astype(np.float32)
    outside = upsample(distance, _COARSE, brain.shape) * ~brain
    # Air at the edges, all but the neck: whatever is later drawn from beyond them is air.
    outside[[0, -1]] = outside[:, [0, -1]] = outside[:, :, -1:] = _FAR_MM
    return outside


def _face(shape: tuple[int, ...], grid: Grid) -> NDArray[np.bool_]:
    """Rough ellipsoids for what lies under the brain, so that low slices are not empty."""
    x, y, z = np.meshgrid(
        *(grid.affine[i, 3] + _COARSE * np.arange(shape[i]) for i in range(3)), indexing="ij"
    )
    face = (x / 55) ** 2 + ((y - 35) / 42) ** 2 + ((z + 65) / 45) ** 2 < 1
    neck = (x / 50) ** 2 + ((y + 40) / 48) ** 2 < 1
    return (face | (neck & (z < -50))) & (z < _SKULL_BASE_MM)
