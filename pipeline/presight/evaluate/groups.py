"""By what the scores are told apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from presight.evaluate.case import CaseScore
from presight.evaluate.classes import Classes, class_of, classes_between

ALL = "all"


class Group(NamedTuple):
    """Some of the scans.

    Attributes
    ----------
    by : str
        ``"all"``, ``"dataset"``, ``"site"``, ``"lesion load"`` or ``"slice thickness"``.
    name : str
    scores : tuple of CaseScore
    """

    by: str
    name: str
    scores: tuple[CaseScore, ...]


def groups_of(scores: Sequence[CaseScore], settings: dict[str, Any]) -> tuple[Group, ...]:
    """All scans, then by dataset, site, lesion load and slice thickness.

    Parameters
    ----------
    scores : sequence of CaseScore
    settings : dict
        ``configs/evaluation.yaml``.
    """
    load = classes_between(settings["lesion_load_percent"], "% of the brain")
    thickness = classes_between(settings["slice_mm"], "mm")
    return (
        Group(ALL, ALL, tuple(scores)),
        *_by("dataset", scores, [score.dataset for score in scores]),
        *_by("site", scores, [score.site for score in scores]),
        *_by("lesion load", scores, [_load_class(score, load) for score in scores], load),
        *_by("slice thickness", scores, [_slice_class(s, thickness) for s in scores], thickness),
    )


_NO_LESION, _ESTIMATED = "no lesion", "estimated"


def _load_class(score: CaseScore, classes: Classes) -> str:
    if not score.has_lesion or score.lesion_load_percent is None:
        return _NO_LESION
    return class_of(score.lesion_load_percent, classes)


def _slice_class(score: CaseScore, classes: Classes) -> str:
    return class_of(score.slice_mm, classes) if score.spacing_known else _ESTIMATED


def _by(
    by: str, scores: Sequence[CaseScore], names: Sequence[str], order: Classes | None = None
) -> list[Group]:
    """Gather what has one name, in the order of their classes, else of the alphabet."""
    members = defaultdict[str, list[CaseScore]](list)
    for score, name in zip(scores, names, strict=True):
        members[name].append(score)
    places = {name: place for place, name in enumerate(order or sorted(members))}
    ordered = sorted(members, key=lambda name: places.get(name, len(places)))
    return [Group(by, name, tuple(members[name])) for name in ordered]
