"""What to consider next: imaging, laboratory and clinical, each with its reason and window."""

from __future__ import annotations

from typing import Any

from presight.config import load_config
from presight.score.assessment import Recommendation
from presight.score.facts import Facts

_URGENCY = ("now", "soon", "routine")


def recommendations(facts: Facts) -> tuple[Recommendation, ...]:
    """Recommendations whose rule holds, the most urgent first."""
    table = load_config("evidence/recommendations.yaml")
    chosen = [_recommendation(entry) for entry in table.values() if facts.meets(entry["when"])]
    return tuple(sorted(chosen, key=lambda entry: _URGENCY.index(entry.urgency)))


def _recommendation(entry: dict[str, Any]) -> Recommendation:
    window = entry["window_days"]
    return Recommendation(
        kind=entry["kind"],
        action=entry["action"],
        window_days=None if window is None else (window[0], window[1]),
        urgency=entry["urgency"],
        because=entry["because"],
        source=tuple(entry["source"]),
        against=entry["against"],
    )
