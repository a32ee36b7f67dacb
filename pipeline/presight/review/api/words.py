"""The words, rules and colours that the page shows: all of them data of the configuration."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from presight.config import load_config
from presight.follow_up.change import Change
from presight.review.api.desk import REFUSALS, Anybody

router = APIRouter(responses=REFUSALS)
_OF_THE_DESK = ("decisions", "states", "reasons", "limits", "images")
_OF_THE_REPORT = ("classes", "verdicts", "urgency", "kinds", "contrasts")
_OF_A_FIELD = ("label", "kind", "unit", "range", "choices")


@router.get("/words")
def words(_found: Anybody) -> dict[str, Any]:
    """Give the words and rules that the page shows."""
    review, report = load_config("review.yaml"), load_config("report.yaml")
    fields = load_config("clinical.yaml")["fields"]
    return {
        **{name: review[name] for name in _OF_THE_DESK},
        **{name: report[name] for name in _OF_THE_REPORT},
        "regions": load_config("anatomy.yaml")["names"],
        "labels": _labels(),
        "changes": _changes(review["change_colours"]),
        "fields": {
            name: {key: entry.get(key) for key in _OF_A_FIELD} for name, entry in fields.items()
        },
    }


def _labels() -> dict[int, str]:
    """Name every label of the anatomy."""
    anatomy = load_config("anatomy.yaml")
    names = anatomy["names"]
    return {
        index: names[label["region"]] + ("" if label["side"] == "midline" else f", {label['side']}")
        for index, label in anatomy["labels"].items()
    }


def _changes(colours: dict[str, str]) -> dict[int, dict[str, str]]:
    kinds = load_config("follow_up.yaml")["page"]["kinds"]
    return {
        change.value: {"name": kinds[name]["name"], "colour": colours[name]}
        for change in Change
        for name in (change.name.lower(),)
    }
