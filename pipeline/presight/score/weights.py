"""Log-likelihood ratios of a feature, with their uncertainty, as draws.

A ratio is counted where classes were compared within one study: both rates are drawn from
their Beta posterior (Jeffreys prior). Where only a direction is known, its size is one of the
few capped steps of ``method.yaml`` and its uncertainty a share of that size.
"""

from __future__ import annotations

import hashlib
from functools import cache

import numpy as np
from numpy.typing import NDArray

from presight.score.evidence import Feature, features, method

Draws = NDArray[np.float64]  # (draws + 1, classes): the point estimate first, then the draws


@cache
def log_ratios(feature: str, state: str) -> Draws:
    """Log-likelihood ratio of each class against the reference, in nats.

    Parameters
    ----------
    feature : str
        Id of a feature.
    state : {"present", "absent"}
        What was found.

    Returns
    -------
    ndarray, shape (draws + 1, classes)
        Row 0 is the mean of the draws that follow. Draws depend on the feature alone, so what
        else is known of the patient never changes them.
    """
    entry, settings = features()[feature], method()
    directions = entry.present if state == "present" else entry.absent
    draws = np.zeros((settings.draws, len(settings.classes)))
    for label, direction in directions.items():
        generator = _generator(feature, state, label)
        draws[:, settings.classes.index(label)] = _draw(entry, state, direction, generator)
    return np.vstack([draws.mean(axis=0), draws])


def _draw(
    entry: Feature, state: str, direction: str, generator: np.random.Generator
) -> NDArray[np.float64]:
    if direction == "counted":
        return _counted(entry, state, generator)
    size = np.log(method().strengths[direction.removeprefix("-")])
    sign = -1 if direction.startswith("-") else 1
    deviates = _standard_normal(generator)
    return np.asarray(sign * size * (1 + method().spread[entry.quality] * deviates))


def _counted(entry: Feature, state: str, generator: np.random.Generator) -> NDArray[np.float64]:
    pres = _rate([study.pres for study in entry.compared], state, generator)
    other = _rate([study.other for study in entry.compared], state, generator)
    return np.asarray(np.log(pres) - np.log(other))


def _rate(
    counts: list[tuple[int, int]], state: str, generator: np.random.Generator
) -> NDArray[np.float64]:
    n, total = (sum(values) for values in zip(*counts, strict=True))
    hits = n if state == "present" else total - n
    half = method().pseudocount
    return generator.beta(hits + half, total - hits + half, method().draws)


def _standard_normal(generator: np.random.Generator) -> NDArray[np.float64]:
    """Deviates whose mean is exactly zero, so that the point estimate is the stated size."""
    half = generator.standard_normal(method().draws // 2)
    return np.concatenate([half, -half])


def _generator(*name: str) -> np.random.Generator:
    digest = hashlib.sha256("/".join((str(method().seed), *name)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))
