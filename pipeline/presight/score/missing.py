"""Facts that are not known, with what knowing them would do."""

from __future__ import annotations

import math

import numpy as np

from presight.score.assessment import MissingFact
from presight.score.evidence import features, method
from presight.score.facts import Facts
from presight.score.weights import log_ratios


def missing_facts(facts: Facts) -> tuple[MissingFact, ...]:
    """Return unknown facts that would count, those that could move the verdict most first."""
    unknown = [name for name in features() if facts[name] is None and _weight(name) > 0]
    return tuple(
        MissingFact(feature=name, name=features()[name].name, effect=_effect(name))
        for name in sorted(unknown, key=lambda name: -_weight(name))
    )


def _weight(feature: str) -> float:
    return max(float(np.ptp(log_ratios(feature, state)[0])) for state in ("present", "absent"))


def _effect(feature: str) -> str:
    said = {"present": "present", "absent": "absent"}
    parts = [f"{word}: {_factors(feature, state)}" for state, word in said.items()]
    return "; ".join(part for part in parts if not part.endswith(": "))


def _factors(feature: str, state: str) -> str:
    """Odds of each class against the reference are multiplied by these factors."""
    ratios = log_ratios(feature, state)[0]
    return ", ".join(
        f"{method().names[name]} odds x {_factor(ratio)}"
        for name, ratio in zip(method().classes, ratios, strict=True)
        if abs(ratio) > 1e-9
    )


def _factor(ratio: float) -> str:
    return f"{math.exp(ratio):.2g}"
