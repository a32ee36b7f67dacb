"""Alerts and the differential diagnosis: rules that run whatever the probabilities say."""

from __future__ import annotations

from presight.config import load_config
from presight.score.assessment import Alert, Differential
from presight.score.facts import Facts


def alerts(facts: Facts) -> tuple[Alert, ...]:
    """Return what a person should look at now, in the order of ``alerts.yaml``."""
    return tuple(
        Alert(text=entry["text"], because=entry["because"], source=tuple(entry["source"]))
        for entry in load_config("evidence/alerts.yaml").values()
        if facts.meets(entry["when"])
    )


def differential(facts: Facts) -> tuple[Differential, ...]:
    """Diseases that the known facts bring up, with what would settle each."""
    return tuple(
        Differential(
            name=entry["name"],
            why=entry["why"],
            settles=entry["settles"],
            source=tuple(entry["source"]),
        )
        for entry in load_config("evidence/differential.yaml").values()
        if facts.meets(entry["when"])
    )
