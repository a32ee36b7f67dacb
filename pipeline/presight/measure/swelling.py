"""Swelling and mass effect in numbers: midline, ventricles, sulci, pons."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from presight.config import load_config
from presight.measure.details import Swelling
from presight.measure.head import Head
from presight.measure.plane import Plane, likeness_of
from presight.preprocess.atlas import load_atlas

_STEP_MM = 0.5
_ROW_MM = 1.0
_REACH_MM = 30.0
_ENOUGH = 200
_TIE = 1e-6  # of two planes alike, the one nearer to the middle


def measure_swelling(head: Head, plane: Plane) -> Swelling:
    """Measure what a swelling does to the brain; what cannot be measured is ``None``."""
    settings = load_config("measure/settings.yaml")["swelling"]
    left, right = _ventricles_ml(head, plane)
    pons_ap, pons_area, ratio = _pons(head, plane, settings)
    numbers = {
        "midline_shift_mm": _midline_shift_mm(head, plane, settings),
        "sulcal_fluid_ratio": _sulcal_fluid_ratio(head, settings),
        "pons_ratio": ratio,
    }
    signs = tuple(_signs(numbers, settings["limits"]))
    return Swelling(
        **numbers,
        ventricle_left_ml=left,
        ventricle_right_ml=right,
        pons_ap_mm=pons_ap,
        pons_area_mm2=pons_area,
        signs=signs,
        herniation_risk=_herniation_risk(numbers, settings["limits"]),
    )


def _signs(numbers: dict[str, float | None], limits: dict[str, Any]) -> list[str]:
    return [
        limit["said"].format(value=abs(value))
        for name, limit in limits.items()
        if (value := numbers[name]) is not None and _beyond(abs(value), limit)
    ]


def _beyond(value: float, limit: dict[str, Any]) -> bool:
    return bool(value >= limit["at_least"])


def _herniation_risk(numbers: dict[str, float | None], limits: dict[str, Any]) -> bool | None:
    """Whether the midline shift is beyond its limit; a smaller or unknown one says nothing."""
    shift = numbers["midline_shift_mm"]
    if shift is None:
        return None
    return True if _beyond(abs(shift), limits["midline_shift_mm"]) else None


def _midline_shift_mm(head: Head, plane: Plane, settings: dict[str, Any]) -> float | None:
    """How far the middle of the central structures lies from the plane of the whole head.

    The central box is compared with its mirror image at planes side by side; the best is where the
    middle lies now.
    """
    points = _central_points(head, settings["central_box_mni_mm"])
    if len(points) < _ENOUGH:
        return None
    likeness = likeness_of(head, points)
    step = _STEP_MM / min(head.grid.spacing_mm)
    reach = settings["shift_searched_mm"] / min(head.grid.spacing_mm)
    moves = np.arange(-reach, reach + step / 2, step)
    scores = np.array([likeness(Plane(plane.normal, plane.offset + move)) for move in moves])
    if scores.max() < settings["central_likeness"]:
        return None
    best = moves[int(np.argmax(scores - _TIE * np.abs(moves)))]
    return round(float(best) * min(head.grid.spacing_mm), 1)


def _central_points(head: Head, box: dict[str, list[float]]) -> NDArray[np.float64]:
    step = max(1, round(2.0 / min(head.grid.spacing_mm)))
    sparse = np.zeros(head.brain.shape, dtype=bool)
    sparse[::step, ::step, ::step] = True
    points = np.argwhere(sparse & head.brain & ~head.lesion).astype(np.float64)
    mni = _mni_mm(head, points)
    inside = np.ones(len(points), dtype=bool)
    for axis, name in enumerate("xyz"):
        low, high = box[name]
        inside &= (mni[:, axis] >= low) & (mni[:, axis] <= high)
    return points[inside]


def _mni_mm(head: Head, points: NDArray[np.float64]) -> NDArray[np.float64]:
    atlas = points @ head.to_atlas[:, :3].T + head.to_atlas[:, 3]
    affine = load_atlas().grid.affine
    return np.asarray(atlas @ affine[:3, :3].T + affine[:3, 3])


def _ventricles_ml(head: Head, plane: Plane) -> tuple[float | None, float | None]:
    if not (head.fluid & head.ventricle).any():
        return None, None
    right = plane.distance(np.argwhere(head.ventricle).astype(np.float64)) > 0
    voxel_ml = head.grid.voxel_ml
    return float(np.count_nonzero(~right)) * voxel_ml, float(np.count_nonzero(right)) * voxel_ml


def _sulcal_fluid_ratio(head: Head, settings: dict[str, Any]) -> float | None:
    """Fluid in the outer brain beside the lesion, over what is elsewhere at the same depths."""
    depth = head.depth_to_surface_mm
    shell = head.brain & (depth <= settings["surface_mm"]) & ~head.lesion
    shell &= head.within(["frontal", "parietal", "occipital", "temporal"])
    near = head.lesion_mm[shell] <= settings["beside_lesion_mm"]
    if min(np.count_nonzero(near), np.count_nonzero(~near)) < _ENOUGH:
        return None
    layer = (depth[shell] / settings["layer_mm"]).astype(int)
    fluid = head.fluid[shell]
    elsewhere = np.bincount(layer[~near], fluid[~near], layer.max() + 1)
    share = elsewhere / np.maximum(np.bincount(layer[~near], minlength=elsewhere.size), 1)
    expected = float(share[layer[near]].mean())
    return float(fluid[near].mean()) / expected if expected > 0 else None


def _pons(
    head: Head, plane: Plane, settings: dict[str, Any]
) -> tuple[float | None, float | None, float | None]:
    """Front-to-back width and area of the pons in the plane, and the width over that expected.

    Rows from back to front in the reference head's coordinates are followed from the middle of
    the pons until fluid or bone begins. Expected is what the same rows give in the reference head,
    scaled as this head is.
    """
    box = settings["pons_mni_mm"]
    points = _pons_points(box)
    affine = load_atlas().grid.affine
    atlas = (points.reshape(-1, 3) - affine[:3, 3]) @ np.linalg.inv(affine[:3, :3]).T
    values, scale = _along(head, plane, atlas)
    edge = settings["pons_edge"]
    widths = _widths_mm(values.reshape(points.shape[:2]), edge)
    reference = _widths_mm(_reference(atlas).reshape(points.shape[:2]), edge)
    if widths is None or reference is None:
        return None, None, None
    ap = float(np.median(widths)) * scale[1]
    area = float(widths.sum() * _ROW_MM * scale[1] * scale[2])
    expected = float(np.median(reference)) * scale[1]
    return round(ap, 1), round(area), round(ap / expected, 2)


def _pons_points(box: dict[str, list[float]]) -> NDArray[np.float64]:
    """Rows of points from back to front through the pons, in MNI millimetres."""
    heights = np.arange(box["z"][0], box["z"][1] + 0.1, _ROW_MM)
    along = sum(box["y"]) / 2 + np.arange(-_REACH_MM, _REACH_MM + _STEP_MM, _STEP_MM)
    z, y = np.meshgrid(heights, along, indexing="ij")
    return np.stack([np.zeros_like(y), y, z], axis=-1)


def _widths_mm(rows: NDArray[np.float32], edge: float) -> NDArray[np.float64] | None:
    """Length of what is bright around the middle of each row; ``None`` where nothing is."""
    centre = rows.shape[1] // 2
    core = rows[:, centre - 6 : centre + 7]
    if not (core > 0).all():
        return None
    bright = rows > edge * min(float(np.median(core)), 1.0)  # a lesion in it raises no edge
    return np.array([_run(row, centre) for row in bright]) * _STEP_MM


def _reference(atlas_voxels: NDArray[np.float64]) -> NDArray[np.float32]:
    """T1 of the reference head, on which fluid is dark as it is on FLAIR."""
    t1 = load_atlas().t1
    values: NDArray[np.float32] = ndimage.map_coordinates(t1, atlas_voxels.T, order=1)
    return values


def _along(
    head: Head, plane: Plane, atlas_voxels: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """FLAIR at points of the reference head, laid onto this head's own middle plane.

    Returns the values and how many millimetres of this head one of the reference head is.
    """
    back = np.linalg.inv(head.to_atlas[:, :3])
    points = (atlas_voxels - head.to_atlas[:, 3]) @ back.T
    points -= np.outer(plane.distance(points), plane.normal)
    values = ndimage.map_coordinates(head.flair, points.T, order=1, mode="constant")
    scale = np.linalg.norm(back * np.asarray(head.grid.spacing_mm)[:, None], axis=0)
    return values, scale


def _run(inside: NDArray[np.bool_], centre: int) -> int:
    """Length of the run of True around the centre."""
    if not inside[centre]:
        return 0
    after = np.flatnonzero(~inside[centre:])
    before = np.flatnonzero(~inside[: centre + 1][::-1])
    ahead = int(after[0]) if after.size else inside.size - centre
    behind = int(before[0]) if before.size else centre + 1
    return ahead + behind - 1
