"""Named criteria and sub-types, item by item: met, not met or unknown. No points are invented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from presight.config import load_config
from presight.score.assessment import Criterion, CriterionItem
from presight.score.facts import Facts

State = Literal["met", "not met", "unknown"]


def criteria(facts: Facts) -> tuple[Criterion, ...]:
    """Check the published criteria as far as their text is known."""
    return _all(facts, "criteria")


def subtypes(facts: Facts) -> tuple[Criterion, ...]:
    """Check the sub-types of toxic leukoencephalopathy; met where the essential items are."""
    return _all(facts, "subtypes")


def _all(facts: Facts, kind: str) -> tuple[Criterion, ...]:
    table = load_config("evidence/criteria.yaml")[kind]
    return tuple(_criterion(facts, entry) for entry in table.values())


def _criterion(facts: Facts, entry: Mapping[str, Any]) -> Criterion:
    items = tuple(
        CriterionItem(
            text=item["said"],
            state=_state(facts, item["rule"]),
            needed=entry["need"] == "all" or item.get("essential", False),
        )
        for item in entry["items"]
    )
    return Criterion(
        name=entry["name"],
        items=items,
        result=None if entry["need"] is None else _result(items),
        note=entry["note"],
        source=tuple(entry["source"]),
    )


def _state(facts: Facts, rule: Mapping[str, Any]) -> State:
    grade = facts.grade(rule)
    if grade is None:
        return "unknown"
    return "met" if grade >= 0.5 else "not met"


def _result(items: Sequence[CriterionItem]) -> State:
    """Whether every item that is needed is met."""
    needed = {item.state for item in items if item.needed}
    if "not met" in needed:
        return "not met"
    return "unknown" if "unknown" in needed else "met"
