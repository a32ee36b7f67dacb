"""What a volume is, by the signs of ``configs/series.yaml``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from presight.config import load_config
from presight.dicom.stack import Stack
from presight.study.contrast import Contrast

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Opinion:
    """What the signs say of one volume.

    Attributes
    ----------
    points : mapping of Contrast to float
        Of every contrast that at least one sign speaks of.
    because : mapping of Contrast to tuple of str
        The signs that it shows, as clauses.
    left_out : tuple of str
        Why it is never taken by itself; empty where nothing speaks against it.
    """

    points: Mapping[Contrast, float]
    because: Mapping[Contrast, tuple[str, ...]]
    left_out: tuple[str, ...] = ()

    @property
    def contrast(self) -> Contrast | None:
        """The contrast with the most points, if they are enough and no other has as many."""
        if self.left_out or not self.points:
            return None
        first, *others = sorted(self.points, key=lambda contrast: -self.points[contrast])
        enough = self.points[first] >= load_config("series.yaml")["enough"]
        alone = not others or self.points[others[0]] < self.points[first]
        return first if enough and alone else None


def judge(stack: Stack) -> Opinion:
    """Weigh the signs that a volume shows."""
    rules, facts = load_config("series.yaml"), _facts(stack)
    shown = {
        Contrast(name): [sign for sign in signs if _holds(sign, facts)]
        for name, signs in rules["contrasts"].items()
    }
    return Opinion(
        points={c: sum(sign["points"] for sign in signs) for c, signs in shown.items() if signs},
        because={c: tuple(s["because"] for s in signs) for c, signs in shown.items() if signs},
        left_out=tuple(rule["because"] for rule in rules["leave_out"] if _holds(rule, facts)),
    )


def _facts(stack: Stack) -> Facts:
    series, traits = stack.series, stack.traits
    texts = (series.description, series.protocol, series.sequence_name)
    return {
        "text": re.sub(r"[_-]+", " ", " | ".join(texts).lower()),
        "image_type": {token.upper() for token in traits.image_type},
        "sequence": set(series.sequence),
        "acquisition": series.acquisition_type.lower(),
        "directionality": {traits.directionality},
        "agent": traits.agent,
        "echo_time_ms": traits.echo_time_ms,
        "repetition_time_ms": traits.repetition_time_ms,
        "inversion_time_ms": traits.inversion_time_ms,
        "b_value": traits.b_value,
        "slices": len(stack.frames),
        "repeats": stack.repeats,
    }


_SETS = ("image_type", "sequence", "directionality")
_RANGES = (
    "echo_time_ms", "repetition_time_ms", "inversion_time_ms", "b_value", "slices", "repeats",
)  # fmt: skip


def _holds(sign: Mapping[str, Any], facts: Facts) -> bool:
    """Whether everything that a sign names is so."""
    return (
        ("words" not in sign or any(_word(word).search(facts["text"]) for word in sign["words"]))
        and all(facts[name] & set(sign[name]) for name in _SETS if name in sign)
        and all(_within(facts[name], sign[name]) for name in _RANGES if name in sign)
        and ("agent" not in sign or facts["agent"] is sign["agent"])
        and ("acquisition" not in sign or facts["acquisition"] == sign["acquisition"])
    )


@cache
def _word(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _within(value: float | None, limits: tuple[float | None, float | None]) -> bool:
    if value is None:
        return False
    low, high = limits
    return (low is None or value >= low) and (high is None or value <= high)
