"""How much hyperintensity there is, in how many pieces, in which regions and how deep."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from presight.config import load_config
from presight.measure.details import Depth, Lesion, RegionVolume, Side
from presight.measure.head import Head
from presight.study.volume import Grid


def region_volumes(
    mask: NDArray[np.bool_],
    anatomy: NDArray[np.uint8],
    voxel_ml: float,
    lesion_ml: float | None = None,
) -> tuple[RegionVolume, ...]:
    """Lesion and whole volume of every region of ``configs/anatomy.yaml``.

    Parameters
    ----------
    mask, anatomy : (X, Y, Z) ndarray
        On one grid. A voxel of the lesion outside every region counts for the nearest.
    voxel_ml : float
    lesion_ml : float, optional
        Volume that the regions share out among them, where the lesion was outlined on another
        grid; that of the mask otherwise.
    """
    labels = load_config("anatomy.yaml")["labels"]
    size = max(labels) + 1
    inside = np.bincount(anatomy.ravel(), minlength=size) * voxel_ml
    voxels = np.bincount(regions_of(mask, anatomy), minlength=size)
    bright = voxels * (voxel_ml if lesion_ml is None else lesion_ml / max(1, voxels.sum()))
    return tuple(
        RegionVolume(
            region=label["region"],
            side=Side(label["side"]),
            lesion_ml=float(bright[number]),
            region_ml=float(inside[number]),
        )
        for number, label in labels.items()
    )


def regions_of(mask: NDArray[np.bool_], anatomy: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Region of every voxel of a mask; of a voxel outside every region, the nearest.

    Parameters
    ----------
    mask : (X, Y, Z) ndarray of bool
        N voxels.
    anatomy : (X, Y, Z) ndarray of uint8
        Ids of ``configs/anatomy.yaml``.

    Returns
    -------
    (N,) ndarray of uint8
        In the order of ``anatomy[mask]``; 0 only where there is no region at all.
    """
    found = anatomy[mask]
    outside = found == 0
    known = anatomy > 0
    if outside.any() and known.any():
        rim = np.argwhere(known & ~ndimage.binary_erosion(known))
        _, nearest = cKDTree(rim).query(np.argwhere(mask)[outside])
        found[outside] = anatomy[tuple(rim[nearest].T)]
    return found


def lesion_table(
    mask: NDArray[np.bool_], anatomy: NDArray[np.uint8], grid: Grid
) -> tuple[tuple[Lesion, ...], NDArray[np.float64]]:
    """List the largest pieces, and the volumes of all in mL, the largest first.

    Voxels that touch at a corner belong to one piece.
    """
    parts, _ = ndimage.label(mask, structure=np.ones((3, 3, 3)))
    sizes = np.bincount(parts.ravel())[1:]
    order = np.argsort(-sizes, kind="stable")
    boxes = ndimage.find_objects(parts)
    listed = order[: load_config("measure/settings.yaml")["lesions"]["listed"]]
    lesions = tuple(
        _lesion(place, parts[boxes[part]] == part + 1, boxes[part], anatomy, grid)
        for place, part in enumerate(listed, start=1)
    )
    volumes_ml = (sizes[order] * grid.voxel_ml).astype(np.float64)
    return lesions, volumes_ml


def depths(head: Head) -> Depth:
    """Part of the cerebral lesion in cortex, under it, deep and beside the ventricles.

    From the FLAIR alone: the cortex is a rim under the surface and under the sulci that can be
    seen, so narrow sulci count as depth.
    """
    settings = load_config("measure/settings.yaml")["tissue"]
    lesion = head.lesion & head.within(settings["cerebrum"])
    depth, ventricle = head.depth_mm[lesion], head.ventricle_mm[lesion]
    cortex = depth <= settings["cortex_mm"]
    subcortical = ~cortex & (depth <= settings["cortex_mm"] + settings["subcortical_mm"])
    beside = ~cortex & (ventricle <= settings["periventricular_mm"])
    subcortical &= ~beside
    voxel_ml = head.grid.voxel_ml
    return Depth(
        cortex_ml=float(cortex.sum()) * voxel_ml,
        subcortical_ml=float(subcortical.sum()) * voxel_ml,
        periventricular_ml=float(beside.sum()) * voxel_ml,
        deep_ml=float((~cortex & ~subcortical & ~beside).sum()) * voxel_ml,
    )


def share_of(regions: tuple[RegionVolume, ...], group: str) -> float | None:
    """Share of the lesion in a group of regions; ``None`` without a lesion."""
    total = sum(region.lesion_ml for region in regions)
    return volume_in(regions, group) / total if total else None


def volume_in(regions: tuple[RegionVolume, ...], group: str) -> float:
    """Lesion volume in a group of regions of ``configs/anatomy.yaml``, in mL."""
    members: list[str] = load_config("anatomy.yaml")["groups"][group]
    return sum(region.lesion_ml for region in regions if region.region in members)


def asymmetry(regions: tuple[RegionVolume, ...]) -> float | None:
    """|left - right| / (left + right) over the regions that have a side."""
    left = sum(region.lesion_ml for region in regions if region.side is Side.LEFT)
    right = sum(region.lesion_ml for region in regions if region.side is Side.RIGHT)
    return abs(left - right) / (left + right) if left + right else None


def main_region(numbers: NDArray[np.uint8]) -> tuple[str, Side]:
    """Region and side that most of these anatomical ids name."""
    labels: dict[int, dict[str, Any]] = load_config("anatomy.yaml")["labels"]
    named = numbers[numbers > 0]
    if not named.size:
        return "outside the brain", Side.MIDLINE
    label = labels[int(np.bincount(named).argmax())]
    return label["region"], Side(label["side"])


def _lesion(
    number: int,
    part: NDArray[np.bool_],
    box: tuple[slice, ...],
    anatomy: NDArray[np.uint8],
    grid: Grid,
) -> Lesion:
    region, side = main_region(anatomy[box][part])
    start = np.array([edge.start for edge in box])
    centre = grid.affine[:3, :3] @ (start + ndimage.center_of_mass(part)) + grid.affine[:3, 3]
    extent = np.asarray(part.shape) * grid.spacing_mm
    return Lesion(
        number=number,
        volume_ml=float(part.sum()) * grid.voxel_ml,
        longest_mm=round(float(np.linalg.norm(extent)), 1),
        centre_mm=tuple(round(float(value), 1) for value in centre),
        region=region,
        side=side,
    )
