"""A clinical record that goes with a synthetic lesion."""

from __future__ import annotations

from typing import Any

import numpy as np

from presight.config import load_config
from presight.study.clinical import ClinicalRecord, Drug, Onset


def draw_record(family: str, rng: np.random.Generator) -> ClinicalRecord:
    """Draw a record as ``configs/synthesis.yaml`` describes the family's patients.

    Signs are drawn one by one at the frequencies of published series, and drawn again until
    somebody who fell ill has one; numbers come from ranges that were chosen for the
    simulation.
    """
    course = load_config("synthesis.yaml")["records"][family]
    values: dict[str, Any] = {
        name: float(f"{rng.uniform(*limits):.3g}") for name, limits in course["numbers"].items()
    }
    return ClinicalRecord(
        **values,
        **_draw_signs(course, rng),
        sex="F" if rng.random() < 0.5 else "M",
        onset=Onset(course["onset"]) if course["onset"] else None,
        organ=course["organ"] and str(rng.choice(course["organ"])),
        drugs=tuple(_draw_drug(drug, rng) for drug in course["drugs"]),
    )


def _draw_signs(course: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    chances = {name: chance["value"] for name, chance in course["signs"].items()}
    while True:
        signs = {name: bool(rng.random() < chance) for name, chance in chances.items()}
        if any(signs.values()) or not course["onset"]:
            return signs


def _draw_drug(drug: dict[str, Any], rng: np.random.Generator) -> Drug:
    return Drug(
        name=drug["name"],
        days_since_start=round(float(rng.uniform(*drug["days_since_start"]))),
        level_ng_ml=round(float(rng.uniform(*drug["level_ng_ml"])), 1),
    )
