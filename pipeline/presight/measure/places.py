"""In which fine parts, territories and zones the lesion lies: counted on the working grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from presight.config import load_config
from presight.measure.details import Side, SiteVolume
from presight.measure.head import Head
from presight.measure.parcels import STEP, load_parcels
from presight.measure.plane import Plane

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Places:
    """Where every voxel of the brain lies, one entry a voxel.

    Attributes
    ----------
    lesion, right, watershed, superior_frontal : (N,) ndarray of bool
    site, territory : (N,) ndarray of uint8
        As in :class:`presight.measure.parcels.Parcels`.
    voxel_ml : float
    """

    lesion: Flags
    right: Flags
    watershed: Flags
    superior_frontal: Flags
    site: NDArray[np.uint8]
    territory: NDArray[np.uint8]
    voxel_ml: float

    def ml(self, flags: Flags) -> float:
        """Volume of some voxels in mL."""
        return float(np.count_nonzero(flags)) * self.voxel_ml


def find_places(head: Head, plane: Plane) -> Places:
    """Look every voxel of the brain up in the fine parts of the reference head."""
    parcels = load_parcels()
    voxels = np.argwhere(head.brain).astype(np.float32)
    matrix = head.to_atlas.astype(np.float32)
    there = (voxels @ matrix[:, :3].T + matrix[:, 3]) / STEP
    limits = np.array(parcels.site.shape) - 1
    x, y, z = np.clip(np.rint(there).astype(np.int32), 0, limits).T
    return Places(
        lesion=head.lesion[head.brain],
        right=voxels @ plane.normal.astype(np.float32) > plane.offset,
        watershed=parcels.watershed[x, y, z],
        superior_frontal=parcels.superior_frontal[x, y, z],
        site=parcels.site[x, y, z],
        territory=parcels.territory[x, y, z],
        voxel_ml=head.grid.voxel_ml,
    )


def site_volumes(places: Places) -> tuple[SiteVolume, ...]:
    """Lesion and whole volume of every site, on each side of the head's own plane."""
    sites: dict[str, dict[str, Any]] = load_config("measure/sites.yaml")["sites"]
    return tuple(
        volume
        for number, (name, site) in enumerate(sites.items(), start=1)
        for volume in _sides(places, name, places.site == number, site.get("midline", False))
    )


def site_ml(volumes: tuple[SiteVolume, ...], *names: str) -> tuple[float, float]:
    """Lesion and whole volume of some sites, all sides together."""
    found = [volume for volume in volumes if volume.site in names]
    return sum(v.lesion_ml for v in found), sum(v.site_ml for v in found)


def _sides(places: Places, name: str, there: Flags, midline: bool) -> list[SiteVolume]:
    parts = (
        {Side.MIDLINE: there}
        if midline
        else {Side.LEFT: there & ~places.right, Side.RIGHT: there & places.right}
    )
    return [
        SiteVolume(
            site=name,
            side=side,
            lesion_ml=places.ml(part & places.lesion),
            site_ml=places.ml(part),
        )
        for side, part in parts.items()
    ]
