"""Facts: everything the score reasons with, each a grade from 0 (absent) to 1 (present).

One small language, written out in ``configs/evidence/facts.yaml``, reads a radiologist's words
and a measurement into the same fact, so both score alike. ``None`` is unknown and stays so:
``all`` and ``any`` follow Kleene's three-valued logic with minimum and maximum for grades.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from typing import Any

import numpy as np

from presight.config import load_config
from presight.errors import ConfigError
from presight.measure.findings import Findings
from presight.score.derived import derive
from presight.score.drugs import on_board
from presight.score.infections import germ
from presight.score.regions import involved_regions
from presight.study.clinical import ClinicalRecord

Grade = float | None
Rule = Mapping[str, Any]


class Facts:
    """Facts of one patient, read on demand from the rules.

    Parameters
    ----------
    findings, clinical
        What was seen and what is known. Nothing else is ever looked at.
    without : iterable of str, optional
        Facts to treat as unknown, by id in ``facts.yaml``.
    """

    def __init__(
        self, findings: Findings, clinical: ClinicalRecord, without: Iterable[str] = ()
    ) -> None:
        self._rules: Mapping[str, Rule] = load_config("evidence/facts.yaml")
        self.findings, self.clinical = findings, clinical
        self.derived = derive(findings, clinical)
        self.regions = involved_regions(findings)
        self._without = frozenset(without)

    def __getitem__(self, fact: str) -> Grade:
        """Grade of a fact, 0 to 1, or ``None`` where it is not known."""
        if fact not in self._rules:
            raise ConfigError(f"there is no fact '{fact}'", where="configs/evidence/facts.yaml")
        return None if fact in self._without else self.grade(self._rules[fact])

    def told(self, **derived: float | str | bool | None) -> Facts:
        """Return the same facts with more derived values, such as the verdict."""
        more = Facts(self.findings, self.clinical, self._without)
        more.derived = self.derived | derived
        return more

    def leaving_out(self, names: Iterable[str]) -> Facts:
        """Return the same facts with some more treated as unknown."""
        fewer = copy(self)
        fewer._without = self._without | frozenset(names)
        return fewer

    def holds(self, fact: str) -> bool:
        """Whether a fact is known and more present than absent."""
        return _present(self[fact])

    def meets(self, rule: Rule) -> bool:
        """Whether a rule is known and more true than not."""
        return _present(self.grade(rule))

    def number(self, field: str) -> float | None:
        """Value of ``findings.x``, ``clinical.x`` or ``derived.x``."""
        value = self.value(field)
        return None if value is None else float(value)

    def value(self, field: str) -> Any:
        """Value of a field as it stands in findings, record or derived quantities."""
        owner, _, name = field.partition(".")
        if owner == "derived":
            return self.derived[name]
        return getattr({"findings": self.findings, "clinical": self.clinical}[owner], name)

    def grade(self, rule: Rule) -> Grade:
        """Grade that a rule gives."""
        for operator, argument in rule.items():
            if operator in _OPERATORS:
                return _OPERATORS[operator](self, argument)
        raise ConfigError(f"no rule is known in {dict(rule)}", where="configs/evidence/facts.yaml")


def _present(grade: Grade) -> bool:
    return grade is not None and grade >= 0.5


def _field(facts: Facts, field: str) -> Grade:
    return facts.number(field)


def _level(facts: Facts, argument: Rule) -> Grade:
    value = facts.value(argument["field"])
    return None if value is None else float(argument[str(value)])


def _ramp(facts: Facts, argument: Rule) -> Grade:
    value = facts.number(argument["field"])
    if value is None:
        return None
    at, grades = zip(*argument["knots"], strict=True)
    return float(np.interp(value, at, grades))


def _regions(facts: Facts, names: Iterable[str] | str) -> Grade:
    wanted = tuple(facts.regions) if names == "any" else tuple(names)
    return _highest([facts.regions.get(name) for name in wanted])


def _drug(facts: Facts, drug_class: str) -> Grade:
    return 1.0 if on_board(facts.clinical, drug_class) else None


def _pcr(facts: Facts, name: str) -> Grade:
    """Highest result of one germ, or of all that have no fact of their own."""
    results = facts.clinical.infection_pcr.items()
    return _highest([float(sign) for test, sign in results if _stands_for(test) == name])


def _stands_for(test: str) -> str:
    return "jcv" if germ(test) == "jcv" else "other"


def _only_if_present(facts: Facts, rule: Rule) -> Grade:
    grade = facts.grade(rule)
    return grade if grade else None


def _is(facts: Facts, argument: Rule) -> Grade:
    value = facts.value(argument["field"])
    return None if value is None else float(str(value) in argument["any_of"])


def _known(facts: Facts, field: str) -> Grade:
    return float(facts.value(field) is not None)


def _not_known(facts: Facts, fact: str) -> Grade:
    return float(facts[fact] is None)


def _lacks(facts: Facts, sequence: str) -> Grade:
    """Whether a sequence is not there, or, where sequences are not listed, not read."""
    if facts.findings.sequences:
        return float(sequence not in facts.findings.sequences)
    shown_by: Mapping[str, list[str]] = load_config("evidence/sequences.yaml")
    fields = shown_by[sequence]
    return float(all(facts.value(field) is None for field in fields))


def _first(facts: Facts, rules: Iterable[Rule]) -> Grade:
    grades = (facts.grade(rule) for rule in rules)
    return next((grade for grade in grades if grade is not None), None)


def _given(facts: Facts, argument: Rule) -> Grade:
    return facts.grade(argument["then"]) if facts.holds(argument["fact"]) else None


def _not(facts: Facts, rule: Rule) -> Grade:
    grade = facts.grade(rule)
    return None if grade is None else 1 - grade


def _unless(facts: Facts, rule: Rule) -> Grade:
    return float(not facts.meets(rule))


def _all(facts: Facts, rules: Iterable[Rule]) -> Grade:
    grades = [facts.grade(rule) for rule in rules]
    known = [grade for grade in grades if grade is not None]
    if known and min(known) == 0:
        return 0.0
    return min(known) if len(known) == len(grades) else None


def _any(facts: Facts, rules: Iterable[Rule]) -> Grade:
    return _highest([facts.grade(rule) for rule in rules])


def _highest(grades: list[Grade]) -> Grade:
    known = [grade for grade in grades if grade is not None]
    if not known or (len(known) < len(grades) and max(known) == 0):
        return None
    return max(known)


_OPERATORS: Mapping[str, Callable[[Facts, Any], Grade]] = {
    "field": _field,
    "fact": lambda facts, name: facts[name],
    "level": _level,
    "ramp": _ramp,
    "regions": _regions,
    "drug": _drug,
    "pcr": _pcr,
    "only_if_present": _only_if_present,
    "first": _first,
    "is": _is,
    "known": _known,
    "not_known": _not_known,
    "lacks": _lacks,
    "given": _given,
    "not": _not,
    "unless": _unless,
    "all": _all,
    "any": _any,
}
