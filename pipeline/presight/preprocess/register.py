"""Find the reference head in a FLAIR: multi-start affine registration with SimpleITK.

The fixed image is the patient's head and the moving one the MNI brain. Several scales and pitches
are tried on a very coarse grid, the best few of them go on as affines on a finer one, and the best
of those is refined. A single start fails outright on some clinical heads.

An optimiser does not treat left and right alike to the last digit. So that a mirrored head is found
mirrored, a head whose right half is the brighter one is registered as its mirror image.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from presight.preprocess.atlas import Atlas
from presight.study.resample import to_itk
from presight.study.volume import Grid, Volume
from presight.threads import cores, shared_threads

# A sum over threads rounds as they happen to finish: each optimisation runs on one, and the starts
# run beside each other, so that the same head gives the same bytes.
_WORK_UNITS = 1
_SEED = 1  # of the sampled voxels: the same ones every time


@dataclass(frozen=True)
class Registration:
    """Where the reference head lies in a FLAIR.

    Attributes
    ----------
    transform : SimpleITK.AffineTransform
        From points of the FLAIR to points of the atlas (LPS millimetres).
    similarity : float
        Mattes mutual information at the optimum, in nats; higher is better.
    """

    transform: sitk.AffineTransform
    similarity: float


def register_atlas(flair: Volume, atlas: Atlas, settings: dict[str, Any]) -> Registration:
    """Register the atlas to a conformed FLAIR, skull present or stripped.

    Parameters
    ----------
    flair : Volume
        On the working grid.
    atlas : Atlas
    settings : dict
        The ``registration`` part of ``configs/preprocess.yaml``.
    """
    if _right_is_brighter(flair):
        mirrored = Volume(np.ascontiguousarray(flair.data[::-1]), flair.grid, flair.contrast)
        found = _register(mirrored, atlas, settings)
        through = _compose(_mirror(atlas.grid), found.transform, _mirror(flair.grid))
        return Registration(through, found.similarity)
    return _register(flair, atlas, settings)


def head_mask(data: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Foreground of a head: Otsu's threshold on the logarithm, largest part, holes filled."""
    small = data[::2, ::2, ::2]
    bright = np.log1p(np.maximum(small, 0) / max(float(np.percentile(small, 99)), 1e-6) * 100)
    otsu = sitk.OtsuThreshold(sitk.GetImageFromArray(bright), 0, 1)
    mask = ndimage.binary_opening(sitk.GetArrayFromImage(otsu) > 0)
    parts, count = ndimage.label(mask)
    if count > 1:
        mask = parts == 1 + int(np.argmax(ndimage.sum_labels(mask, parts, range(1, count + 1))))
    mask = ndimage.binary_fill_holes(ndimage.binary_closing(mask, iterations=3, border_value=0))
    whole = mask.repeat(2, axis=0).repeat(2, axis=1).repeat(2, axis=2)
    return np.ascontiguousarray(whole[: data.shape[0], : data.shape[1], : data.shape[2]])


def _right_is_brighter(flair: Volume) -> bool:
    half = flair.data.shape[0] // 2
    left, right = flair.data[:half], flair.data[::-1][:half]
    return bool(right.sum(dtype=np.float64) > left.sum(dtype=np.float64))


def _mirror(grid: Grid) -> sitk.AffineTransform:
    """Reflection at the middle plane of a grid's first axis."""
    normal = grid.affine[:3, 0] / np.linalg.norm(grid.affine[:3, 0]) * (-1, -1, 1)
    mirror = sitk.AffineTransform(3)
    mirror.SetMatrix((np.eye(3) - 2 * np.outer(normal, normal)).ravel().tolist())
    mirror.SetCenter(_lps(grid.affine, (np.asarray(grid.shape) - 1) / 2).tolist())
    return mirror


def _compose(*transforms: sitk.AffineTransform) -> sitk.AffineTransform:
    """One affine for several, of which the last is applied first."""
    matrix, offset = np.eye(3), np.zeros(3)
    for transform in reversed(transforms):
        step = np.reshape(transform.GetMatrix(), (3, 3))
        shift = np.asarray(transform.TransformPoint((0.0, 0.0, 0.0)))
        matrix, offset = step @ matrix, step @ offset + shift
    composed = sitk.AffineTransform(3)
    composed.SetMatrix(matrix.ravel().tolist())
    composed.SetTranslation(offset.tolist())
    return composed


