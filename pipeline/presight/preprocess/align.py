"""Bring another contrast of one visit onto the FLAIR: rigid, checked, refused with a reason."""

from __future__ import annotations

from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from presight.errors import InputError
from presight.study.resample import resample, to_itk
from presight.study.volume import Volume


def align(
    volume: Volume, flair: Volume, brain: NDArray[np.bool_], settings: dict[str, Any]
) -> Volume:
    """Resample a volume to the FLAIR's working grid after rigid registration.

    Series of one visit share the scanner's coordinates, so the search starts there and a large
    movement means that the series does not belong to this FLAIR.

    Parameters
    ----------
    volume : Volume
        Any contrast, on its own grid.
    flair : Volume
        On the working grid.
    brain : (X, Y, Z) ndarray of bool
    settings : dict
        The ``align`` part of ``configs/preprocess.yaml``.

    Raises
    ------
    InputError
        The two do not overlap or cannot be aligned by a small movement.
    """
    _check_overlap(volume, flair, brain, settings["overlap_at_least"])
    transform = _rigid(volume, flair, brain)
    _check_movement(transform, volume, settings)
    data = resample(volume.data, volume.grid, flair.grid, transform=transform)
    return Volume(data, flair.grid, volume.contrast, volume.source, volume.doubts)


def _check_overlap(
    volume: Volume, flair: Volume, brain: NDArray[np.bool_], at_least: float
) -> None:
    inside = resample(
        np.ones(volume.grid.shape, np.uint8), volume.grid, flair.grid, nearest=True
    ).astype(bool)
    share = float((inside & brain).sum()) / max(1, int(brain.sum()))
    if share < at_least:
        raise InputError(
            f"the {volume.contrast.value.upper()} covers {share:.0%} of the brain in the FLAIR",
            where=volume.source,
            expected=f"at least {at_least:.0%}: it lies elsewhere in space",
            action="Give the series of the same visit, converted together with the FLAIR",
        )


def _rigid(volume: Volume, flair: Volume, brain: NDArray[np.bool_]) -> sitk.Transform:
    fixed = sitk.BinShrink(to_itk(flair.data, flair.grid), [2, 2, 2])
    mask = sitk.Shrink(to_itk(brain, flair.grid), [2, 2, 2])
    moving = to_itk(volume.data, volume.grid)
    start = sitk.Euler3DTransform()
    start.SetCenter(
        fixed.TransformContinuousIndexToPhysicalPoint([size / 2 for size in fixed.GetSize()])
    )
    method = sitk.ImageRegistrationMethod()
    method.SetNumberOfWorkUnits(1)  # sums over threads round as they finish
    method.SetMetricAsMattesMutualInformation(32)
    method.SetMetricSamplingStrategy(method.NONE)
    method.SetMetricFixedMask(mask)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(1.0, 0.01, 60, relaxationFactor=0.6)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(start, inPlace=True)
    method.Execute(fixed, moving)
    return start


def _check_movement(
    transform: sitk.Euler3DTransform, volume: Volume, settings: dict[str, Any]
) -> None:
    shift_mm = float(np.linalg.norm(transform.GetTranslation()))
    angles = (transform.GetAngleX(), transform.GetAngleY(), transform.GetAngleZ())
    turn_deg = float(np.rad2deg(np.abs(angles).max()))
    if shift_mm > settings["furthest_mm"] or turn_deg > settings["furthest_deg"]:
        raise InputError(
            f"the {volume.contrast.value.upper()} fits the FLAIR only after a movement of "
            f"{shift_mm:.0f} mm and {turn_deg:.0f} degrees",
            where=volume.source,
            expected="a series of the same visit",
            action="Check that both files are of one patient and one day",
        )
