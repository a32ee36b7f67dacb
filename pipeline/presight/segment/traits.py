"""A few plain numbers of a prepared scan that tell whether it looks like a whole, quiet FLAIR."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from presight.config import load_config

_STEP = 3  # every third voxel along each axis is enough
_ENOUGH = 30  # voxels for a median


def measure_traits(
    image: NDArray[Any], brain: NDArray[np.bool_], anatomy: NDArray[np.uint8]
) -> dict[str, float]:
    """Measure the traits of ``configs/trust.yaml``; one that cannot be seen is left out.

    Parameters
    ----------
    image : (X, Y, Z) ndarray
        1 mm, commonest brain intensity 1.
    brain : (X, Y, Z) ndarray of bool
    anatomy : (X, Y, Z) ndarray of uint8
        Labels of ``configs/anatomy.yaml``.

    Returns
    -------
    dict of str to float
        ``bright_tissue``, ``dark_tissue``: 98th and 25th percentile of the brain.
        ``brainstem``, ``ventricles``: medians. ``cut_surface``: brain on the faces of the image,
        as a share of the face of a cube of the brain's volume.
    """
    thin = (slice(None, None, _STEP),) * 3
    seen = np.asarray(image[thin], dtype=np.float32)
    tissue, labels = seen[brain[thin]], anatomy[thin]
    if tissue.size < _ENOUGH:
        return {}
    dark, bright = np.percentile(tissue, [25, 98])
    medians = {name: _median(seen[np.isin(labels, _labels(name))]) for name in _REGIONS}
    return {
        "bright_tissue": float(bright),
        "dark_tissue": float(dark),
        "cut_surface": _cut_surface(brain),
        **{name: median for name, median in medians.items() if median is not None},
    }


_REGIONS = ("brainstem", "ventricles")


def _labels(region: str) -> list[int]:
    labels = load_config("anatomy.yaml")["labels"]
    return [number for number, label in labels.items() if label["region"] == region]


def _median(values: NDArray[np.float32]) -> float | None:
    return float(np.median(values)) if values.size >= _ENOUGH else None


def _cut_surface(brain: NDArray[np.bool_]) -> float:
    faces = [np.take(brain, end, axis) for axis in range(3) for end in (0, -1)]
    return float(sum(np.count_nonzero(face) for face in faces) / np.count_nonzero(brain) ** (2 / 3))
