"""Axial slices of the FLAIR with the outline of the lesion, as a radiologist expects them.

The patient's left is on the right of every image, the front is up, and lengths are true in both
directions. The outline follows the edges of the voxels: it is what the mask says, not smoother.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from nibabel.orientations import apply_orientation, io_orientation
from numpy.typing import NDArray
from PIL import Image

from presight.config import load_config
from presight.study.volume import Grid


@dataclass(frozen=True)
class Slice:
    """One axial slice, ready to be shown.

    Attributes
    ----------
    number, count : int
        Place in the file that came in, from 1, along the axis that is nearest to head-feet.
    width_mm, height_mm : float
    columns, rows : int
        Voxels across and down.
    image : str
        PNG as a data URI.
    outline : str
        SVG path in voxels, from the top left corner; empty where there is no lesion.
    lesion_ml : float
        Lesion in this slice.
    """

    number: int
    count: int
    width_mm: float
    height_mm: float
    columns: int
    rows: int
    image: str
    outline: str
    lesion_ml: float


def make_mosaic(
    flair: NDArray[np.float32], lesion: NDArray[np.bool_], brain: NDArray[np.bool_], grid: Grid
) -> tuple[Slice, ...]:
    """Choose slices and draw them, from the feet to the head.

    Parameters
    ----------
    flair, lesion, brain : (X, Y, Z) ndarray
        On ``grid``, in any orientation.
    grid : Grid

    Returns
    -------
    tuple of Slice
        As many as ``configs/report.yaml`` allows: half spread over the brain, half where the
        lesion is, the slice with the most lesion among them.
    """
    settings = load_config("report.yaml")["mosaic"]
    return _slices(_Axial(flair, lesion, brain, grid), settings, settings["slices"])


def make_thumbnail(
    flair: NDArray[np.float32], lesion: NDArray[np.bool_], brain: NDArray[np.bool_], grid: Grid
) -> Slice:
    """Draw the one slice with the most lesion, or the middle of the brain, small.

    Parameters
    ----------
    flair, lesion, brain : (X, Y, Z) ndarray
        On ``grid``, in any orientation.
    grid : Grid
    """
    settings = load_config("report.yaml")
    small = {**settings["mosaic"], **settings["thumbnail"]}
    return _slices(_Axial(flair, lesion, brain, grid), small, at_most=1)[0]


def _slices(head: _Axial, settings: Mapping[str, Any], at_most: int) -> tuple[Slice, ...]:
    window = _window(head.flair, head.brain, settings["window_percentiles"])
    frame = _frame(head, settings["margin_mm"])
    chosen = choose_slices(_per_slice(head.lesion), _per_slice(head.brain), at_most)
    return tuple(_draw(head, k, frame, window, settings["longest_px"]) for k in chosen)


def slice_svg(shown: Slice) -> str:
    """One slice with its outline as a picture of its own."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {shown.columns} {shown.rows}" '
        f'width="{shown.width_mm:.0f}" height="{shown.height_mm:.0f}" preserveAspectRatio="none">'
        f'<image href="{shown.image}" width="{shown.columns}" height="{shown.rows}" '
        f'preserveAspectRatio="none"/>'
        f'<path d="{shown.outline}" fill="none" stroke="#ffb000" stroke-width="1.2" '
        f'vector-effect="non-scaling-stroke"/></svg>\n'
    )


