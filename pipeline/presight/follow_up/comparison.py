"""What became of the lesions between two scans: the numbers, and the map that they come from."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from scipy import ndimage

from presight.config import load_config
from presight.follow_up import rigid
from presight.follow_up.align import HalfWay, align
from presight.follow_up.change import (
    Change,
    ChangeMap,
    LesionChange,
    border_ml_per_mm,
    map_change,
)
from presight.follow_up.evolution import (
    AdcEvolution,
    RegionChange,
    adc_evolution,
    contrast,
    region_changes,
)
from presight.follow_up.pair import Pair, make_pair
from presight.follow_up.retest import Retest, retest_for
from presight.follow_up.time_point import GIVEN, TimePoint, days_between
from presight.study.resample import resample

_AROUND_BRAIN = 2  # voxels
Trend = Literal["resolved", "improved", "unchanged", "progressed"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LesionRow(_Frozen):
    """One lesion of the table; volumes in mL, the centre in half-way millimetres (RAS+)."""

    change: str
    region: str
    side: str
    before_ml: float
    after_ml: float
    appeared_ml: float
    vanished_ml: float
    error_ml: float
    centre_mm: tuple[float, float, float]


class AlignmentQuality(_Frozen):
    """How the two scans were brought onto each other."""

    similarity: float  # correlation in healthy brain, 1 for equal scans
    disagreement_mm: float  # between the two directions of the search
    shift_mm: float  # of the middle of the brain
    turn_deg: float


class ChangeReport(_Frozen):
    """Everything that is said about two scans; JSON-able.

    Volumes are those of the outlines at the half-way place, where both scans look. Percentages are
    of the volume before. ``None`` is not known.
    """

    before: str
    after: str
    days: float | None
    outlined_by: tuple[str, str]
    before_ml: float
    after_ml: float
    percent: float | None
    error_ml: float  # a scan repeated on one day differs by less, 95 times of 100
    error_percent: float | None
    confirmed_error_ml: float = 0.0  # the same for what the change map confirms
    trend: Trend | None
    volume_ml: dict[str, float]  # by kind of change, voxel by voxel
    lesions_by_change: dict[str, int]
    regions: tuple[RegionChange, ...]
    lesions: tuple[LesionRow, ...]
    contrast: tuple[float | None, float | None]  # lesion before / healthy brain, before and after
    adc: tuple[AdcEvolution, ...] = ()
    alignment: AlignmentQuality
    retest: dict[str, float]
    doubts: tuple[str, ...] = ()

    @property
    def confirmed_ml(self) -> float:
        """Growth less loss that the map shows: beyond the error, where the tissue changed too.

        Two outlines of one lesion differ by a few percent when a scan is repeated; this does not.
        """
        return confirmed_ml(self.volume_ml)

    @property
    def hidden_ml(self) -> tuple[float, float] | None:
        """Growth and loss where each exceeds the error, so that the total hides them."""
        came_ml = self.volume_ml["new"] + self.volume_ml["grown"]
        went_ml = self.volume_ml["shrunk"] + self.volume_ml["resolved"]
        return (came_ml, went_ml) if min(came_ml, went_ml) > self.error_ml else None


@dataclass(frozen=True)
class Comparison:
    """Two scans compared.

    Attributes
    ----------
    report : ChangeReport
    before, after : TimePoint
    pair : Pair
    changes : ChangeMap
        On the half-way grid.
    half_way : HalfWay
    """

    report: ChangeReport
    before: TimePoint
    after: TimePoint
    pair: Pair
    changes: ChangeMap
    half_way: HalfWay

    def native_map(self) -> NDArray[np.uint8]:
        """Change map on the grid of the FLAIR of the scan after; lesions that went are there too.

        Returns
        -------
        (X, Y, Z) ndarray of uint8
            Labels of `Change`.
        """
        back = rigid.to_itk(rigid.inverse(self.half_way.to_after))
        labels, grid = self.changes.labels, self.half_way.grid
        moved: NDArray[np.uint8] = resample(
            labels, grid, self.after.flair.grid, nearest=True, transform=back
        )
        return moved

    def native_prior(self) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Brain and lesion of the scan before, on the grid of the FLAIR of the scan after.

        Returns
        -------
        (X, Y, Z) ndarray of float32
            FLAIR, 0 outside the brain: no face and no skull.
        (X, Y, Z) ndarray of uint8
            1 in the lesion.
        """
        before, grid = self.before, self.after.flair.grid
        back = rigid.to_itk(rigid.inverse(self.half_way.movement))
        near = ndimage.binary_dilation(before.brain, iterations=_AROUND_BRAIN)
        brain = np.where(near, before.flair.data, np.float32(0))
        lesion = before.lesion.astype(np.uint8)
        return (
            resample(brain, before.flair.grid, grid, transform=back),
            resample(lesion, before.flair.grid, grid, nearest=True, transform=back),
        )


def compare(before: TimePoint, after: TimePoint, days: float | None = None) -> Comparison:
    """Align two scans of one head and say what became of the lesions.

    Parameters
    ----------
    before, after : TimePoint
    days : float, optional
        Between the scans, where the time points do not know it.

    Raises
    ------
    InputError
        The two do not look like one head.
    """
    settings = load_config("follow_up.yaml")
    if days is not None:
        before, after = replace(before, day=0.0), replace(after, day=days)
    half_way = align(before, after, settings["align"])
    pair = make_pair(before, after, half_way)
    retest = retest_for(max(before.slice_mm, after.slice_mm))
    changes = map_change(pair, retest, settings["change"])
    report = make_report(before, after, pair, changes, half_way, retest)
    return Comparison(report, before, after, pair, changes, half_way)


