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
    states = [_state(facts, item["rule"]) for item in entry["items"]]
    items = zip(entry["items"], states, strict=True)
    return Criterion(
        name=entry["name"],
        items=tuple(CriterionItem(text=item["said"], state=state) for item, state in items),
        result=_result(entry, states),
        note=entry["note"],
        source=tuple(entry["source"]),
    )


def _state(facts: Facts, rule: Mapping[str, Any]) -> State:
    grade = facts.grade(rule)
    if grade is None:
        return "unknown"
    return "met" if grade >= 0.5 else "not met"


def _result(entry: Mapping[str, Any], states: Sequence[State]) -> State | None:
    """Whether the whole is met; ``None`` where items are only listed."""
    if entry["need"] is None:
        return None
    needed = [
        state
        for item, state in zip(entry["items"], states, strict=True)
        if entry["need"] == "all" or item.get("essential")
    ]
    if "not met" in needed:
        return "not met"
    return "unknown" if "unknown" in needed else "met"
