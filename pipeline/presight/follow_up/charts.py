"""Numbers behind the plot of the course, in units of its drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from presight.follow_up.trend import TrendPoint

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 640.0, 220.0, 52.0, 34.0, 14.0


@dataclass(frozen=True)
class Dot:
    """One scan: its place, the ends of its error bar, and what is written beside it."""

    x: float
    y: float
    low: float
    high: float
    name: str
    said: str


@dataclass(frozen=True)
class Plot:
    """The course, ready to be drawn.

    Attributes
    ----------
    dots : tuple of Dot
    line : str
        Points of an SVG polyline.
    ticks : tuple of (y, text)
        Of the axis of volumes.
    dated : bool
        Whether the distance between scans is the time between them.
    """

    dots: tuple[Dot, ...]
    line: str
    ticks: tuple[tuple[float, str], ...]
    dated: bool


def plot(points: Sequence[TrendPoint]) -> Plot:
    """Place the scans: across by day where every day is known, else evenly; up by volume."""
    days = [point.day for point in points if point.day is not None]
    dated = len(days) == len(points) and days[-1] > days[0]
    across = np.asarray(days if dated else range(len(points)), dtype=np.float64)
    across = (across - across[0]) / max(across[-1] - across[0], 1e-9)
    errors = [point.error_ml or 0.0 for point in points]
    largest = max(point.lesion_ml + error for point, error in zip(points, errors, strict=True))
    step = _tick(largest)
    top = step * float(np.ceil(largest / step + 1e-9))
    dots = tuple(
        Dot(
            x=round(LEFT + 24 + share * (WIDTH - LEFT - 80), 1),
            y=_up(point.lesion_ml, top),
            low=_up(max(0.0, point.lesion_ml - error), top),
            high=_up(point.lesion_ml + error, top),
            name=point.name,
            said=f"day {point.day:g}" if dated else "",
        )
        for share, point, error in zip(across, points, errors, strict=True)
    )
    ticks = tuple((_up(value, top), f"{value:g}") for value in np.arange(0, top + step / 2, step))
    return Plot(dots, " ".join(f"{dot.x},{dot.y}" for dot in dots), ticks, dated)


def _up(volume_ml: float, top: float) -> float:
    return round(HEIGHT - BOTTOM - volume_ml / top * (HEIGHT - BOTTOM - TOP), 1)


def _tick(largest: float) -> float:
    """Step of 1, 2 or 5 times a power of ten that gives two to five steps."""
    rough = max(largest, 1e-3) / 4
    power = 10.0 ** np.floor(np.log10(rough))
    return float(next(step * power for step in (1, 2, 5, 10) if step * power >= rough))
