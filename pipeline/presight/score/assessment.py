"""The answer: how likely each class is, on what evidence, and what should come next."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict


class Label(StrEnum):
    """Verdict. ``INDETERMINATE`` is a verdict of its own, not a failure."""

    PRES = "pres"
    TOXIC = "toxic_leukoencephalopathy"
    OTHER = "other"
    NO_FINDING = "no_finding"
    INDETERMINATE = "indeterminate"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Contribution(_Frozen):
    """What one fact added to the log-odds of each class, in nats (natural-log likelihood)."""

    feature: str  # id in configs/evidence
    name: str  # for people: "seizure"
    value: str  # what was found: "yes", "182 mmHg", "61 % of 84 mL"
    log_lr: dict[Label, float]
    source: tuple[str, ...]  # source ids
    quality: Literal["A", "B", "C"]
    note: str = ""


class Weight(_Frozen):
    """What one feature says on its own, before its group is weighed, whatever is left out."""

    feature: str
    group: str
    present: dict[Label, float]  # nats where its grade is 1
    absent: dict[Label, float]  # nats where its grade is 0, in proportion between
    read_from: tuple[str, ...]  # listed facts that change it, itself among them
    grades: tuple[float | None, ...]  # bit i of the place: read_from[i] is left out


class Interval(_Frozen):
    """Credible interval of a probability."""

    low: float
    high: float


class Classification(_Frozen):
    """Probabilities of the four classes and the verdict drawn from them."""

    label: Label
    probabilities: dict[Label, float]
    interval: dict[Label, Interval]
    interval_mass: float  # 0.9: a 90 % interval
    prior: dict[Label, float]
    prior_source: str
    contributions: tuple[Contribution, ...]
    because: str  # one sentence: why this label, or why none
    weights: tuple[Weight, ...] = ()  # to weigh anew without some of the contributions


class Differential(_Frozen):
    """A diagnosis to keep in mind."""

    name: str
    why: str
    settles: str  # what would settle it
    source: tuple[str, ...]


class Alert(_Frozen):
    """Something a person should look at now."""

    text: str
    because: str
    source: tuple[str, ...]


class Recommendation(_Frozen):
    """Decision support: worded as something to consider, never as an order."""

    kind: Literal["imaging", "laboratory", "clinical"]
    action: str
    window_days: tuple[float, float] | None
    urgency: Literal["now", "soon", "routine"]
    because: str
    source: tuple[str, ...]
    against: str = ""  # what speaks against it, or where sources disagree


class MissingFact(_Frozen):
    """A fact that was not known and would bear on the verdict."""

    feature: str
    name: str
    effect: str  # what knowing it could change


class Severity(_Frozen):
    """Clinical severity of neurotoxicity, where symptoms are known."""

    grade: str | None
    because: str
    source: tuple[str, ...]


class CriterionItem(_Frozen):
    """One item of a named criterion."""

    text: str
    state: Literal["met", "not met", "unknown"]
    needed: bool = False  # the result depends on it


class Criterion(_Frozen):
    """Named criteria, or the pattern of a sub-type, item by item."""

    name: str
    items: tuple[CriterionItem, ...]
    result: Literal["met", "not met", "unknown"] | None  # None: items are listed, not added up
    note: str
    source: tuple[str, ...]


class LaboratoryReading(_Frozen):
    """One laboratory value or pressure in words, against ranges that may disagree."""

    name: str
    value: str  # with its unit
    reading: str
    note: str
    source: tuple[str, ...]


class Assessment(_Frozen):
    """Everything the score says about one study."""

    classification: Classification
    differential: tuple[Differential, ...]
    severity: Severity
    alerts: tuple[Alert, ...]
    recommendations: tuple[Recommendation, ...]
    missing: tuple[MissingFact, ...]
    laboratory: tuple[LaboratoryReading, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    subtypes: tuple[Criterion, ...] = ()  # of toxic leukoencephalopathy
    trend: str | None = None  # change against the previous study
    sources: dict[str, str]  # source id -> citation, of every source named above
    research_use_only: Literal[True] = True
