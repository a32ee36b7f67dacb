"""Where things are in the image that a lesion is painted into, on a 2 mm grid for speed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal

from presight.config import load_config
from presight.preprocess.atlas import load_atlas
from presight.train.synthesis.fields import Axes
from presight.train.synthesis.separable import Image, upsample

STEP_MM = 2
_LOCATE_MM = 8
_FLUID_BELOW, _TISSUE_ABOVE = 0.45, 0.75  # of the commonest brain value on FLAIR
_FAR_MM = 50.0
# Fluid in any of these is ventricle: labels alone do not follow the ventricles of a patient.
_AROUND_VENTRICLES = ("ventricles", "deep_wm", "corpus_callosum", "deep_grey")


@dataclass(frozen=True)
class Scene:
    """Anatomy of an image or of a piece of one, in the brain's own coordinates.

    Attributes
    ----------
    labels : (X, Y, Z) ndarray of uint8
        Ids of ``configs/anatomy.yaml`` on the 2 mm grid.
    tissue : (X, Y, Z) ndarray of float32
        Share of solid brain, 0 to 1, on the 2 mm grid.
    axes : three 1-D ndarrays
        Rough MNI millimetres of the 2 mm grid; x is 0 at the midline and grows to the right.
    shape : tuple of int
        Of the 1 mm grid.
    """

    labels: NDArray[np.uint8]
    tissue: Image
    axes: Axes
    shape: tuple[int, ...]

    @cached_property
    def solid(self) -> NDArray[np.bool_]:
        """Where there is brain tissue rather than fluid."""
        return self.tissue > 0.6

    @cached_property
    def depth_mm(self) -> Image:
        """Distance to the nearest fluid or to the outside of the brain."""
        return _distance_to(~self.solid)

    @cached_property
    def ventricle_mm(self) -> Image:
        """Distance to the fluid in the depth of the brain; far where there is none."""
        inside = [number for name in _AROUND_VENTRICLES for number in region_ids(name)]
        return _distance_to(np.isin(self.labels, inside) & ~self.solid)

    @cached_property
    def position(self) -> tuple[Image, Image, Image]:
        """Coordinates of the 2 mm grid, each shaped to broadcast along its own axis."""
        x, y, z = (axis.astype(np.float32) for axis in self.axes)
        return x[:, None, None], y[None, :, None], z[None, None, :]

    def to_full(self, field: Image) -> Image:
        """Bring a field of the 2 mm grid to the 1 mm grid, linearly."""
        return upsample(field, STEP_MM, self.shape)

    def within(self, site: str) -> NDArray[np.bool_]:
        """Where a region of ``configs/anatomy.yaml`` or a site of ``synthesis.yaml`` is."""
        extent = load_config("synthesis.yaml")["sites"].get(site, {"regions": [site]})
        inside = np.isin(self.labels, [i for name in extent["regions"] for i in region_ids(name)])
        for name, values in zip("xyz", self.position, strict=True):
            if name in extent:
                low, high = extent[name]
                inside = inside & (values >= low) & (values < high)
        return inside


def see(flair: Image, labels: NDArray[np.uint8], brain: NDArray[np.bool_]) -> Scene:
    """Work out the scene of a normalised FLAIR on a 1 mm RAS+ grid, whole or a piece."""
    coarse = labels[::STEP_MM, ::STEP_MM, ::STEP_MM]
    return Scene(
        labels=coarse,
        tissue=_block_mean(solid_share(flair, brain)),
        axes=_coordinates(coarse),
        shape=flair.shape,
    )


def solid_share(flair: Image, brain: NDArray[np.bool_]) -> Image:
    """Share of solid tissue in each voxel: fluid is dark on FLAIR, a lesion never lies in it."""
    share = np.clip((flair - _FLUID_BELOW) / (_TISSUE_ABOVE - _FLUID_BELOW), 0, 1)
    return np.where(brain, share, 0).astype(np.float32)


@cache
def region_ids(region: str) -> tuple[int, ...]:
    """Ids of a region, of all its sides."""
    labels = load_config("anatomy.yaml")["labels"]
    return tuple(number for number, label in labels.items() if label["region"] == region)


@cache
def _side_of_label() -> NDArray[np.int8]:
    """-1 for ids on the left, 1 for the right, 0 for the midline and outside."""
    labels = load_config("anatomy.yaml")["labels"]
    table = np.zeros(max(labels) + 1, dtype=np.int8)
    for number, label in labels.items():
        table[number] = {"left": -1, "right": 1, "midline": 0}[label["side"]]
    return table


def _block_mean(image: Image) -> Image:
    """Mean of each 2 x 2 x 2 block around the voxels of the 2 mm grid."""
    for axis in range(3):
        nearby = np.take(image, range(1, image.shape[axis], STEP_MM), axis=axis)
        image = np.take(image, range(0, image.shape[axis], STEP_MM), axis=axis)
        head = [slice(None)] * 3
        head[axis] = slice(nearby.shape[axis])
        image[tuple(head)] = (image[tuple(head)] + nearby) / 2
    return image


def _distance_to(there: NDArray[np.bool_]) -> Image:
    if not there.any():
        return np.full(there.shape, _FAR_MM, dtype=np.float32)
    distance: Image = ndimage.distance_transform_edt(~there).astype(np.float32) * STEP_MM
    return distance


def _coordinates(labels: NDArray[np.uint8]) -> Axes:
    """MNI millimetres along each axis: laid over the atlas by shifting, the midline found."""
    offset = _shift_onto_atlas(labels)
    axes = [np.arange(n) * STEP_MM + shift for n, shift in zip(labels.shape, offset, strict=True)]
    midline = _midline(labels)
    if midline is not None:
        axes[0] = (np.arange(labels.shape[0]) - midline) * STEP_MM
    return axes[0], axes[1], axes[2]


def _midline(labels: NDArray[np.uint8]) -> float | None:
    """Voxel of the 2 mm grid that parts left from right; ``None`` if only one side is seen."""
    sides = _side_of_label()[labels]
    balance = np.cumsum(-sides.sum(axis=(1, 2), dtype=np.int64))
    if not (sides < 0).any() or not (sides > 0).any():
        return None
    return float(np.argmax(balance)) + 0.5


def _shift_onto_atlas(labels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Millimetres from voxel 0 to the origin of MNI space, from where the regions agree best."""
    stride = _LOCATE_MM // STEP_MM
    piece = labels[::stride, ::stride, ::stride]
    atlas = load_atlas()
    whole = atlas.labels[::_LOCATE_MM, ::_LOCATE_MM, ::_LOCATE_MM]
    agreement = sum(
        signal.correlate((whole == i).astype(float), (piece == i).astype(float), method="fft")
        for i in np.unique(piece)
        if i
    )
    if np.ndim(agreement) == 0:  # no brain in this piece
        return np.zeros(3)
    best = np.unravel_index(np.argmax(agreement), np.shape(agreement))
    shift = np.array(best) - (np.array(piece.shape) - 1)
    origin: NDArray[np.float64] = shift * float(_LOCATE_MM) + atlas.grid.affine[:3, 3]
    return origin
