"""One head and its lesion on the working grid, with what every measurement asks of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from presight.config import load_config
from presight.measure.coordinates import fit_to_atlas
from presight.measure.outline import carry_outline
from presight.preprocess.prepared import Prepared
from presight.segment.lesions import Lesions
from presight.study.contrast import Contrast
from presight.study.volume import Grid

Mask = NDArray[np.bool_]
Image = NDArray[np.float32]

_MARGIN = 12  # voxels around the brain: the skull tells left from right as well


@dataclass(frozen=True)
class Head:
    """A box around the brain on the 1 mm working grid.

    Attributes
    ----------
    flair : (X, Y, Z) ndarray of float32
        The commonest brain intensity is 1.
    brain, lesion : (X, Y, Z) ndarray of bool
    outline : (X, Y, Z) ndarray of bool
        The lesion with what of it lies outside the brain mask.
    anatomy : (X, Y, Z) ndarray of uint8
        Ids of ``configs/anatomy.yaml``.
    others : mapping of Contrast to (X, Y, Z) ndarray of float32
    grid : Grid
    """

    flair: Image
    brain: Mask
    lesion: Mask
    outline: Mask
    anatomy: NDArray[np.uint8]
    others: Mapping[Contrast, Image]
    grid: Grid

    @cached_property
    def to_atlas(self) -> NDArray[np.float64]:
        """(3, 4) matrix from voxels of this box to voxels of the reference head."""
        return fit_to_atlas(self.anatomy)

    @cached_property
    def fluid(self) -> Mask:
        """Cerebrospinal fluid within the brain mask: dark on FLAIR."""
        return self.brain & (self.flair < _tissue()["fluid_below"]) & ~self.lesion

    @cached_property
    def tissue(self) -> Mask:
        """Brain that is not fluid."""
        return self.brain & ~self.fluid

    @cached_property
    def ventricle(self) -> Mask:
        """Fluid in the depth of the brain; the atlas's ventricles where no fluid shows."""
        seen = self.fluid & self.within(_tissue()["around_ventricles"])
        return seen if seen.any() else self.within(["ventricles"])

    @cached_property
    def depth_mm(self) -> Image:
        """Distance to the surface of the brain or to a sulcus that shows as fluid."""
        return self.distance_mm(~self.brain | (self.fluid & ~self.ventricle))

    @cached_property
    def depth_to_surface_mm(self) -> Image:
        """Distance to the outside of the brain mask, sulci left aside."""
        return self.distance_mm(~self.brain)

    @cached_property
    def ventricle_mm(self) -> Image:
        """Distance to the nearest ventricle."""
        return self.distance_mm(self.ventricle)

    @cached_property
    def lesion_mm(self) -> Image:
        """Distance to the lesion."""
        return self.distance_mm(self.lesion)

    @cached_property
    def normal_white(self) -> Mask:
        """Normal-appearing white matter: deep in the cerebrum and away from the lesion."""
        settings = _tissue()
        deep = self.within(settings["cerebrum"]) & (self.depth_mm >= settings["normal_depth_mm"])
        clear = self.tissue & (self.lesion_mm >= settings["normal_clearance_mm"])
        found: Mask = deep & clear
        return found

    def within(self, regions: Iterable[str]) -> Mask:
        """Where regions of ``configs/anatomy.yaml`` are."""
        labels: dict[int, dict[str, str]] = load_config("anatomy.yaml")["labels"]
        wanted = set(regions)
        numbers = [number for number, label in labels.items() if label["region"] in wanted]
        return np.isin(self.anatomy, numbers)

    def ml(self, mask: Mask) -> float:
        """Volume of a mask in millilitres."""
        return float(np.count_nonzero(mask)) * self.grid.voxel_ml

    def distance_mm(self, there: Mask) -> Image:
        """Distance of every voxel to the nearest one that is there; far where none is."""
        if not there.any():
            return np.full(there.shape, np.float32(1e3))
        image = sitk.GetImageFromArray(there.astype(np.uint8))
        image.SetSpacing(list(self.grid.spacing_mm[::-1]))
        distance = sitk.SignedMaurerDistanceMap(
            image, insideIsPositive=False, squaredDistance=False, useImageSpacing=True
        )
        return np.maximum(sitk.GetArrayFromImage(distance), np.float32(0))

    def normal_median(self, image: Image) -> float | None:
        """Median of normal-appearing white matter; ``None`` where there is too little of it."""
        values = image[self.normal_white & (image > 0)]
        enough = values.size * self.grid.voxel_ml >= _tissue()["normal_at_least_ml"]
        return float(np.median(values)) if enough else None

    def world_mm(self, voxel: Iterable[float]) -> tuple[float, float, float]:
        """RAS+ millimetres of a voxel."""
        x, y, z = self.grid.affine[:3, :3] @ np.asarray(list(voxel)) + self.grid.affine[:3, 3]
        return round(float(x), 1), round(float(y), 1), round(float(z), 1)


def see_head(prepared: Prepared, lesions: Lesions) -> Head:
    """Crop a prepared study to its brain and bring the lesion onto its grid."""
    box = _box(prepared.brain)
    outline = carry_outline(lesions.mask, lesions.grid, prepared.flair.grid)
    return Head(
        flair=prepared.flair.data[box],
        brain=prepared.brain[box],
        lesion=(outline & prepared.brain)[box],
        outline=outline[box],
        anatomy=prepared.anatomy[box],
        others={contrast: volume.data[box] for contrast, volume in prepared.others.items()},
        grid=_cropped(prepared.flair.grid, box),
    )


def _box(brain: Mask) -> tuple[slice, ...]:
    found: tuple[slice, ...] = ndimage.find_objects(brain.astype(np.uint8))[0]
    return tuple(
        slice(max(0, part.start - _MARGIN), min(size, part.stop + _MARGIN))
        for part, size in zip(found, brain.shape, strict=True)
    )


def _cropped(grid: Grid, box: tuple[slice, ...]) -> Grid:
    affine = grid.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ [part.start for part in box]
    x, y, z = (part.stop - part.start for part in box)
    return Grid((x, y, z), affine)


def _tissue() -> dict[str, Any]:
    settings: dict[str, Any] = load_config("measure/settings.yaml")["tissue"]
    return settings
