"""Spots that a person must look at: blood on SWI or T2*, enhancement on T1 before and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import ndimage

from presight.config import load_config
from presight.measure.burden import main_region
from presight.measure.details import Candidate
from presight.measure.head import Head, Image, Mask
from presight.study.contrast import Contrast

_EVERYWHERE = np.ones((3, 3, 3))


@dataclass(frozen=True)
class Enhancement:
    """Candidates for enhancement, and whether one of them is a ring."""

    candidates: tuple[Candidate, ...]
    ring: bool


def haemorrhages(head: Head) -> tuple[Candidate, ...] | None:
    """Dark spots in the brain on SWI or T2*; ``None`` without such an image.

    Veins are long, sinuses and air lie at the surface: both are left out, and mineralised basal
    ganglia are not, so each candidate is to be looked at.
    """
    image = head.others.get(Contrast.SWI)
    if image is None:
        return None
    settings = load_config("measure/settings.yaml")["haemorrhage"]
    inner = head.brain & (head.depth_to_surface_mm >= settings["rim_mm"])
    around = _around(image, head, settings["around_mm"])
    dark = inner & (image < settings["dark_below"] * around)
    return _candidates(dark, head, settings)


def enhancements(head: Head) -> Enhancement | None:
    """Spots brighter after contrast than before; ``None`` without both T1 images."""
    before, after = head.others.get(Contrast.T1), head.others.get(Contrast.T1_POST)
    if before is None or after is None:
        return None
    normal_before, normal_after = head.normal_median(before), head.normal_median(after)
    if not normal_before or not normal_after:
        return None
    settings = load_config("measure/settings.yaml")["enhancement"]
    inner = head.tissue & (head.depth_to_surface_mm >= settings["rim_mm"])
    seen = inner & (before > 0) & (head.ventricle_mm > settings["near_lesion_mm"] / 2)
    gain = (after / normal_after) / np.maximum(before / normal_before, 0.1)
    bright = seen & (gain > settings["ratio_above"])
    return Enhancement(
        _candidates(bright, head, settings), _has_ring(bright, head, settings["ring_hole_share"])
    )


def _around(image: Image, head: Head, around_mm: float) -> Image:
    """Mean of the brain tissue around each voxel."""
    sigma = [around_mm / step for step in head.grid.spacing_mm]
    there = (head.brain & (image > 0)).astype(np.float32)
    weight = np.maximum(ndimage.gaussian_filter(there, sigma), np.float32(1e-3))
    mean: Image = ndimage.gaussian_filter(image * there, sigma) / weight
    return mean


def _candidates(found: Mask, head: Head, settings: dict[str, Any]) -> tuple[Candidate, ...]:
    parts, _ = ndimage.label(found, structure=_EVERYWHERE)
    boxes = ndimage.find_objects(parts)
    candidates = []
    for number, box in enumerate(boxes, start=1):
        part = parts[box] == number
        volume_ml = float(part.sum()) * head.grid.voxel_ml
        if _fits(part, volume_ml, settings):
            candidates.append(_candidate(part, box, volume_ml, head, settings["near_lesion_mm"]))
    return tuple(sorted(candidates, key=lambda each: -each.volume_ml))


def _fits(part: Mask, volume_ml: float, settings: dict[str, Any]) -> bool:
    low, high = settings["smallest_ml"], settings.get("largest_ml", np.inf)
    longest, shortest = max(part.shape), max(1, min(part.shape))
    slender = longest / shortest > settings.get("elongation_at_most", np.inf)
    return bool(low <= volume_ml <= high and not slender)


def _candidate(
    part: Mask, box: tuple[slice, ...], volume_ml: float, head: Head, near_mm: float
) -> Candidate:
    region, side = main_region(head.anatomy[box][part])
    start = np.array([edge.start for edge in box])
    return Candidate(
        volume_ml=volume_ml,
        centre_mm=head.world_mm(start + np.array(ndimage.center_of_mass(part))),
        region=region,
        side=side,
        in_lesion=bool((head.lesion_mm[box][part] <= near_mm).any()),
    )


def _has_ring(bright: Mask, head: Head, hole_share: float) -> bool:
    """Whether a piece encloses a hole of a fair share of its filled shape, in any slice plane."""
    near = bright & (head.lesion_mm <= 10)
    parts, _ = ndimage.label(near, structure=_EVERYWHERE)
    return any(
        _hole(parts[box] == number) >= hole_share
        for number, box in enumerate(ndimage.find_objects(parts), start=1)
    )


def _hole(part: Mask) -> float:
    """Share of the filled shape that is hole; small gaps in the rim are closed first."""
    plane = np.ones((3, 3, 1), dtype=bool)
    closed = ndimage.binary_closing(np.pad(part, 2), plane)
    filled = np.stack(
        [ndimage.binary_fill_holes(closed[:, :, z]) for z in range(closed.shape[2])], 2
    )
    return float(filled.sum() - closed.sum()) / float(filled.sum())
