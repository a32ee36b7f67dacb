"""Scans that stand apart from the rest of their cohort."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import median_abs_deviation

from presight.cohort.page.data import Cohort, Scan
from presight.config import load_config


@dataclass(frozen=True)
class Outlier:
    """A scan and what is unusual about it, in sentences."""

    scan: Scan
    sentences: tuple[str, ...]


def find_outliers(cohort: Cohort) -> list[Outlier]:
    """Find scans far from the median of the cohort, and those of doubtful quality.

    The distance is counted in median absolute deviations, scaled to agree with the standard
    deviation where numbers are normal (Iglewicz and Hoaglin 1993).
    """
    settings = load_config("cohort_page.yaml")["outliers"]
    said: dict[str, list[str]] = {}
    for name, quantity in settings["quantities"].items():
        for study, sentence in _far(cohort, name, quantity, settings):
            said.setdefault(study, []).append(sentence)
    found = (
        Outlier(scan, (*said.get(scan.study, ()), *([scan.doubts] if scan.doubts else [])))
        for scan in cohort.scans
    )
    return sorted(
        (outlier for outlier in found if outlier.sentences),
        key=lambda outlier: (outlier.scan.study not in said, outlier.scan.study),
    )


def _far(
    cohort: Cohort, name: str, quantity: Mapping[str, str], settings: Mapping[str, Any]
) -> list[tuple[str, str]]:
    known = [(s.study, value) for s in cohort.scans if (value := s.numbers.get(name)) is not None]
    if len(known) < settings["scans_at_least"]:
        return []
    values = np.array([value for _, value in known])
    middle, spread = np.median(values), median_abs_deviation(values, scale="normal")
    if not spread > 0:
        return []
    return [
        (study, _sentence(quantity, value, float(middle)))
        for study, value in known
        if abs(value - middle) > settings["deviations"] * spread
    ]


def _sentence(quantity: Mapping[str, str], value: float, middle: float) -> str:
    name = quantity["name"][0].upper() + quantity["name"][1:]
    unit = f" {quantity['unit']}" if quantity["unit"] else ""
    return (
        f"{name} {_number(value)}{unit}, where the cohort's median is {_number(middle)}{unit}: "
        f"{quantity['hint']}."
    )


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2g}"