def _register(flair: Volume, atlas: Atlas, settings: dict[str, Any]) -> Registration:
    head = head_mask(flair.data)
    images = to_itk(flair.data, flair.grid), to_itk(head, flair.grid), to_itk(atlas.t1, atlas.grid)
    levels = [_Level(images, level, settings["histogram_bins"]) for level in settings["levels"]]
    found = [(start, 0.0) for start in _starts(head, flair, atlas, settings)]
    with ThreadPoolExecutor(max_workers=shared_threads() or cores()) as pool:
        for level in levels:
            starts = [transform for transform, _ in found[: level.starts]]
            found = sorted(pool.map(level.optimise, starts), key=lambda pair: pair[1])
    best, metric = found[0]
    return Registration(_as_affine(best), -metric)


def _as_affine(transform: Any) -> sitk.AffineTransform:
    """Affine with the same effect as a similarity or affine transform."""
    affine = sitk.AffineTransform(3)
    affine.SetCenter(transform.GetCenter())
    affine.SetMatrix(transform.GetMatrix())
    affine.SetTranslation(transform.GetTranslation())
    return affine


def _starts(
    head: NDArray[np.bool_], flair: Volume, atlas: Atlas, settings: dict[str, Any]
) -> list[sitk.Similarity3DTransform]:
    middle = _lps(flair.grid.affine, _top_middle(head, flair.grid.affine))
    target = _lps(atlas.grid.affine, _top_middle(atlas.brain, atlas.grid.affine))
    starts = []
    for scale, pitch in product(settings["scales"], settings["pitches_deg"]):
        start = sitk.Similarity3DTransform()
        start.SetCenter(middle.tolist())
        start.SetTranslation((target - middle).tolist())
        start.SetRotation((1.0, 0.0, 0.0), float(np.deg2rad(pitch)))
        start.SetScale(scale)
        starts.append(start)
    return starts


def _top_middle(mask: NDArray[np.bool_], affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """Voxel in the middle of the upper 140 mm: the neck must not pull the start downwards."""
    along_z = np.flatnonzero(mask.any(axis=(0, 1)))
    step = float(np.linalg.norm(affine[:3, 2]))
    lowest = max(along_z[0], along_z[-1] - round(140.0 / step))
    x, y, z = ndimage.center_of_mass(mask[:, :, lowest:])
    return np.array([x, y, z + lowest])


def _lps(affine: NDArray[np.float64], voxel: NDArray[np.float64]) -> NDArray[np.float64]:
    point: NDArray[np.float64] = (affine[:3, :3] @ voxel + affine[:3, 3]) * (-1, -1, 1)
    return point


class _Level:
    """One resolution of the search: how many starts it takes, and how it goes on from each."""

    def __init__(
        self, images: tuple[sitk.Image, sitk.Image, sitk.Image], settings: dict[str, Any], bins: int
    ) -> None:
        self._fixed, self._mask, self._moving = (
            _shrunk(image, settings["grid_mm"]) for image in images
        )
        self._settings, self._bins = settings, bins
        self.starts: int = settings["starts"]

    def optimise(self, start: sitk.Transform) -> tuple[sitk.Transform, float]:
        """Give the best transform from a start, and its metric: the lower the better."""
        method = self._method()
        method.SetInitialTransform(
            _as_affine(start) if self._settings["affine"] else start, inPlace=False
        )
        found = method.Execute(self._fixed, self._moving)
        if found.GetName() == "CompositeTransform":
            found = sitk.CompositeTransform(found).GetBackTransform()
        return found.Downcast(), method.GetMetricValue()

    def _method(self) -> sitk.ImageRegistrationMethod:
        method = sitk.ImageRegistrationMethod()
        method.SetNumberOfWorkUnits(_WORK_UNITS)
        method.SetMetricAsMattesMutualInformation(self._bins)
        if self._settings["share"] < 1:
            method.SetMetricSamplingStrategy(method.REGULAR)
            method.SetMetricSamplingPercentage(self._settings["share"], seed=_SEED)
        method.SetMetricFixedMask(self._mask)
        method.SetInterpolator(sitk.sitkLinear)
        method.SetOptimizerAsRegularStepGradientDescent(
            learningRate=self._settings["first_step_mm"],
            minStep=0.02,
            numberOfIterations=self._settings["iterations"],
            relaxationFactor=0.6,
            gradientMagnitudeTolerance=1e-6,
        )
        method.SetOptimizerScalesFromPhysicalShift()
        return method


def _shrunk(image: sitk.Image, spacing_mm: float) -> sitk.Image:
    factors = [max(1, round(spacing_mm / step)) for step in image.GetSpacing()]
    if image.GetPixelID() == sitk.sitkUInt8:
        return sitk.Shrink(image, factors)
    return sitk.BinShrink(sitk.Cast(image, sitk.sitkFloat32), factors)
