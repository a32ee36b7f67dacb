"""Whether regions can be those of a head: volume, shares, symmetry, sides, fit to the atlas."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from presight.config import load_config
from presight.preprocess.atlas import load_atlas
from presight.preprocess.fit import Fit
from presight.study.resample import resample
from presight.study.volume import Grid


def implausible(
    labels: NDArray[np.uint8], grid: Grid, fit: Fit | None, settings: dict[str, Any]
) -> str | None:
    """Give the first reason not to believe a label map; ``None`` if there is none.

    Parameters
    ----------
    labels : (X, Y, Z) ndarray of uint8
        Ids of ``configs/anatomy.yaml``.
    grid : Grid
    fit : Fit or None
        Of the labels to the atlas.
    settings : dict
        The ``plausible`` part of ``configs/preprocess.yaml``.
    """
    volumes = _volumes(labels) * grid.voxel_ml
    brain_ml = float(volumes.sum())
    low, high = settings["brain_ml"]
    if not low <= brain_ml <= high:
        return f"the brain would hold {brain_ml:.0f} mL"
    if fit is None or fit.distance_mm > settings["distance_mm"]:
        return "the regions do not lie to one another as in a head"
    along = np.diag(np.reshape(fit.to_atlas.GetMatrix(), (3, 3)))
    if along.min() < settings["upright"]:
        return "the head would be turned over or mirrored"
    return _odd_region(volumes, settings) or _disagreement(labels, grid, fit, settings)


def _odd_region(volumes: NDArray[np.float64], settings: dict[str, Any]) -> str | None:
    """Name a region that is far too small or large for its brain, or far from its twin."""
    names = load_config("anatomy.yaml")
    share = volumes / volumes.sum()
    for number, label in names["labels"].items():
        factor = share[number] / _atlas_shares()[number]
        low, high = settings["share"][label["region"]]
        if not low <= factor <= high:
            where = f"{names['names'][label['region']]} ({label['side']})"
            return f"{where} would have {factor:.1f} times its share of the brain"
    left, right = (
        sum(volumes[n] for n, label in names["labels"].items() if label["side"] == side)
        for side in ("left", "right")
    )
    if max(left, right) > settings["side_ratio"] * min(left, right):
        return f"one side would be {max(left, right) / max(min(left, right), 1e-9):.1f} the other"
    return None


def _disagreement(
    labels: NDArray[np.uint8], grid: Grid, fit: Fit, settings: dict[str, Any]
) -> str | None:
    """Compare brain and sides with those of the atlas, laid over the head by the fit."""
    atlas = load_atlas()
    thin = (slice(None, None, 2),) * 3
    affine = grid.affine @ np.diag([2, 2, 2, 1])
    x, y, z = labels[thin].shape
    laid = resample(
        atlas.labels, atlas.grid, Grid((x, y, z), affine), nearest=True, transform=fit.to_atlas
    )
    here = labels[thin]
    dice = 2 * ((here > 0) & (laid > 0)).sum() / ((here > 0).sum() + (laid > 0).sum())
    if dice < settings["overlap"]:
        return f"the brain overlaps the reference head by no more than {dice:.2f}"
    sides = _sides()
    both = (sides[here] != 0) & (sides[laid] != 0)
    swapped = float((sides[here] != sides[laid])[both].mean())
    if swapped > settings["swapped"]:
        return f"{swapped:.0%} of it would lie on the wrong side"
    return None


def _volumes(labels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Voxels of each id; 0 outside the brain."""
    count = np.bincount(labels.ravel(), minlength=1 + max(load_config("anatomy.yaml")["labels"]))
    count[0] = 0
    return count.astype(np.float64)


@cache
def _atlas_shares() -> NDArray[np.float64]:
    volumes = _volumes(load_atlas().labels)
    return np.maximum(volumes / volumes.sum(), 1e-9)


@cache
def _sides() -> NDArray[np.int8]:
    labels = load_config("anatomy.yaml")["labels"]
    table = np.zeros(1 + max(labels), dtype=np.int8)
    for number, label in labels.items():
        table[number] = {"left": -1, "right": 1, "midline": 0}[label["side"]]
    return table
