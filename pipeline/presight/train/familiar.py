"""What the scans that a bundle is made with look like."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from presight.config import load_config
from presight.errors import ConfigError
from presight.segment.traits import measure_traits
from presight.segment.trust import Limit
from presight.train.cache import TrainingVolume


def real(volumes: Iterable[TrainingVolume]) -> tuple[TrainingVolume, ...]:
    """Take the scans as they came from a scanner: nothing painted in, no head made whole."""
    made = ("painted_", "synthetic")
    return tuple(volume for volume in volumes if not volume.dataset.startswith(made))


def limits_of(volumes: Iterable[TrainingVolume]) -> dict[str, Limit]:
    """Median of every trait of ``configs/trust.yaml``, and its value furthest out.

    Raises
    ------
    ConfigError
        There is no volume.
    """
    seen = [measure_traits(each.image, each.brain > 0, each.anatomy) for each in volumes]
    if not seen:
        raise ConfigError("there is no scan to be familiar with", where="train")
    limits = {}
    for name, trait in load_config("trust.yaml")["traits"].items():
        values = [traits[name] for traits in seen if name in traits]
        if values:
            low = trait["suspect"] == "low"
            furthest = min(values) if low else max(*values, trait.get("edge_at_least", values[0]))
            middle = round(float(np.median(values)), 4)
            limits[name] = Limit(middle=middle, edge=round(float(furthest), 4))
    return limits
