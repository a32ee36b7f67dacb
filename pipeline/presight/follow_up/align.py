"""Bring two scans of one head to the place half-way between them.

Each scan is resampled once, and neither more than the other: were one alone interpolated, it would
be the smoother one, and that looks like change (Reuter 2012, 10.1016/j.neuroimage.2012.02.084). The
movement is estimated in both directions and the middle of the two is taken, so that exchanging the
scans gives exactly the inverse.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from presight.errors import InputError
from presight.follow_up import rigid
from presight.follow_up.rigid import Rigid
from presight.follow_up.time_point import TimePoint
from presight.study.resample import resample, to_itk
from presight.study.volume import Grid

_SEED = 1  # samples lie on a regular lattice, each shaken a little


@dataclass(frozen=True)
class HalfWay:
    """The place between two scans.

    Attributes
    ----------
    grid : Grid
        Cubic voxels around both brains, RAS+.
    to_before, to_after : (4, 4) ndarray of float64
        From points of ``grid`` to points of either scan (RAS+ millimetres).
    similarity : float
        Correlation of the two scans in the brain where neither has a lesion; 1 for equal scans.
    disagreement_mm : float
        How far apart in the brain, at most, the estimates of the two directions are.
    """

    grid: Grid
    to_before: Rigid
    to_after: Rigid
    similarity: float
    disagreement_mm: float

    @property
    def movement(self) -> Rigid:
        """From points of the scan before to points of the scan after."""
        return self.to_after @ rigid.inverse(self.to_before)


def align(before: TimePoint, after: TimePoint, settings: dict[str, Any]) -> HalfWay:
    """Find the place half-way between two scans of one head.

    The search starts from the middles of the regions, so it does not matter where in space each
    scanner put the head. What is lesion in either scan is left out: it may change and must not
    move the head.

    Parameters
    ----------
    before, after : TimePoint
    settings : dict
        The ``align`` part of ``configs/follow_up.yaml``.

    Raises
    ------
    InputError
        The two are not alike enough to be one head.
    """
    start = _from_regions(before, after)
    there = _estimate(before, after, start, settings)
    back = rigid.inverse(_estimate(after, before, rigid.inverse(start), settings))
    to_after = rigid.half(rigid.middle(there, back))
    to_before = rigid.inverse(to_after)
    corners = [
        rigid.apply(rigid.inverse(movement), _brain_corners(point))
        for point, movement in ((before, to_before), (after, to_after))
    ]
    grid = _grid_around(np.concatenate(corners), settings)
    similarity = _similarity(before, after, grid, to_before, to_after)
    apart = rigid.apply(there, _brain_corners(before)) - rigid.apply(back, _brain_corners(before))
    half_way = HalfWay(
        grid, to_before, to_after, similarity, float(np.linalg.norm(apart, axis=1).max())
    )
    _refuse_another_head(half_way, before, after, settings)
    return half_way


def _from_regions(before: TimePoint, after: TimePoint) -> Rigid:
    """Find the movement that brings the middles of the regions onto each other."""
    common = np.intersect1d(before.anatomy, after.anatomy)
    common = common[common > 0]
    if common.size < 3:
        raise InputError(
            f"{before.name} and {after.name} have {common.size} regions of the brain in common",
            expected="two scans that show the same part of one head",
        )
    places = [_middles(point, common) for point in (before, after)]
    sizes = [np.bincount(point.anatomy.ravel())[common] for point in (before, after)]
    shares = [size / size.sum() for size in sizes]
    return rigid.fit(places[0], places[1], np.minimum(shares[0], shares[1]))


def _middles(point: TimePoint, labels: NDArray[np.uint8]) -> NDArray[np.float64]:
    voxels = ndimage.center_of_mass(point.anatomy > 0, point.anatomy, labels)
    return rigid.apply(point.flair.grid.affine, np.asarray(voxels))


def _estimate(fixed: TimePoint, moving: TimePoint, start: Rigid, settings: dict[str, Any]) -> Rigid:
    """Register one scan to the other, from coarse to fine."""
    found = start
    for spacing_mm in settings["levels_mm"]:
        found = _optimise(fixed, moving, found, spacing_mm, settings)
    return found


def _optimise(
    fixed: TimePoint, moving: TimePoint, start: Rigid, spacing_mm: float, settings: dict[str, Any]
) -> Rigid:
    transform = _euler(start, _brain_middle(fixed))
    method = sitk.ImageRegistrationMethod()
    method.SetNumberOfWorkUnits(1)  # sums over threads round as they finish
    method.SetMetricAsMattesMutualInformation(settings["histogram_bins"])
    method.SetMetricSamplingStrategy(method.REGULAR)
    method.SetMetricSamplingPercentage(settings["sampled"], _SEED)
    method.SetMetricFixedMask(_mask(fixed.brain & _healthy(fixed), fixed, spacing_mm))
    method.SetMetricMovingMask(_mask(_healthy(moving), moving, spacing_mm))
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(
        1.0, settings["smallest_step"], settings["iterations"], relaxationFactor=0.6
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(transform, inPlace=True)
    method.Execute(_image(fixed, spacing_mm), _image(moving, spacing_mm))
    return rigid.from_itk(transform)


def _euler(movement: Rigid, centre: NDArray[np.float64]) -> sitk.Euler3DTransform:
    """Make the transform that SimpleITK optimises, turning about ``centre``."""
    affine, middle = rigid.to_itk(movement), rigid.FLIP @ centre
    transform = sitk.Euler3DTransform()
    transform.SetCenter(middle.tolist())
    transform.SetMatrix(affine.GetMatrix(), 1e-6)
    transform.SetTranslation((np.asarray(affine.TransformPoint(middle.tolist())) - middle).tolist())
    return transform


def _healthy(point: TimePoint) -> NDArray[np.bool_]:
    """Everything but the lesion and its rim."""
    return ~ndimage.binary_dilation(point.lesion, iterations=2)


def _mask(mask: NDArray[np.bool_], point: TimePoint, spacing_mm: float) -> sitk.Image:
    return sitk.Shrink(to_itk(mask, point.flair.grid), _factors(point.flair.grid, spacing_mm))


def _image(point: TimePoint, spacing_mm: float) -> sitk.Image:
    flair = point.flair
    return sitk.BinShrink(to_itk(flair.data, flair.grid), _factors(flair.grid, spacing_mm))


def _factors(grid: Grid, spacing_mm: float) -> list[int]:
    return [max(1, round(spacing_mm / step)) for step in grid.spacing_mm]


def _brain_middle(point: TimePoint) -> NDArray[np.float64]:
    return rigid.apply(point.flair.grid.affine, np.array([ndimage.center_of_mass(point.brain)]))[0]


def _brain_corners(point: TimePoint) -> NDArray[np.float64]:
    """Corners of the box around the brain, (8, 3) world millimetres."""
    ranges = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        inside = np.flatnonzero(point.brain.any(axis=others))
        ranges.append((float(inside[0]) - 0.5, float(inside[-1]) + 0.5))
    return rigid.apply(point.flair.grid.affine, np.array(list(product(*ranges))))


def _grid_around(points: NDArray[np.float64], settings: dict[str, Any]) -> Grid:
    """Cubic voxels, along the world's axes, around points of the half-way place."""
    step, margin = settings["spacing_mm"], settings["margin_mm"]
    low = np.floor((points.min(axis=0) - margin) / step)
    high = np.ceil((points.max(axis=0) + margin) / step)
    affine = np.diag([step, step, step, 1.0])
    affine[:3, 3] = low * step
    x, y, z = (int(size) for size in high - low + 1)
    return Grid((x, y, z), affine)


