"""Classes of a quantity between borders, named for a table."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import inf

Classes = dict[str, tuple[float, float]]  # name -> from, up to but not with


def classes_between(borders: Sequence[float], unit: str) -> Classes:
    """Classes below, between and above the borders, the lowest first.

    >>> list(classes_between([1, 5], "mm"))
    ['under 1 mm', '1 to 5 mm', '5 mm and more']
    """
    ends = pairwise([-inf, *borders, inf])
    return {_name(low, high, unit): (low, high) for low, high in ends}


def class_of(value: float, classes: Classes) -> str:
    """Name of the class that a value belongs to."""
    return next(name for name, (low, high) in classes.items() if low <= value < high)


def _name(low: float, high: float, unit: str) -> str:
    if low == -inf:
        return f"under {high:g} {unit}"
    return f"{low:g} {unit} and more" if high == inf else f"{low:g} to {high:g} {unit}"
