"""A whole evaluation: which model, on what, every scan's score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from presight.evaluate.case import CaseScore
from presight.segment.bundle import Bundle


@dataclass(frozen=True)
class Failed:
    """A scan that could not be evaluated."""

    id: str
    sentence: str


@dataclass(frozen=True)
class Evaluation:
    """What was evaluated and what came out.

    Attributes
    ----------
    bundle : Bundle
        With the settings that it was used with.
    compared_on : str
        Which grid: ``"the grid it was drawn on"`` or ``"1 mm"``.
    scores : tuple of CaseScore
    failed : tuple of Failed
    settings : dict
        ``configs/evaluation.yaml``.
    """

    bundle: Bundle
    compared_on: str
    scores: tuple[CaseScore, ...]
    failed: tuple[Failed, ...]
    settings: dict[str, Any]