def _similarity(
    before: TimePoint, after: TimePoint, grid: Grid, to_before: Rigid, to_after: Rigid
) -> float:
    scans, masks = [], []
    for point, movement in ((before, to_before), (after, to_after)):
        transform = rigid.to_itk(movement)
        healthy = (point.brain & _healthy(point)).astype(np.uint8)
        scans.append(resample(point.flair.data, point.flair.grid, grid, transform=transform))
        masks.append(
            resample(healthy, point.flair.grid, grid, nearest=True, transform=transform) > 0
        )
    both = masks[0] & masks[1]
    if np.count_nonzero(both) < 2:
        return 0.0
    return float(np.nan_to_num(np.corrcoef(scans[0][both], scans[1][both])[0, 1]))


def _refuse_another_head(
    half_way: HalfWay, before: TimePoint, after: TimePoint, settings: dict[str, Any]
) -> None:
    alike = half_way.similarity >= settings["same_head_at_least"]
    if not alike or half_way.disagreement_mm > settings["directions_apart_at_most_mm"]:
        raise InputError(
            f"{before.name} and {after.name} do not look like one head: after alignment their "
            f"brains correlate at {half_way.similarity:.2f} and the two directions of the search "
            f"lie {half_way.disagreement_mm:.1f} mm apart",
            expected=f"at least {settings['same_head_at_least']:g} and at most "
            f"{settings['directions_apart_at_most_mm']:g} mm, as two FLAIRs of one person do",
            action="Check that both are FLAIRs and of the same patient",
        )
