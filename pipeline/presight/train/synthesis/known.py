"""Light simulated patients with everything known: where, which pattern, ADC, blood.

They are made on a 2 mm grid, so a hundred of them take minutes; they are for measuring the
measurements and not for training.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from presight.config import load_config
from presight.errors import ConfigError
from presight.measure.parcels import STEP, load_parcels
from presight.preprocess.atlas import load_atlas
from presight.preprocess.prepared import Prepared
from presight.segment.lesions import Lesions
from presight.study.contrast import Contrast
from presight.study.resample import resample
from presight.study.volume import Grid, Volume
from presight.train.synthesis.fields import smooth_noise, voxel_axes
from presight.train.synthesis.margin import Rng
from presight.train.synthesis.paint import family_settings
from presight.train.synthesis.scene import Scene, region_ids
from presight.train.synthesis.shapes import draw_shape

Mask = NDArray[np.bool_]
Image = NDArray[np.float32]

_MM = float(STEP)
_PAD = 12  # voxels of air and scalp around the brain
_ADC_NORMAL, _ADC_FLUID = 840.0, 3000.0  # 1e-6 mm2/s; the digest's normal white matter
_TRIES = 20
_LAST_LOBE = 10  # ids 1 to 10 of configs/anatomy.yaml are the lobes and the insula
_IN_PLANE_MM = 1.0


@dataclass(frozen=True)
class KnownPatient:
    """A simulated patient and the truth.

    Attributes
    ----------
    prepared : Prepared
        On a 2 mm grid, with ADC and SWI; ``native`` is a grid of axial slices.
    lesions : Lesions
        The true lesion as the slices show it.
    pattern : str
    lesion, anatomy : (X, Y, Z) ndarray
        The truth on the 2 mm grid.
    plane : (4,) ndarray
        Normal and offset of the true mid-sagittal plane, in voxels of the 2 mm grid.
    adc_ratio : float
        Of the lesion outside its restricted part, over normal white matter.
    restricted_share : float
    bleeds : int
    bleed_ml : float
    """

    prepared: Prepared
    lesions: Lesions
    pattern: str
    lesion: Mask
    anatomy: NDArray[np.uint8]
    plane: NDArray[np.float64]
    adc_ratio: float
    restricted_share: float
    bleeds: int
    bleed_ml: float

    def region_ml(self, *regions: str) -> float:
        """Return the true volume of lesion in some regions."""
        labels = load_config("anatomy.yaml")["labels"]
        numbers = [n for n, label in labels.items() if label["region"] in regions]
        return float(np.count_nonzero(self.lesion & np.isin(self.anatomy, numbers))) * _MM**3 / 1000


@dataclass(frozen=True)
class _Head:
    """Anatomy of one simulated head on the 2 mm grid."""

    labels: NDArray[np.uint8]
    site: NDArray[np.uint8]
    territory: NDArray[np.uint8]
    solid: Image  # share of tissue
    white: Image
    outside_mm: Image
    axes: tuple[NDArray[np.float64], ...]
    plane: NDArray[np.float64]
    grid: Grid

    @cached_property
    def scene(self) -> Scene:
        """Where lesions may be drawn."""
        x, y, z = self.axes
        return Scene(self.labels, self.solid, (x, y, z), self.labels.shape)


def known_patient(
    pattern: str,
    seed: int,
    *,
    restricted_share: float = 0.0,
    bleeds: int = 0,
    pons_swelling: float = 1.0,
    head_seed: int | None = None,
    slice_mm: float = 3.0,
    changes: Mapping[str, Any] | None = None,
) -> KnownPatient:
    """Make a patient with a pattern of ``configs/known_patterns.yaml``.

    Parameters
    ----------
    pattern : str
    seed : int
        The same arguments make the same patient.
    restricted_share : float
        Share of the lesion with a low ADC, in one piece.
    bleeds : int
        Dark foci on SWI, in the lesion.
    pons_swelling : float
        How many times as thick the pons is.
    head_seed : int, optional
        Another seed for the head alone: patients may share one.
    slice_mm : float
        Of the axial slices that show the lesion.
    changes : mapping, optional
        Settings over those of the pattern.

    Raises
    ------
    ConfigError
        There is no such pattern.
    """
    settings = _settings(pattern, changes or {})
    rng = np.random.default_rng([seed, 7])
    head = _draw_head(seed if head_seed is None else head_seed, pons_swelling)
    lesion = _draw_lesion(head, settings, rng)
    low = _part_of(lesion, restricted_share, rng)
    spots = _spots(lesion, bleeds, rng)
    flair = _flair(head, lesion, rng)
    others = {
        Contrast.ADC: _adc(head, lesion, low, settings["adc_ratio"], rng),
        Contrast.SWI: _swi(head, spots, rng),
    }
    lesions = _as_slices(lesion, head.grid, slice_mm)
    return KnownPatient(
        prepared=_prepared(head, flair, others, lesions.grid),
        lesions=lesions,
        pattern=pattern,
        lesion=lesion,
        anatomy=head.labels,
        plane=head.plane,
        adc_ratio=settings["adc_ratio"],
        restricted_share=float(low.sum()) / max(1, int(lesion.sum())),
        bleeds=_pieces(spots),
        bleed_ml=float(spots.sum()) * _MM**3 / 1000,
    )


def _prepared(
    head: _Head, flair: Image, others: Mapping[Contrast, Image], native: Grid
) -> Prepared:
    volumes = {contrast: Volume(data, head.grid, contrast) for contrast, data in others.items()}
    image = Volume(flair, head.grid, Contrast.FLAIR)
    return Prepared(image, head.labels > 0, head.labels, volumes, native, (), ())


def _as_slices(lesion: Mask, grid: Grid, slice_mm: float) -> Lesions:
    """Show the lesion as axial slices do."""
    native = _slices(grid, slice_mm)
    seen = resample(lesion.astype(np.float32), grid, native) >= 0.5
    nothing = np.zeros(seen.shape, np.float32)
    return Lesions(seen.astype(np.float32), seen, nothing, native, "truth")


def _settings(pattern: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    patterns = load_config("known_patterns.yaml")["patterns"]
    if pattern not in patterns:
        raise ConfigError(
            f"there is no pattern {pattern!r}",
            where="known_patterns.yaml",
            expected=f"one of {', '.join(patterns)}",
        )
    own = {**patterns[pattern], **changes}
    if "site" in own:
        return own
    family = family_settings(own.pop("family"))
    chosen = family.get("patterns", {}).get(own.pop("pattern", ""), {})
    merged = {**family, **chosen, **own}
    if "patterns" in family:
        merged["patterns"] = {pattern: {**merged, "frequency": {"value": 1.0}}}
    return merged


@lru_cache(maxsize=2)
def _draw_head(seed: int, pons_swelling: float) -> _Head:
    """Turn, scale, shift and fold the reference head; its middle plane goes along."""
    rng = np.random.default_rng([seed, 8])
    atlas, parcels = load_atlas(), load_parcels()
    shape = tuple(size + 2 * _PAD for size in parcels.site.shape)
    matrix, offset = _draw_affine(shape, parcels.site.shape, rng)
    grid_points = [np.arange(size, dtype=np.float64) for size in shape]
    points = np.stack(np.meshgrid(*grid_points, indexing="ij")).reshape(3, -1)
    source = matrix @ points + offset[:, None]
    source = _swollen(source, pons_swelling)

    def sampled(image: NDArray[Any], order: int = 0) -> NDArray[Any]:
        coarse = image if image.shape == parcels.site.shape else image[::STEP, ::STEP, ::STEP]
        values = ndimage.map_coordinates(coarse, source, order=order, mode="constant")
        return np.asarray(values).reshape(shape)

    labels = sampled(atlas.labels).astype(np.uint8)
    t1 = sampled(atlas.t1, 1)
    above = rng.uniform(*load_config("synthesis.yaml")["anatomy"]["tissue_above"])
    brain = labels > 0
    solid = np.where(brain, 1 - np.clip((above - t1) / 0.18, 0, 1), 0).astype(np.float32)
    outside = ndimage.distance_transform_edt(~brain) - ndimage.distance_transform_edt(brain)
    solid *= 1 - _sulci(labels, (outside * _MM).astype(np.float32), rng)
    normal = matrix[0] / np.linalg.norm(matrix[0])
    middle = (parcels.site.shape[0] * STEP - 1) / 2 / STEP
    plane = np.array([*normal, (middle - offset[0]) / np.linalg.norm(matrix[0])])
    return _Head(
        labels=labels,
        site=sampled(parcels.site).astype(np.uint8),
        territory=sampled(parcels.territory).astype(np.uint8),
        solid=solid,
        white=sampled(atlas.white, 1).astype(np.float32),
        outside_mm=(outside * _MM).astype(np.float32),
        axes=_mni_axes(shape, matrix, offset),
        plane=plane,
        grid=Grid(shape, _affine(shape)),
    )


def _sulci(labels: NDArray[np.uint8], outside_mm: Image, rng: Rng) -> Image:
    """Share of fluid where sulci fold in from the surface of the lobes."""
    sheets = np.abs(smooth_noise(voxel_axes(labels.shape), 6.0, rng))
    reach = np.clip((outside_mm + 12.0) / 4.0, 0, 1) * ((labels > 0) & (labels <= _LAST_LOBE))
    share: Image = (np.clip(1.5 - sheets / 0.15, 0, 1) * reach).astype(np.float32)
    return share


def _draw_affine(
    shape: tuple[int, ...], reference: tuple[int, ...], rng: Rng
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """From voxels of the new head to voxels of the reference head."""
    angles = np.deg2rad(rng.uniform(-6, 6, 3))
    matrix = np.diag(rng.uniform(0.98, 1.14, 3))
    for axis, angle in enumerate(angles):
        turn = np.eye(3)
        first, second = (axis + 1) % 3, (axis + 2) % 3
        turn[[first, second], [first, second]] = np.cos(angle)
        turn[first, second], turn[second, first] = -np.sin(angle), np.sin(angle)
        matrix = matrix @ turn
    centre = (np.array(shape) - 1) / 2 + rng.uniform(-3, 3, 3)
    return matrix, (np.array(reference) - 1) / 2 - matrix @ centre


def _swollen(source: NDArray[np.float64], factor: float) -> NDArray[np.float64]:
    """Draw the points around the pons nearer to its middle, so that it is shown larger."""
    if factor == 1.0:
        return source
    affine = load_atlas().grid.affine
    middle = (np.array([0.0, -27.0, -30.0]) - affine[:3, 3]) / STEP
    away = source - middle[:, None]
    near = np.exp(-((np.linalg.norm(away, axis=0) * _MM / 22.0) ** 4))
    return np.asarray(source - away * near * (1 - 1 / factor))


def _mni_axes(
    shape: tuple[int, ...], matrix: NDArray[np.float64], offset: NDArray[np.float64]
) -> tuple[NDArray[np.float64], ...]:
    """MNI millimetres along each axis, the turn of the head left aside."""
    middle = (np.array(shape) - 1) / 2
    at_middle = matrix @ middle + offset
    origin = load_atlas().grid.affine[:3, 3]
    return tuple(
        (at_middle[i] + matrix[i, i] * (np.arange(shape[i]) - middle[i])) * STEP + origin[i]
        for i in range(3)
    )


def _affine(shape: tuple[int, ...]) -> NDArray[np.float64]:
    affine = np.diag([_MM, _MM, _MM, 1.0])
    affine[:3, 3] = -(np.array(shape) - 1) / 2 * _MM
    return affine


def _slices(grid: Grid, slice_mm: float) -> Grid:
    native_mm = np.array([_IN_PLANE_MM, _IN_PLANE_MM, slice_mm])
    x, y, z = (int(size) for size in np.array(grid.shape) * _MM // native_mm)
    affine = np.diag([*native_mm, 1.0])
    affine[:3, 3] = -(np.array([x, y, z]) - 1) / 2 * native_mm
    return Grid((x, y, z), affine)


def _draw_lesion(head: _Head, settings: Mapping[str, Any], rng: Rng) -> Mask:
    if "site" in settings:
        return _site_lesion(head, settings["site"], rng)
    for _ in range(_TRIES):
        lesion: Mask = (draw_shape(head.scene, dict(settings), rng) > 0) & head.scene.solid
        if settings.get("above_tentorium"):
            lesion = lesion & ~np.isin(
                head.labels, [*region_ids("brainstem"), *region_ids("cerebellum")]
            )
        if settings.get("one_territory"):
            lesion = _in_one_territory(head, lesion)
        if float(lesion.sum()) * _MM**3 / 1000 >= settings.get("least_ml", 0.0):
            break
    return lesion


def _in_one_territory(head: _Head, lesion: Mask) -> Mask:
    """Part of a lesion in the arterial territory of one side that holds most of it."""
    right = (head.scene.position[0] > 0) & np.ones(lesion.shape, dtype=bool)
    parts = [
        lesion & (head.territory == number) & side
        for number in np.unique(head.territory[lesion])
        if number
        for side in (right, ~right)
    ]
    return max(parts, key=np.count_nonzero, default=lesion)


def _site_lesion(head: _Head, site: str, rng: Rng) -> Mask:
    """Most of a site, with an uneven border."""
    order = list(load_config("measure/sites.yaml")["sites"])
    there = head.site == 1 + order.index(site)
    depth = ndimage.distance_transform_edt(there) - ndimage.distance_transform_edt(~there)
    uneven = smooth_noise(voxel_axes(there.shape), 6.0, rng) * 0.7
    lesion: Mask = (depth + uneven > rng.uniform(-0.5, 0.8)) & (head.solid > 0.6)
    return lesion


def _part_of(lesion: Mask, share: float, rng: Rng) -> Mask:
    """Part of a lesion in one place: its voxels nearest to one of them."""
    voxels = np.argwhere(lesion)
    count = round(share * len(voxels))
    part = np.zeros_like(lesion)
    if count:
        seed = voxels[rng.integers(len(voxels))]
        nearest = np.argsort(((voxels - seed) ** 2).sum(axis=1))[:count]
        part[tuple(voxels[nearest].T)] = True
    return part


def _spots(lesion: Mask, count: int, rng: Rng) -> Mask:
    """Foci of one to a few voxels within the lesion, apart from each other."""
    inner = ndimage.binary_erosion(lesion)
    marks = np.zeros_like(lesion)
    for _ in range(count):
        free = inner & (ndimage.distance_transform_edt(~marks) > 4) if marks.any() else inner
        voxels = np.argwhere(free)
        if len(voxels):
            marks[tuple(voxels[rng.integers(len(voxels))])] = True
    return np.asarray(ndimage.binary_dilation(marks) if count else marks)


def _pieces(spots: Mask) -> int:
    return int(ndimage.label(spots, np.ones((3, 3, 3)))[1])


def _flair(head: _Head, lesion: Mask, rng: Rng) -> Image:
    brain = head.labels > 0
    tissue = 1.1 - 0.15 * np.clip(head.white, 0, 1)
    image = np.where(brain, 0.2 + head.solid * (tissue - 0.2), _around(head.outside_mm))
    glow = ndimage.gaussian_filter(lesion.astype(np.float32), 0.4)
    image = image + 0.5 * glow * head.solid
    image = image + rng.normal(0, 0.02, image.shape)
    return np.maximum(image, 0).astype(np.float32)


def _around(outside_mm: Image) -> Image:
    """Fluid, bone, fat and air by distance from the brain."""
    knots = [0, 3, 4, 8, 9, 13, 14]
    return np.interp(outside_mm, knots, [0.2, 0.2, 0.05, 0.05, 1.2, 1.0, 0.0]).astype(np.float32)


def _adc(head: _Head, lesion: Mask, low: Mask, ratio: float, rng: Rng) -> Image:
    low_ratio = load_config("known_patterns.yaml")["low_ratio"]
    factor = np.where(low, low_ratio, np.where(lesion, ratio, 1.0))
    tissue = _ADC_NORMAL * factor * (1 + rng.normal(0, 0.05, factor.shape))
    adc = head.solid * tissue + (1 - head.solid) * _ADC_FLUID
    return np.where(head.labels > 0, adc, 0).astype(np.float32)


def _swi(head: _Head, spots: Mask, rng: Rng) -> Image:
    image = np.where(head.labels > 0, 1.1 - 0.15 * head.solid, 0.3)
    image = np.where(spots, 0.2, image) + rng.normal(0, 0.03, image.shape)
    return np.maximum(image, 0).astype(np.float32)
