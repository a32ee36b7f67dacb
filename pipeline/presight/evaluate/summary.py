"""Figures of a group of scans, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from presight.evaluate.bootstrap import Reduce, interval
from presight.evaluate.calibration import pooled
from presight.evaluate.case import CaseScore
from presight.evaluate.groups import Group, groups_of
from presight.evaluate.lesions import LesionScore


@dataclass(frozen=True)
class Figure:
    """One figure of a group.

    Attributes
    ----------
    value : float or None
        ``None`` where no scan of the group defines it.
    interval : (float, float) or None
        95 % by bootstrap over patients; ``None`` for too few of them.
    scans : int
        Number of scans that define it.
    spacing_known : bool
        Of every one of these scans.
    """

    value: float | None
    interval: tuple[float, float] | None
    scans: int
    spacing_known: bool = True


@dataclass(frozen=True)
class Summary:
    """A group and its figures.

    Attributes
    ----------
    by, name : str
        As in :class:`~presight.evaluate.groups.Group`.
    scans, patients : int
    with_lesion, detected : int
        Scans with a drawn lesion, and those of them where a voxel of it was found.
    spacing_known : bool
        Of every scan of the group; else its millilitres and millimetres are nominal.
    figures : dict of str to Figure
        By the names of :data:`FIGURES`.
    """

    by: str
    name: str
    scans: int
    patients: int
    with_lesion: int
    detected: int
    spacing_known: bool
    figures: dict[str, Figure]

    def is_nominal(self, figure: str) -> bool:
        """Whether a figure rests on voxel sizes that are only estimated."""
        return (
            not self.figures[figure].spacing_known
            and not figure.endswith("percent_median")
            and ("_ml" in figure or "_mm" in figure)
        )


def summarise(scores: Sequence[CaseScore], settings: dict[str, Any]) -> tuple[Summary, ...]:
    """Figures of all scans and of every group.

    Parameters
    ----------
    scores : sequence of CaseScore
        At least one.
    settings : dict
        ``configs/evaluation.yaml``.
    """
    return tuple(_summary(group, settings) for group in groups_of(scores, settings))


_Value = Callable[[CaseScore], float | None]


def _overlap(name: str) -> _Value:
    return lambda score: getattr(score.overlap, name)


def _matched(name: str) -> _Value:
    def value(score: CaseScore) -> float | None:
        matched: LesionScore | None = score.matched
        return getattr(matched, name) if matched else None

    return value


def _size(value: _Value) -> _Value:
    """Give the absolute value: errors of both signs must not cancel."""

    def size(score: CaseScore) -> float | None:
        signed = value(score)
        return None if signed is None else abs(signed)

    return size


def _where_drawn(value: _Value) -> _Value:
    return lambda score: value(score) if score.has_lesion else None


def _free_slices(score: CaseScore) -> float:
    return score.free_slices_false_ml


# name -> (value of a scan, how scans are brought together)
FIGURES: dict[str, tuple[_Value, Reduce]] = {
    "dice_median": (lambda score: score.dice, np.nanmedian),
    "dice_mean": (lambda score: score.dice, np.nanmean),
    "hd95_mm_median": (lambda score: score.hd95_mm, np.nanmedian),
    "lesion_recall_mean": (_overlap("recall"), np.nanmean),
    "lesion_precision_mean": (_where_drawn(_overlap("precision")), np.nanmean),
    "lesion_f1_mean": (_overlap("f1"), np.nanmean),
    "matched_recall_mean": (_matched("recall"), np.nanmean),
    "matched_precision_mean": (_where_drawn(_matched("precision")), np.nanmean),
    "matched_f1_mean": (_matched("f1"), np.nanmean),
    "volume_error_percent_median": (_size(lambda s: s.volume_error_percent), np.nanmedian),
    "volume_error_ml_median": (_where_drawn(_size(lambda s: s.volume_error_ml)), np.nanmedian),
    "ece_mean": (lambda score: score.reliability.ece, np.nanmean),
    "false_ml_median": (lambda score: score.false_ml, np.nanmedian),
    "false_ml_max": (lambda score: score.false_ml, np.nanmax),
    "free_slices_false_ml_median": (_where_drawn(_free_slices), np.nanmedian),
    "free_slices_false_ml_max": (_where_drawn(_free_slices), np.nanmax),
}

_NO_INTERVAL = {np.nanmax}  # the bootstrap says nothing about the largest value


def _summary(group: Group, settings: dict[str, Any]) -> Summary:
    scores = group.scores
    figures = {name: _figure(scores, *how, settings) for name, how in FIGURES.items()}
    figures["ece_pooled"] = Figure(
        pooled(score.reliability for score in scores).ece, None, len(scores)
    )
    return Summary(
        by=group.by,
        name=group.name,
        scans=len(scores),
        patients=len({score.patient_id for score in scores}),
        with_lesion=sum(score.has_lesion for score in scores),
        detected=sum(bool(score.detected) for score in scores),
        spacing_known=all(score.spacing_known for score in scores),
        figures=figures,
    )


def _figure(
    scores: Sequence[CaseScore], value: _Value, reduce: Reduce, settings: dict[str, Any]
) -> Figure:
    defined = [score for score in scores if value(score) is not None]
    known = [(v, score.patient_id) for score in defined if (v := value(score)) is not None]
    if not known:
        return Figure(None, None, 0)
    values, patients = zip(*known, strict=True)
    spread = (
        None
        if reduce in _NO_INTERVAL
        else interval(values, patients, reduce, settings["bootstrap"])
    )
    spacing_known = all(score.spacing_known for score in defined)
    return Figure(float(reduce(values)), spread, len(values), spacing_known)