def make_report(
    before: TimePoint,
    after: TimePoint,
    pair: Pair,
    changes: ChangeMap,
    half_way: HalfWay,
    retest: Retest,
) -> ChangeReport:
    """Write down what was found, as numbers."""
    before_ml, after_ml = (
        float(np.count_nonzero(scan.lesion & pair.seen)) * pair.grid.voxel_ml
        for scan in (pair.before, pair.after)
    )
    volume_ml = {
        change.name.lower(): float(np.count_nonzero(changes.labels == change)) * pair.grid.voxel_ml
        for change in Change
    }
    border_ml = border_ml_per_mm(pair.union, pair.grid.spacing_mm[0])
    error_ml = max(retest.lone_ml, retest.total_mm * border_ml)
    confirmed_error_ml = retest.confirmed_mm * border_ml
    return ChangeReport(
        before=before.name,
        after=after.name,
        days=days_between(before, after),
        outlined_by=(before.outlined_by, after.outlined_by),
        before_ml=before_ml,
        after_ml=after_ml,
        percent=100 * (after_ml - before_ml) / before_ml if before_ml else None,
        error_ml=error_ml,
        error_percent=100 * error_ml / before_ml if before_ml else None,
        confirmed_error_ml=confirmed_error_ml,
        trend=judge(before_ml, after_ml, volume_ml, error_ml, confirmed_error_ml),
        volume_ml=volume_ml,
        lesions_by_change={
            change.name.lower(): sum(lesion.change is change for lesion in changes.lesions)
            for change in Change
            if change is not Change.FLUID
        },
        regions=region_changes(pair, retest),
        lesions=tuple(_row(lesion) for lesion in changes.lesions),
        contrast=(contrast(pair, pair.before), contrast(pair, pair.after)),
        adc=adc_evolution(pair, changes),
        alignment=_quality(half_way, before),
        retest=asdict(retest),
        doubts=tuple(_doubts(before, after, pair)),
    )


def judge(
    before_ml: float,
    after_ml: float,
    volume_ml: dict[str, float],
    error_ml: float,
    confirmed_error_ml: float = 0.0,
) -> Trend | None:
    """Name the change of the whole, ``unchanged`` where it is within the error of measurement.

    What the change map confirms counts by itself where it exceeds the error of the outlines: growth
    here may hide behind loss there. Outlines that differ by more than their error are not enough:
    the map has to say the same, by more than the map of a repeated scan does.

    Parameters
    ----------
    before_ml, after_ml : float
        Outlined volumes.
    volume_ml : dict of str to float
        Volume by kind of change.
    error_ml : float
        The outlines of a repeated scan differ by less.
    confirmed_error_ml : float
        What the change map of a repeated scan confirms is less.

    Returns
    -------
    str or None
        ``None`` where neither scan has a lesion.
    """
    if not before_ml and not after_ml:
        return None
    settings = load_config("follow_up.yaml")["change"]
    net_ml = confirmed_ml(volume_ml)
    differ = abs(after_ml - before_ml) > error_ml and net_ml * (after_ml - before_ml) > 0
    if abs(net_ml) <= error_ml and not (differ and abs(net_ml) > confirmed_error_ml):
        return "unchanged"
    if net_ml > 0:
        return "progressed"
    return "resolved" if after_ml <= settings["resolved_at_most"] * before_ml else "improved"


def confirmed_ml(volume_ml: dict[str, float]) -> float:
    """Growth less loss of a change map, from its volumes by kind of change."""
    came_ml = volume_ml["new"] + volume_ml["grown"]
    return came_ml - volume_ml["shrunk"] - volume_ml["resolved"]


def _row(lesion: LesionChange) -> LesionRow:
    labels = load_config("anatomy.yaml")["labels"]
    place = labels.get(lesion.label, {"region": "outside the regions", "side": "unknown"})
    return LesionRow(
        change=lesion.change.name.lower(),
        region=place["region"],
        side=place["side"],
        before_ml=lesion.before_ml,
        after_ml=lesion.after_ml,
        appeared_ml=lesion.appeared_ml,
        vanished_ml=lesion.vanished_ml,
        error_ml=lesion.error_ml,
        centre_mm=lesion.centre_mm,
    )


def _quality(half_way: HalfWay, before: TimePoint) -> AlignmentQuality:
    movement = half_way.movement
    grid = before.flair.grid
    middle = rigid.apply(grid.affine, (np.asarray([grid.shape]) - 1) / 2)
    return AlignmentQuality(
        similarity=half_way.similarity,
        disagreement_mm=half_way.disagreement_mm,
        shift_mm=float(np.linalg.norm(rigid.apply(movement, middle) - middle)),
        turn_deg=rigid.turn_deg(movement),
    )


def _doubts(before: TimePoint, after: TimePoint, pair: Pair) -> list[str]:
    said = load_config("follow_up.yaml")["doubts"]
    doubts = []
    if before.outlined_by != after.outlined_by:
        doubts.append(said["outlined_differently"])
    thin, thick = sorted((before.slice_mm, after.slice_mm))
    if thick > 1.25 * thin:
        doubts.append(said["slices_differ"].format(thin=thin, thick=thick))
    outside = (pair.before.lesion | pair.after.lesion) & ~pair.seen
    if outside.any():
        outside_ml = float(np.count_nonzero(outside)) * pair.grid.voxel_ml
        doubts.append(said["outside"].format(outside_ml=outside_ml))
    if after.outlined_by not in (GIVEN, load_config("follow_up.yaml")["retest"]["outlined_by"]):
        doubts.append(said["model_not_measured"])
    if before.day is None or after.day is None:
        doubts.append(said["no_days"])
    return doubts
