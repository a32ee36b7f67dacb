"""Numbers behind the bars of the page, as shares of the width they are drawn in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from presight.config import load_config
from presight.measure.findings import RegionVolume, Side
from presight.score.assessment import Classification, Contribution, Label


@dataclass(frozen=True)
class RegionRow:
    """Hyperintensity of one region.

    Attributes
    ----------
    name : str
    sides : mapping of Side to RegionVolume
        Right and left, or midline alone.
    bars : mapping of Side to float
        Volume as a share of the largest in the chart, 0 to 1.
    """

    name: str
    sides: Mapping[Side, RegionVolume]
    bars: Mapping[Side, float]


def region_rows(regions: Iterable[RegionVolume]) -> tuple[RegionRow, ...]:
    """Rows of the volume chart, in the order of ``configs/anatomy.yaml``."""
    by_region: dict[str, dict[Side, RegionVolume]] = {}
    for volume in regions:
        by_region.setdefault(volume.region, {})[volume.side] = volume
    largest = max((v.lesion_ml for sides in by_region.values() for v in sides.values()), default=0)
    names = load_config("anatomy.yaml")["names"]
    order = sorted(by_region, key=lambda region: _place(region, list(names)))
    return tuple(_row(names.get(name, name), by_region[name], largest) for name in order)


def log_scale(contributions: Iterable[Contribution]) -> float:
    """Find the largest log-likelihood ratio of any sign: the bar that fills its cell."""
    return max((abs(x) for c in contributions for x in c.log_lr.values()), default=0.0) or 1.0


def what_if(classification: Classification) -> str:
    """Write what the script of the page needs to weigh the facts anew, as JSON; empty if nothing.

    Holds numbers and ids of facts, groups and classes, and no text of the study.
    """
    if not classification.weights:
        return ""
    groups: dict[str, list[dict[str, object]]] = {}
    for weight in classification.weights:
        groups.setdefault(weight.group, []).append(weight.model_dump(mode="json"))
    return json.dumps(
        {
            "labels": list(classification.prior),
            "prior": classification.prior,
            "groups": list(groups.values()),
        }
    )


def ranked(probabilities: Mapping[Label, float]) -> list[tuple[Label, float]]:
    """Classes from the likeliest to the least likely."""
    return sorted(probabilities.items(), key=lambda item: -item[1])


def _row(name: str, sides: dict[Side, RegionVolume], largest: float) -> RegionRow:
    bars = {side: (v.lesion_ml / largest if largest else 0.0) for side, v in sides.items()}
    return RegionRow(name, sides, bars)


def _place(region: str, order: list[str]) -> int:
    return order.index(region) if region in order else len(order)
