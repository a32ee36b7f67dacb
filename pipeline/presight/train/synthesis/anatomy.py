"""The head that images are synthesised from: soft tissues, regions and what is around the brain."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from presight.config import load_config
from presight.preprocess.atlas import Atlas, load_atlas
from presight.study.volume import Grid
from presight.train.synthesis.fields import Axes, smooth_noise, voxel_axes
from presight.train.synthesis.scene import region_ids
from presight.train.synthesis.separable import Image, along_axes, linear, upsample

Piece = tuple[slice, slice, slice]

_COARSE = 4  # what is smooth is laid out on every fourth voxel
_FLUID_SPAN = 0.18  # of the T1 template, from fluid alone to tissue alone
_SKULL_BASE_MM = -25.0  # below it, in front: the face
_FAR_MM = 60.0
_LAST_LOBE = 10  # ids 1 to 10 of configs/anatomy.yaml are the lobes and the insula


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
        Distance from the smooth hull of brain, face and neck; negative inside.
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


def draw_head(rng: np.random.Generator, crop: tuple[int, int, int] | None = None) -> Head:
    """Draw a head: the MNI152 template moved, turned, scaled, bent, aged and shrunk at random.

    Parameters
    ----------
    rng : numpy.random.Generator
    crop : tuple of int, optional
        Shape of a random piece to make instead of the whole.

    Returns
    -------
    Head
        Every voxel takes the nearest of the template, so shares stay shares.
    """
    atlas, ranges = load_atlas(), load_config("synthesis.yaml")["anatomy"]
    piece = _draw_piece(atlas.labels.shape, crop, rng)
    source = _source_voxels(atlas.labels.shape, piece, rng)
    labels = atlas.labels.ravel()[source]
    brain = (labels > 0).astype(np.float32)
    tissue_above = np.float32(rng.uniform(*ranges["tissue_above"]))
    fluid = np.clip((tissue_above - atlas.t1.ravel()[source]) / np.float32(_FLUID_SPAN), 0, 1)
    fluid *= brain
    grey = np.minimum(_grey_of_solid().ravel()[source], brain)
    outside_mm = _distance_from_hull().ravel()[source]
    fluid, grey = _folded(fluid, grey, labels, outside_mm, rng)
    grey *= 1 - fluid
    return Head(
        labels=labels,
        fluid=fluid,
        grey=grey,
        white=brain - fluid - grey,
        outside_mm=outside_mm,
        grid=_grid_of(piece, atlas.grid),
    )


def _folded(
    fluid: Image,
    grey: Image,
    labels: NDArray[np.uint8],
    outside_mm: Image,
    rng: np.random.Generator,
) -> tuple[Image, Image]:
    """Fold the cerebral cortex: the template is a mean of many people and has lost its sulci.

    A sulcus is where a smooth random field changes sign: a sheet that meanders inward from the
    surface; the cortex lies along both its sides.
    """
    ranges = load_config("synthesis.yaml")["anatomy"]
    sheets = np.abs(smooth_noise(voxel_axes(labels.shape), ranges["fold_mm"], rng))
    depth_mm = rng.uniform(*ranges["sulcus_depth_mm"])
    reach = np.clip((outside_mm + np.float32(depth_mm)) / np.float32(4), 0, 1)
    reach *= (labels > 0) & (labels <= _LAST_LOBE)
    width = np.float32(rng.uniform(*ranges["sulcus_width"]))
    sulcus = np.clip(np.float32(1.5) - sheets / width, 0, 1) * reach
    ribbon = np.clip(np.float32(3) - sheets / np.float32(ranges["ribbon_width"]), 0, 1) * reach
    return np.maximum(fluid, sulcus), np.maximum(grey, ribbon)


def _draw_piece(
    shape: tuple[int, ...], crop: tuple[int, int, int] | None, rng: np.random.Generator
) -> Piece:
    """Draw where the piece lies; its middle is in the middle half of the head."""
    lengths = crop or shape
    slices = []
    for size, length in zip(shape, lengths, strict=True):
        start = rng.uniform(0.25, 0.75) * size - length / 2
        start = int(np.clip(start, 0, max(0, size - length)))
        slices.append(slice(start, start + length))
    return slices[0], slices[1], slices[2]


def _grid_of(piece: Piece, grid: Grid) -> Grid:
    affine = grid.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ [part.start for part in piece]
    x, y, z = (part.stop - part.start for part in piece)
    return Grid((x, y, z), affine)


def _source_voxels(
    shape: tuple[int, ...], piece: Piece, rng: np.random.Generator
) -> NDArray[np.int32]:
    """Flat index into the template of the voxel that each voxel of the piece is taken from."""
    ranges = load_config("synthesis.yaml")["anatomy"]
    middle = [(size - 1) / 2 for size in shape]
    x, y, z = axes = _piece_axes(piece, middle)
    widen_mm = np.float32(rng.uniform(*ranges["ventricles_wider_mm"]))
    matrix = _turn_and_scale(ranges, rng)
    index = np.zeros((x.size, y.size, z.size), dtype=np.int32)
    for row, pull, size, centre in zip(matrix, _towards_ventricles(), shape, middle, strict=True):
        moved = widen_mm * _piece_of(pull, piece)
        moved += np.float32(ranges["warp_mm"]) * smooth_noise(axes, rng.uniform(35, 60), rng)
        moved += (row[0] * x + np.float32(centre)).astype(np.float32)[:, None, None]
        moved += (row[1] * y).astype(np.float32)[:, None]
        moved += (row[2] * z).astype(np.float32)
        index *= size
        index += np.clip(np.rint(moved), 0, size - 1).astype(np.int32)
    return index


def _piece_axes(piece: Piece, middle: list[float]) -> Axes:
    x, y, z = (
        np.arange(part.start, part.stop, dtype=np.float64) - centre
        for part, centre in zip(piece, middle, strict=True)
    )
    return x, y, z


def _turn_and_scale(ranges: dict[str, Any], rng: np.random.Generator) -> NDArray[np.float32]:
    angles = np.deg2rad([rng.uniform(*ranges["turn_deg"]) for _ in range(3)])
    matrix = np.diag([rng.uniform(*ranges["shrink"]) for _ in range(3)])
    for axis, angle in enumerate(angles):
        turn = np.eye(3)
        first, second = (axis + 1) % 3, (axis + 2) % 3
        turn[[first, second], [first, second]] = np.cos(angle)
        turn[first, second], turn[second, first] = -np.sin(angle), np.sin(angle)
        matrix = matrix @ turn
    return matrix.astype(np.float32)


def _piece_of(coarse: Image, piece: Piece) -> Image:
    """Bring a piece of a coarse field to 1 mm."""
    back = [
        linear(size, np.arange(part.start, part.stop) / _COARSE)
        for size, part in zip(coarse.shape, piece, strict=True)
    ]
    return along_axes(coarse, back)


@cache
def _grey_of_solid() -> Image:
    """Share of grey matter in what is not fluid, on the template."""
    atlas = load_atlas()
    solid = np.maximum(atlas.grey + atlas.white, np.float32(1e-3))
    share: Image = (atlas.grey / solid).astype(np.float32)
    return share


@cache
def _towards_ventricles() -> tuple[Image, ...]:
    """Coarse field of steps towards the lateral ventricles, the longest of 1 mm."""
    labels = load_atlas().labels[::_COARSE, ::_COARSE, ::_COARSE]
    there = np.isin(labels, region_ids("ventricles")).astype(np.float32)
    slope = np.gradient(ndimage.gaussian_filter(there, 7 / _COARSE))
    longest = np.sqrt(sum(part**2 for part in slope)).max()
    return tuple((part / longest).astype(np.float32) for part in slope)


@cache
def _distance_from_hull() -> Image:
    """Distance from brain, face and neck in millimetres, negative in them, on the template."""
    atlas = load_atlas()
    coarse = atlas.brain[::_COARSE, ::_COARSE, ::_COARSE].astype(np.float32)
    hull = (ndimage.gaussian_filter(coarse, 1.5) > 0.35) | (coarse > 0)
    hull |= _face(coarse.shape, atlas)
    distance = ndimage.distance_transform_edt(~hull) - ndimage.distance_transform_edt(hull)
    outside = upsample((distance * _COARSE).astype(np.float32), _COARSE, atlas.brain.shape)
    np.minimum(outside, 0, out=outside, where=atlas.brain)
    # Air at the edges, all but the neck: whatever is later drawn from beyond them is air.
    outside[[0, -1]] = outside[:, [0, -1]] = outside[:, :, -1:] = _FAR_MM
    return outside


def _face(shape: tuple[int, ...], atlas: Atlas) -> NDArray[np.bool_]:
    """Rough ellipsoids for what lies under the brain, so that low slices are not empty."""
    x, y, z = np.meshgrid(
        *(atlas.grid.affine[i, 3] + _COARSE * np.arange(shape[i]) for i in range(3)),
        indexing="ij",
    )
    face = (x / 55) ** 2 + ((y - 35) / 42) ** 2 + ((z + 65) / 45) ** 2 < 1
    neck = (x / 50) ** 2 + ((y + 40) / 48) ** 2 < 1
    below: NDArray[np.bool_] = (face | (neck & (z < -50))) & (z < _SKULL_BASE_MM)
    return below
