"""What became of each lesion, voxel by voxel and lesion by lesion.

Two outlines of one lesion never agree to the voxel. A voxel that only one of them holds counts as
change where the brightness of the tissue changed too, by more than it did in the healthy brain of
the same two scans (after Schmidt 2019, 10.1016/j.nicl.2019.101849); and a lesion counts as changed
where such voxels are more than a scan repeated on the same day would give
(``configs/follow_up.yaml``, ``retest``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from presight.follow_up.pair import Mask, Pair
from presight.follow_up.retest import Retest


class Change(IntEnum):
    """What became of a lesion; the numbers are those of the change map."""

    STABLE = 1
    NEW = 2
    GROWN = 3
    SHRUNK = 4
    RESOLVED = 5
    UNCONFIRMED = 6  # outlined in one scan only, while the tissue looks the same in both
    FLUID = 7  # lesion in one scan, as dark as fluid in the other: it moved or became a cavity


@dataclass(frozen=True)
class Voxels:
    """What the two outlines and the brightness say, voxel by voxel.

    Attributes
    ----------
    appeared : (X, Y, Z) ndarray of bool
        Lesion only after, brighter than before and no fluid before.
    vanished : (X, Y, Z) ndarray of bool
        Lesion only before, darker after and no fluid after.
    fluid : (X, Y, Z) ndarray of bool
        Lesion in one scan, fluid in the other. Where ventricles or sulci change their width the
        tissue has moved, which is no healing and no growth.
    """

    appeared: Mask
    vanished: Mask
    fluid: Mask


@dataclass(frozen=True)
class LesionChange:
    """One lesion: voxels of either outline that touch.

    Attributes
    ----------
    change : Change
    before_ml, after_ml : float
        Outlined volume.
    appeared_ml, vanished_ml : float
        Of it, what is change beyond doubt of the outline.
    border_ml : float
        Volume by which it grows when its border moves out by 1 mm.
    error_ml : float
        As much appears or vanishes in 95 of 100 lesions when a scan is repeated.
    label : int
        Region and side that holds most of it (``configs/anatomy.yaml``).
    centre_mm : tuple of float
        World millimetres (RAS+) at the half-way place.
    """

    change: Change
    before_ml: float
    after_ml: float
    appeared_ml: float
    vanished_ml: float
    border_ml: float
    error_ml: float
    label: int
    centre_mm: tuple[float, float, float]


@dataclass(frozen=True)
class ChangeMap:
    """What became of every lesion.

    Attributes
    ----------
    labels : (X, Y, Z) ndarray of uint8
        `Change`, 0 outside every lesion; on the half-way grid.
    lesions : tuple of LesionChange
        The largest first.
    voxels : Voxels
    """

    labels: NDArray[np.uint8]
    lesions: tuple[LesionChange, ...]
    voxels: Voxels


def map_change(pair: Pair, retest: Retest, settings: dict[str, Any]) -> ChangeMap:
    """Compare the lesions of two scans.

    Parameters
    ----------
    pair : Pair
    retest : Retest
        What a repeated scan changes.
    settings : dict
        The ``change`` part of ``configs/follow_up.yaml``.
    """
    voxels = _voxels(pair, settings)
    parts, count = ndimage.label(pair.union, np.ones((3, 3, 3)))
    labels = np.zeros(parts.shape, np.uint8)
    lesions = []
    for number, box in enumerate(ndimage.find_objects(parts, count), start=1):
        inside = parts[box] == number
        lesion = _lesion(inside, box, pair, voxels, retest)
        lesions.append(lesion)
        _paint(labels[box], inside, box, voxels, lesion)
    lesions.sort(key=lambda lesion: -max(lesion.before_ml, lesion.after_ml))
    return ChangeMap(labels, tuple(lesions), voxels)


def _voxels(pair: Pair, settings: dict[str, Any]) -> Voxels:
    before, after = pair.before.lesion & pair.seen, pair.after.lesion & pair.seen
    came, went = after & ~before, before & ~after
    first, second = (
        ndimage.gaussian_filter(scan.flair, settings["smooth_mm"] / pair.grid.spacing_mm[0])
        for scan in (pair.before, pair.after)
    )
    brighter, darker = _changed(first, second, pair.healthy, settings["healthy_tails"])
    wet_before, wet_after = (scan < settings["fluid_below"] for scan in (first, second))
    fluid = came & _filled(wet_before, wet_after) | went & _filled(wet_after, wet_before)
    return Voxels(came & brighter & ~fluid, went & darker & ~fluid, fluid)


def _filled(here: Mask, there: Mask) -> Mask:
    """Find the fluid of one scan that is none in the other, and what it fills in part."""
    filled: Mask = ndimage.binary_dilation(here & ~there, np.ones((3, 3, 3)))
    return filled


def _changed(
    first: NDArray[np.float32], second: NDArray[np.float32], healthy: Mask, tail: float
) -> tuple[Mask, Mask]:
    """Where the tissue is brighter, and darker, than the healthy brain's own fluctuation."""
    if not healthy.any():
        everywhere = np.ones_like(healthy)
        return everywhere, everywhere
    difference = _on_one_scale(second, healthy) - _on_one_scale(first, healthy)
    low, high = np.quantile(difference[healthy], (tail, 1 - tail))
    return difference > high, difference < low


