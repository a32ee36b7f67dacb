"""Slices of two aligned scans with their change map, for the page.

The patient's left is on the right of every image and the front is up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from presight.config import load_config
from presight.follow_up.change import Change
from presight.follow_up.comparison import Comparison
from presight.report.figures import as_radiologists_look, choose_slices, outline_path, png_uri


@dataclass(frozen=True)
class ChangeSlice:
    """One axial slice of both scans.

    Attributes
    ----------
    number, count : int
        Place from the feet, from 1.
    columns, rows : int
        Voxels across and down; they are squares.
    before, after : str
        PNG as data URIs.
    before_outline, after_outline : str
        SVG paths in voxels; empty where there is no lesion.
    changes : dict of str to str
        SVG path around each kind of change that is there.
    """

    number: int
    count: int
    columns: int
    rows: int
    before: str
    after: str
    before_outline: str
    after_outline: str
    changes: dict[str, str]


def make_slices(comparison: Comparison) -> tuple[ChangeSlice, ...]:
    """Choose slices, most of them where a lesion is, and draw them from the feet to the head."""
    settings = load_config("follow_up.yaml")["page"]
    pair, labels = comparison.pair, comparison.changes.labels
    brain = pair.before.brain | pair.after.brain
    per_slice = [volume.sum(axis=(0, 1), dtype=np.int64) for volume in (labels > 0, brain)]
    frame = _frame(brain, settings["margin_voxels"])
    window = _window(comparison, brain, settings["window_percentiles"])
    chosen = choose_slices(per_slice[0], per_slice[1], settings["slices"])
    return tuple(_draw(comparison, k, frame, window, settings["enlarged"]) for k in chosen)


def _draw(
    comparison: Comparison,
    k: int,
    frame: tuple[slice, slice],
    window: tuple[float, float],
    enlarged: int,
) -> ChangeSlice:
    pair = comparison.pair

    def cut(volume: NDArray[np.generic]) -> NDArray[np.generic]:
        return as_radiologists_look(volume[(*frame, k)])

    labels = cut(comparison.changes.labels)
    rows, columns = labels.shape
    size = (columns * enlarged, rows * enlarged)
    return ChangeSlice(
        number=k + 1,
        count=pair.grid.shape[2],
        columns=columns,
        rows=rows,
        before=png_uri(cut(pair.before.flair), window, size),
        after=png_uri(cut(pair.after.flair), window, size),
        before_outline=outline_path(cut(pair.before.lesion & pair.seen)),
        after_outline=outline_path(cut(pair.after.lesion & pair.seen)),
        changes={
            change.name.lower(): area_path(labels == change)
            for change in Change
            if (labels == change).any()
        },
    )


def area_path(mask: NDArray[np.bool_]) -> str:
    """SVG path that fills the voxels of ``mask`` (rows, columns), a rectangle for each run."""
    steps = np.diff(np.pad(mask.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    rows, starts = np.nonzero(steps == 1)
    _, ends = np.nonzero(steps == -1)
    runs = zip(rows, starts, ends, strict=True)
    return "".join(f"M{start} {row}h{end - start}v1h{start - end}z" for row, start, end in runs)


def _frame(brain: NDArray[np.bool_], margin: int) -> tuple[slice, slice]:
    first, second = (
        np.flatnonzero(brain.any(axis=axes)) if brain.any() else np.arange(brain.shape[axis])
        for axis, axes in ((0, (1, 2)), (1, (0, 2)))
    )
    return (
        slice(max(0, int(first[0]) - margin), int(first[-1]) + margin + 1),
        slice(max(0, int(second[0]) - margin), int(second[-1]) + margin + 1),
    )


def _window(
    comparison: Comparison, brain: NDArray[np.bool_], percentiles: list[float]
) -> tuple[float, float]:
    """Black and white of both scans: one window, so that a difference is one of the tissue."""
    pair = comparison.pair
    values = np.concatenate([pair.before.flair[brain], pair.after.flair[brain]])
    low, high = np.percentile(values, percentiles) if values.size else (0.0, 1.0)
    return float(low), float(max(high, low + 1e-6))