def choose_slices(
    lesion: NDArray[np.int64], brain: NDArray[np.int64], at_most: int
) -> tuple[int, ...]:
    """Choose the indices of the slices to show, ascending.

    Parameters
    ----------
    lesion, brain : (Z,) ndarray of int
        Voxels of each in every slice.
    at_most : int
        How many slices there is room for.
    """
    inside = np.flatnonzero(brain) if brain.any() else np.arange(brain.size)
    if inside.size <= at_most:
        return tuple(int(k) for k in inside)
    chosen: set[int] = set()
    if lesion.any():
        chosen.add(int(np.argmax(lesion)))
        chosen.update(_spread(np.flatnonzero(lesion), at_most // 2 - 1))
    chosen.update(_spread(inside, at_most - len(chosen)))
    while len(chosen) < at_most:
        chosen.add(_middle_of_widest_gap(chosen, inside))
    return tuple(sorted(chosen))


class _Axial:
    """Volumes turned to axes that run to the right, to the front and to the head."""

    def __init__(
        self,
        flair: NDArray[np.float32],
        lesion: NDArray[np.bool_],
        brain: NDArray[np.bool_],
        grid: Grid,
    ) -> None:
        turn = io_orientation(grid.affine)
        self.flair, self.lesion, self.brain = (
            apply_orientation(array, turn) for array in (flair, lesion, brain)
        )
        native_axis = int(np.flatnonzero(turn[:, 0] == 2)[0])
        self.upside_down = turn[native_axis, 1] < 0
        self.voxel_ml = grid.voxel_ml
        self.dx, self.dy = (
            grid.spacing_mm[int(np.flatnonzero(turn[:, 0] == axis)[0])] for axis in (0, 1)
        )

    def number(self, k: int) -> int:
        """Place of slice ``k`` in the file, from 1."""
        return self.flair.shape[2] - k if self.upside_down else k + 1


def _draw(
    head: _Axial,
    k: int,
    frame: tuple[slice, slice],
    window: tuple[float, float],
    longest_px: int,
) -> Slice:
    picture = as_radiologists_look(head.flair[(*frame, k)])
    mask = as_radiologists_look(head.lesion[(*frame, k)])
    rows, columns = picture.shape
    width_mm, height_mm = columns * head.dx, rows * head.dy
    pixels_per_mm = longest_px / max(width_mm, height_mm)
    size = (round(width_mm * pixels_per_mm), round(height_mm * pixels_per_mm))
    return Slice(
        number=head.number(k),
        count=head.flair.shape[2],
        width_mm=width_mm,
        height_mm=height_mm,
        columns=columns,
        rows=rows,
        image=png_uri(picture, window, size),
        outline=outline_path(mask),
        lesion_ml=float(head.lesion[:, :, k].sum()) * head.voxel_ml,
    )


def as_radiologists_look(plane: NDArray[np.generic]) -> NDArray[np.generic]:
    """Rows and columns of an axial plane (right, front): front up, patient's left on the right."""
    return plane[::-1, ::-1].T


def outline_path(mask: NDArray[np.generic]) -> str:
    """SVG path along the outer edges of the voxels of ``mask`` (rows, columns)."""
    padded = np.pad(np.asarray(mask, dtype=np.int8), 1)
    across = _runs(np.diff(padded, axis=0)[:, 1:-1] != 0)
    down = _runs((np.diff(padded, axis=1)[1:-1] != 0).T)
    horizontal = [f"M{start} {line}h{length}" for line, start, length in across]
    vertical = [f"M{line} {start}v{length}" for line, start, length in down]
    return "".join(horizontal + vertical)


def _runs(edges: NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    """Find the runs of ``True`` in each line: (line, start, length)."""
    steps = np.diff(np.pad(edges.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    lines, starts = np.nonzero(steps == 1)
    _, ends = np.nonzero(steps == -1)
    return [(int(n), int(a), int(b - a)) for n, a, b in zip(lines, starts, ends, strict=True)]


def png_uri(plane: NDArray[np.generic], window: tuple[float, float], size: tuple[int, int]) -> str:
    """PNG as a data URI of rows and columns, ``size`` wide and high, between black and white."""
    low, high = window
    grey = np.clip((plane.astype(np.float32) - low) / (high - low), 0, 1) * 255
    image = Image.fromarray(np.round(grey).astype(np.uint8))
    file = io.BytesIO()
    image.resize(size, Image.Resampling.BICUBIC).save(file, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def _window(
    flair: NDArray[np.float32], brain: NDArray[np.bool_], percentiles: list[float]
) -> tuple[float, float]:
    low, high = np.percentile(flair[brain] if brain.any() else flair, percentiles)
    return float(low), float(max(high, low + np.finfo(np.float32).eps))


def _frame(head: _Axial, margin_mm: float) -> tuple[slice, slice]:
    """Frame the brain and some of the head around it."""
    brain = head.brain if head.brain.any() else np.ones_like(head.brain)
    return (
        _extent(brain.any(axis=(1, 2)), margin_mm / head.dx),
        _extent(brain.any(axis=(0, 2)), margin_mm / head.dy),
    )


def _extent(inside: NDArray[np.bool_], margin: float) -> slice:
    indices = np.flatnonzero(inside)
    return slice(max(0, int(indices[0] - margin)), int(indices[-1] + margin) + 1)


def _spread(indices: NDArray[np.int64], count: int) -> list[int]:
    """About ``count`` of ``indices``, evenly spaced and away from the two ends."""
    places = (np.arange(count) + 0.5) / count * indices.size
    return [int(indices[int(place)]) for place in places]


def _middle_of_widest_gap(chosen: set[int], inside: NDArray[np.int64]) -> int:
    """Find the slice of ``inside`` that is furthest from every chosen one."""
    distances = np.abs(inside[:, None] - np.array(sorted(chosen))).min(axis=1)
    return int(inside[np.argmax(distances)])


def _per_slice(volume: NDArray[np.bool_]) -> NDArray[np.int64]:
    counts: NDArray[np.int64] = volume.sum(axis=(0, 1), dtype=np.int64)
    return counts