def _on_one_scale(flair: NDArray[np.float32], healthy: Mask) -> NDArray[np.float32]:
    """Median 0 and median absolute deviation 1 in the healthy brain."""
    centre = np.median(flair[healthy])
    spread = np.median(np.abs(flair[healthy] - centre))
    scaled: NDArray[np.float32] = (flair - centre) / max(float(spread), 1e-6)
    return scaled


def _lesion(
    inside: Mask, box: tuple[slice, ...], pair: Pair, voxels: Voxels, retest: Retest
) -> LesionChange:
    def millilitres(mask: Mask) -> float:
        return float(np.count_nonzero(mask[box] & inside)) * pair.grid.voxel_ml

    before_ml, after_ml = millilitres(pair.before.lesion), millilitres(pair.after.lesion)
    appeared_ml, vanished_ml = millilitres(voxels.appeared), millilitres(voxels.vanished)
    border_ml = border_ml_per_mm(inside, pair.grid.spacing_mm[0])
    error_ml = retest.border_mm * border_ml
    places = np.argwhere(inside) + [part.start for part in box]
    centre = pair.grid.affine[:3, :3] @ places.mean(axis=0) + pair.grid.affine[:3, 3]
    return LesionChange(
        change=_judge(before_ml, after_ml, appeared_ml, vanished_ml, error_ml, retest),
        before_ml=before_ml,
        after_ml=after_ml,
        appeared_ml=appeared_ml,
        vanished_ml=vanished_ml,
        border_ml=border_ml,
        error_ml=error_ml,
        label=int(np.bincount(pair.anatomy[box][inside]).argmax()),
        centre_mm=(float(centre[0]), float(centre[1]), float(centre[2])),
    )


def border_ml_per_mm(mask: Mask, spacing_mm: float) -> float:
    """Volume by which a mask on cubic voxels grows when its border moves out by 1 mm."""
    border = np.count_nonzero(mask & ~ndimage.binary_erosion(mask))
    return border * spacing_mm**2 / 1000


def _judge(
    before_ml: float,
    after_ml: float,
    appeared_ml: float,
    vanished_ml: float,
    error_ml: float,
    retest: Retest,
) -> Change:
    if not before_ml:
        confirmed = appeared_ml > max(error_ml, retest.lone_ml)
        return Change.NEW if confirmed else Change.UNCONFIRMED
    if not after_ml:
        confirmed = vanished_ml > max(error_ml, retest.lone_ml)
        return Change.RESOLVED if confirmed else Change.UNCONFIRMED
    if max(appeared_ml, vanished_ml) <= error_ml:
        return Change.STABLE
    return Change.GROWN if appeared_ml > vanished_ml else Change.SHRUNK


def _paint(
    labels: NDArray[np.uint8],
    inside: Mask,
    box: tuple[slice, ...],
    voxels: Voxels,
    lesion: LesionChange,
) -> None:
    """Mark the voxels of a lesion: all of one that came or went, else what changed of it."""
    if lesion.change in (Change.NEW, Change.RESOLVED, Change.UNCONFIRMED):
        labels[inside] = lesion.change
        return
    labels[inside] = Change.STABLE
    labels[inside & voxels.fluid[box]] = Change.FLUID
    if lesion.appeared_ml > lesion.error_ml:
        labels[inside & voxels.appeared[box]] = Change.GROWN
    if lesion.vanished_ml > lesion.error_ml:
        labels[inside & voxels.vanished[box]] = Change.SHRUNK
