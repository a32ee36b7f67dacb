"""From facts to class probabilities: prior plus contributions, in nats, with intervals.

Source of the method: likelihood ratios as weights of evidence (Good 1950; Spiegelhalter &
Knill-Jones 1984, 10.2307/2981737), with sampling uncertainty carried by seeded draws.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from presight.score.assessment import Classification, Contribution, Interval, Label
from presight.score.evidence import Prior, features, method
from presight.score.facts import Facts
from presight.score.values import shown
from presight.score.weights import log_ratios
from presight.score.what_if import weigh_choices

Array = NDArray[np.float64]  # (draws + 1, classes), row 0 the point estimate


def classify(facts: Facts, prior: Prior) -> Classification:
    """Class probabilities with credible intervals, and the verdict drawn from them.

    The logarithms of the prior and the contributions add up, class by class, to the logarithm
    of the probabilities (up to the constant that makes these sum to one).
    """
    evidence = _within_groups(_evidence(facts))
    scores = _log_prior(prior) + sum(evidence.values(), np.zeros(_shape()))
    probabilities = _softmax(scores)
    labels = [Label(name) for name in method().classes]
    point = dict(zip(labels, probabilities[0].tolist(), strict=True))
    intervals = _intervals(probabilities, labels)
    label, because = _verdict(point, intervals)
    contributions = _contributions(facts, evidence)
    return Classification(
        label=label,
        probabilities=point,
        interval=intervals,
        interval_mass=method().interval_mass,
        prior=dict(zip(labels, _softmax(_log_prior(prior))[0].tolist(), strict=True)),
        prior_source=f"{prior.name}: {prior.assumed}",
        contributions=contributions,
        because=because,
        weights=weigh_choices(facts, [each.feature for each in contributions]),
    )


def _evidence(facts: Facts) -> dict[str, Array]:
    """Log-likelihood ratios of every known fact, graded between absent and present."""
    grades = {name: facts[name] for name in features()}
    return {
        name: grade * log_ratios(name, "present") + (1 - grade) * log_ratios(name, "absent")
        for name, grade in grades.items()
        if grade is not None
    }


def _within_groups(evidence: dict[str, Array]) -> dict[str, Array]:
    """Shrink facts that share one piece of information, class by class, to the strongest."""
    members: dict[str, list[str]] = defaultdict(list)
    for name in evidence:
        members[features()[name].group].append(name)
    return {
        name: evidence[name] * _shrinkage([evidence[each] for each in members[group]])
        for name in evidence
        for group in [features()[name].group]
    }


def _shrinkage(facts: list[Array]) -> Array:
    """Factor per class that keeps the sum of facts no larger than the strongest of them."""
    points = np.array([each[0] for each in facts])
    together, strongest = np.abs(points.sum(axis=0)), np.abs(points).max(axis=0)
    too_much = together > strongest
    return np.where(too_much, strongest / np.where(too_much, together, 1), 1.0)


def _range(ratios: Array) -> float:
    """How far apart a fact drives the two classes that it separates most."""
    return float(np.ptp(ratios[0]))


def _log_prior(prior: Prior) -> Array:
    """Point and Dirichlet draws of the prior, logarithms."""
    shares = np.array([prior.shares[name] for name in method().classes])
    shares = shares / shares.sum()
    if prior.concentration is None:
        return np.broadcast_to(np.log(shares), _shape())
    generator = np.random.default_rng(method().seed)
    draws = generator.dirichlet(shares * prior.concentration, method().draws)
    return np.asarray(np.log(np.vstack([shares, draws])))


def _softmax(scores: Array) -> Array:
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def _intervals(probabilities: Array, labels: list[Label]) -> dict[Label, Interval]:
    tail = (1 - method().interval_mass) / 2
    low, high = np.quantile(probabilities[1:], [tail, 1 - tail], axis=0)
    point = probabilities[0]
    return {
        label: Interval(low=float(min(a, p)), high=float(max(b, p)))
        for label, a, b, p in zip(labels, low, high, point, strict=True)
    }


def _verdict(point: dict[Label, float], intervals: dict[Label, Interval]) -> tuple[Label, str]:
    leading = max(point, key=lambda label: point[label])
    interval, threshold = intervals[leading], method().threshold
    said = (
        f"{method().names[leading.value]} leads with {point[leading]:.0%}"
        f" ({interval.low:.0%} to {interval.high:.0%})"
    )
    if interval.low > threshold:
        return leading, f"{said}, and the whole interval lies above {threshold:.0%}"
    return Label.INDETERMINATE, f"{said}, which does not lie wholly above {threshold:.0%}"


def _contributions(facts: Facts, evidence: dict[str, Array]) -> tuple[Contribution, ...]:
    """Facts with what each added, the strongest first."""
    order = sorted(evidence, key=lambda name: -_range(evidence[name]))
    return tuple(
        _contribution(facts, name, evidence[name])
        for name in order
        if _range(evidence[name]) > 0 or not features()[name].counts
    )


def _contribution(facts: Facts, name: str, ratios: Array) -> Contribution:
    entry = features()[name]
    labels = [Label(label) for label in method().classes]
    return Contribution(
        feature=name,
        name=entry.name,
        value=shown(facts, name),
        log_lr=dict(zip(labels, ratios[0].tolist(), strict=True)),
        source=entry.source,
        quality=entry.quality,
        note=entry.note,
    )


def _shape() -> tuple[int, int]:
    return method().draws + 1, len(method().classes)
