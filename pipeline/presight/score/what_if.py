"""What each fact says while others are left out, so that a page can weigh the rest anew.

A fact may be read from others: a pattern from its parts, a seizure by whether a transplant is
known. Leaving one of these out changes the fact that is read from it, or brings another to light.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from presight.config import load_config
from presight.score.assessment import Label, Weight
from presight.score.evidence import features, method
from presight.score.facts import Facts
from presight.score.weights import log_ratios


def weigh_choices(facts: Facts, listed: Sequence[str]) -> tuple[Weight, ...]:
    """Weigh every feature for every choice of the listed facts that it is read from.

    Parameters
    ----------
    facts : Facts
    listed : sequence of str
        Features that may be left out, by id.

    Returns
    -------
    tuple of Weight
        Those that say something in at least one choice. Summed within groups and limited to the
        strongest of each, they give what :func:`presight.score.assess` gives ``without`` the same
        features.
    """
    weighed = (_weight(facts, name, listed) for name, each in features().items() if each.counts)
    return tuple(each for each in weighed if any(grade is not None for grade in each.grades))


def _weight(facts: Facts, name: str, listed: Sequence[str]) -> Weight:
    read_from = tuple(each for each in listed if each in _read_from(name))
    return Weight(
        feature=name,
        group=features()[name].group,
        present=_log_ratios(name, "present"),
        absent=_log_ratios(name, "absent"),
        read_from=read_from,
        grades=tuple(facts.leaving_out(chosen)[name] for chosen in _choices(read_from)),
    )


def _choices(names: Sequence[str]) -> Iterator[set[str]]:
    """Every subset; bit i of its place says whether names[i] is in it."""
    for place in range(2 ** len(names)):
        yield {name for bit, name in enumerate(names) if place >> bit & 1}


def _log_ratios(feature: str, state: str) -> dict[Label, float]:
    labels = [Label(name) for name in method().classes]
    return dict(zip(labels, log_ratios(feature, state)[0].tolist(), strict=True))


@cache
def _read_from(fact: str) -> frozenset[str]:
    """Return the fact and every other that its rule names, directly or through another."""
    rule = load_config("evidence/facts.yaml")[fact]
    return frozenset({fact}).union(*(_read_from(name) for name in _named(rule)))


def _named(rule: Any) -> Iterator[str]:
    """Facts that a rule names."""
    if isinstance(rule, Mapping):
        yield from (rule[key] for key in ("fact", "not_known") if key in rule)
        rule = list(rule.values())
    if isinstance(rule, list):
        for part in rule:
            yield from _named(part)
