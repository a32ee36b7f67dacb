"""Which regions a confluent lesion takes, on which side, how evenly: drawn by frequency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Extent:
    """One draw of where a confluent lesion lies.

    Attributes
    ----------
    pattern : str
        Name of the pattern in ``configs/synthesis.yaml``.
    weights : mapping of str to float
        Site to its share of the fraction, 1 for the pattern's core.
    bump : mapping of str to (centre, width)
        Where along x (distance from the midline), y and z the pattern is at home, MNI mm.
    left, right : float
        Fraction of a core site of each side that is involved; 0 spares the side.
    symmetry : float
        1 makes the sides mirror images, 0 makes them independent.
    cortex, subcortex, deep : float
        How readily tissue at that depth takes part.
    scale_mm : float
        Size of a patch.
    adherence : float
        How strictly the lesion keeps to the tissue that is prone to it.
    near_ventricle_mm : float or None
        Distance over which it fades away from the ventricles; ``None`` if it does not.
    """

    pattern: str
    weights: Mapping[str, float]
    bump: Mapping[str, tuple[float, float]]
    left: float
    right: float
    symmetry: float
    cortex: float
    subcortex: float
    deep: float
    scale_mm: float
    adherence: float
    near_ventricle_mm: float | None


def draw_extent(settings: Mapping[str, Any], rng: np.random.Generator) -> Extent:
    """Draw pattern, regions and sides of a confluent family of ``configs/synthesis.yaml``."""
    patterns = settings["patterns"]
    frequencies = [pattern["frequency"]["value"] for pattern in patterns.values()]
    name = list(patterns)[rng.choice(len(patterns), p=frequencies)]
    pattern = {**settings, **patterns[name]}
    left, right = _draw_sides(pattern, rng)
    reach = pattern["near_ventricle_mm"]
    depth = {kind: rng.uniform(*limits) for kind, limits in pattern["depth_weight"].items()}
    return Extent(
        pattern=name,
        weights=_draw_weights(settings, pattern, rng),
        bump={axis: (bump[0], bump[1]) for axis, bump in pattern["bump"].items()},
        left=left,
        right=right,
        symmetry=rng.uniform(*pattern["symmetry"]),
        scale_mm=rng.uniform(*pattern["scale_mm"]),
        adherence=rng.uniform(*pattern["adherence"]),
        near_ventricle_mm=rng.uniform(*reach) if reach else None,
        **depth,
    )


def _draw_sides(pattern: Mapping[str, Any], rng: np.random.Generator) -> tuple[float, float]:
    low, high = np.log(pattern["fraction"])
    strong = float(np.exp(rng.uniform(low, high)))
    bilateral = rng.random() < pattern["bilateral"]["value"]
    weak = strong * rng.uniform(*pattern["side_ratio"]) if bilateral else 0.0
    return (strong, weak) if rng.random() < 0.5 else (weak, strong)


def _draw_weights(
    settings: Mapping[str, Any], pattern: Mapping[str, Any], rng: np.random.Generator
) -> dict[str, float]:
    """Core sites of the pattern at full weight, any other as often as it is seen elsewhere."""
    weights = dict.fromkeys(pattern["core"], 1.0)
    for site, published in settings["involved"].items():
        chance = _chance_beyond_core(site, published["value"], settings["patterns"])
        if site not in weights and rng.random() < chance:
            weights[site] = rng.uniform(*pattern["elsewhere"])
    return weights


def _chance_beyond_core(site: str, value: float, patterns: Mapping[str, Any]) -> float:
    """Chance of a site in the patterns that do not always have it, so that all give ``value``."""
    always = sum(p["frequency"]["value"] for p in patterns.values() if site in p["core"])
    return float(np.clip((value - always) / (1 - always), 0, 1)) if always < 1 else 1.0
