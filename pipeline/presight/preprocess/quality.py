"""What is seen of the input before its result is believed: numbers judged by rules that are data.

The rules, the sentences and how each limit was found are in ``configs/quality.yaml``.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

import numpy as np

from presight.config import load_config
from presight.errors import InputError
from presight.preprocess.acquisition import acquisition
from presight.preprocess.anatomy import Anatomy
from presight.preprocess.appearance import appearance
from presight.preprocess.conform import reorient
from presight.preprocess.coverage import coverage
from presight.preprocess.prepared import Quality
from presight.preprocess.register import head_mask
from presight.study.resample import resample
from presight.study.volume import Volume

Numbers = Mapping[str, float | None]

_STEP = 2  # every second voxel is enough to see whether the brain lies in the head


def numbers_of(native: Volume, flair: Volume, anatomy: Anatomy, scale: float) -> Numbers:
    """Measure everything that ``configs/quality.yaml`` has a rule for.

    Parameters
    ----------
    native : Volume
        As it came in.
    flair : Volume
        The same on the working grid.
    anatomy : Anatomy
    scale : float
        Commonest intensity of the brain.

    Returns
    -------
    mapping of str to float or None
        ``None`` where the image does not show it.
    """
    upright = reorient(native)
    brain = resample(anatomy.brain, flair.grid, upright.grid, nearest=True)
    spacing = sorted(native.grid.spacing_mm)
    return {
        **appearance(flair, anatomy),
        **coverage(native.grid, anatomy.to_atlas),
        **acquisition(upright, brain, scale),
        "slice_spacing_mm": spacing[2],
        "in_plane_mm": spacing[1],
        "brain_ml": float(anatomy.brain.sum()) * flair.grid.voxel_ml,
        "brain_inside_head_share": _inside_head(flair, anatomy),
    }


def judge(
    numbers: Numbers, of_anatomy: str = "", of_file: tuple[str, ...] = ()
) -> tuple[Quality, ...]:
    """Turn numbers into sentences for the reader.

    Parameters
    ----------
    numbers : mapping of str to float or None
    of_anatomy : str
        Why brain and regions are doubtful; empty where they are not.
    of_file : tuple of str
        What the file itself left open.
    """
    rules = load_config("quality.yaml")["rules"]
    return (
        *(_judged(name, numbers[name], rule) for name, rule in rules.items() if name in numbers),
        *(Quality("anatomy", None, doubt, doubtful=True) for doubt in [of_anatomy] if doubt),
        *(Quality("orientation", None, doubt, doubtful=True) for doubt in of_file),
    )


def refuse(numbers: Numbers, volume: Volume) -> None:
    """Refuse an image that no result can be made from.

    Raises
    ------
    InputError
        A number is beyond the limit at which its rule refuses; it says what the image looks like.
    """
    for name, rule in load_config("quality.yaml")["rules"].items():
        value = numbers.get(name)
        if value is None:
            continue
        verdict, side = _verdict(value, rule)
        if verdict == "refused":
            raise InputError(
                _clause(side["says"].format(value=value)),
                where=volume.source,
                expected=side["expected"],
                action=side["action"],
            )


def _judged(name: str, value: float | None, rule: dict[str, Any]) -> Quality:
    if value is None:
        return Quality(name, None, rule["unknown"])
    verdict, side = _verdict(value, rule)
    doubtful = verdict in ("refused", "doubtful")
    return Quality(name, value, side["says"].format(value=value), doubtful)


def _verdict(value: float, rule: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Give the strictest limit of a rule that a value is beyond, and the side with its sentence."""
    for verdict in ("refused", "doubtful", "noted"):
        for side, beyond in (("low", operator.lt), ("high", operator.gt)):
            limits = rule.get(side, {})
            if verdict in limits and beyond(value, limits[verdict]):
                return verdict, limits
    return "fine", rule


def _clause(sentence: str) -> str:
    """Sentence without its capital and full stop, as an error begins."""
    return sentence[0].lower() + sentence[1:].rstrip(".")


def _inside_head(flair: Volume, anatomy: Anatomy) -> float:
    thin = (slice(None, None, _STEP),) * 3
    brain = anatomy.brain[thin]
    head = head_mask(np.ascontiguousarray(flair.data[thin]))
    return float((brain & head).sum()) / max(1, int(brain.sum()))
