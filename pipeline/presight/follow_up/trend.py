"""The course of a lesion over any number of scans."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from presight.follow_up.comparison import Comparison, Trend
from presight.follow_up.time_point import TimePoint


class TrendPoint(BaseModel):
    """One scan in the course. Volumes are those of the scan alone, on its own grid.

    ``error_ml``: a repeated scan differs by less, 95 times of 100. ``change`` and the counts of
    lesions, ``new`` and ``resolved``, are against the scan before: ``None`` for the first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    day: float | None  # from the first scan
    lesion_ml: float
    error_ml: float | None
    lesion_count: int | None
    percent_of_first: float | None
    change: Trend | None = None
    new: int | None = None
    resolved: int | None = None
    adc_ratio: float | None = None


def trend(points: Sequence[TimePoint], comparisons: Sequence[Comparison]) -> tuple[TrendPoint, ...]:
    """List the scans in order.

    Parameters
    ----------
    points : sequence of TimePoint
    comparisons : sequence of Comparison
        Of each scan with the one before it: one fewer than ``points``.
    """
    first = points[0]
    rows = [_row(first, first, comparisons[0].report.error_ml if comparisons else None)]
    for point, comparison in zip(points[1:], comparisons, strict=True):
        report = comparison.report
        against = {
            "change": report.trend,
            "new": report.lesions_by_change["new"],
            "resolved": report.lesions_by_change["resolved"],
        }
        rows.append(_row(point, first, report.error_ml).model_copy(update=against))
    return tuple(rows)


def lesion_ml(point: TimePoint) -> float:
    """Volume of the lesion on the scan's own grid."""
    return float(point.lesion.sum()) * point.flair.grid.voxel_ml


def _row(point: TimePoint, first: TimePoint, error_ml: float | None) -> TrendPoint:
    volume_ml, before_ml = lesion_ml(point), lesion_ml(first)
    days = None if point.day is None or first.day is None else point.day - first.day
    return TrendPoint(
        name=point.name,
        day=days,
        lesion_ml=volume_ml,
        error_ml=error_ml,
        lesion_count=point.findings.lesion_count,
        percent_of_first=100 * volume_ml / before_ml if before_ml else None,
        adc_ratio=point.findings.adc_ratio,
    )
