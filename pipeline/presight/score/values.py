"""The value behind a fact, written for people."""

from __future__ import annotations

import re
from string import Formatter

from presight.config import load_config
from presight.score.facts import Facts

_FIELD = re.compile(r"\{([a-z_.]+)(?::([^}]*))?\}")


def shown(facts: Facts, fact: str) -> str:
    """Text such as ``"yes"`` or ``"61% of 84.0 mL"``; ``"not known"`` where it is unknown."""
    grade = facts[fact]
    template: str | None = load_config("evidence/values.yaml").get(fact)
    text = fill(facts, template) if template else None
    if text is not None:
        return text + _aside(facts, fact)
    if grade is None:
        return "not known"
    return {0.0: "no", 1.0: "yes"}.get(grade, "partly")


def _aside(facts: Facts, fact: str) -> str:
    """Say of a measured site or shape that the lesion is no more than the background."""
    entry = load_config("evidence/values.yaml")["within_background"]
    beyond = facts["beyond_background_ml"]
    return str(entry["said"]) if fact in entry["of"] and beyond is not None and beyond < 0.5 else ""


def fill(facts: Facts, template: str) -> str | None:
    """Template with its fields filled in, ``None`` if one of them is not known."""
    fields = {field: facts.value(field) for field, _ in _FIELD.findall(template)}
    if any(value is None for value in fields.values()):
        return None
    return _FIELD.sub(lambda hit: Formatter().format_field(fields[hit[1]], hit[2] or ""), template)
