"""Which lesions are found, by the size of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from presight.evaluate.classes import classes_between

_NEIGHBOURS = np.ones((3, 3, 3))  # 26


@dataclass(frozen=True)
class SizeClass:
    """Drawn lesions of one class of volume, and how many of them share a voxel with a finding."""

    name: str
    drawn: int
    found: int

    @property
    def recall(self) -> float | None:
        """Share of them that was found."""
        return self.found / self.drawn if self.drawn else None


def found_by_size(
    drawn: NDArray[np.bool_], found: NDArray[np.bool_], voxel_mm3: float, borders: Sequence[float]
) -> tuple[SizeClass, ...]:
    """Count the drawn lesions of each class of volume, and those that were found.

    Parameters
    ----------
    drawn, found : (X, Y, Z) ndarray of bool
    voxel_mm3 : float
    borders : sequence of float
        In mm3, rising.
    """
    parts, _ = ndimage.label(drawn, _NEIGHBOURS)
    volumes_mm3 = np.bincount(parts.ravel())[1:] * voxel_mm3
    touched = np.isin(np.arange(1, len(volumes_mm3) + 1), parts[found & drawn])
    classes = classes_between(borders, "mm3")
    members = {
        name: (volumes_mm3 >= low) & (volumes_mm3 < high) for name, (low, high) in classes.items()
    }
    return tuple(
        SizeClass(name, int(inside.sum()), int((inside & touched).sum()))
        for name, inside in members.items()
    )


def together(scans: Iterable[tuple[SizeClass, ...]]) -> tuple[SizeClass, ...]:
    """Lesions of several scans, class by class."""
    columns = zip(*scans, strict=True)
    return tuple(
        SizeClass(column[0].name, sum(c.drawn for c in column), sum(c.found for c in column))
        for column in columns
    )
