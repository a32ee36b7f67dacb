"""Diffusion images at several b-values: the trace image and the ADC map they hold."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from presight.errors import InputError
from presight.study.contrast import Contrast
from presight.study.nifti import read_nifti_series
from presight.study.volume import Volume

_SHELL = 50.0  # s/mm2: b-values this near to each other are one
_LONGEST = 100_000  # bytes of a file of b-values


def b_values_beside(path: Path) -> Path | None:
    """File of b-values that belongs to an image, as dcm2niix writes it; ``None`` without one."""
    name = path.name.removesuffix(".gz").removesuffix(".nii")
    beside = path.with_name(f"{name}.bval")
    return beside if beside.is_file() else None


def read_diffusion(path: Path, b_values: Path) -> dict[Contrast, Volume]:
    """Read a 4-D diffusion series: the trace image at the highest b-value, and the ADC.

    Parameters
    ----------
    path : Path
        4-D NIfTI.
    b_values : Path
        One b-value in s/mm2 for each of its volumes, separated by spaces.

    Returns
    -------
    dict
        ``Contrast.DWI`` and ``Contrast.ADC``, the latter in 1e-6 mm2/s and with a sentence that
        it was computed.

    Raises
    ------
    InputError
        The image cannot be used, or the b-values do not fit it.
    """
    images = read_nifti_series(path, Contrast.DWI)
    shells = _shells([image.data for image in images], _read_b_values(b_values, len(images)))
    adc = adc_from_signals(shells)
    used = ", ".join(f"{b:.0f}" for b in shells)
    doubt = f"The ADC was computed from the diffusion images at b = {used} s/mm2."
    first = images[0]
    return {
        Contrast.DWI: Volume(shells[max(shells)], first.grid, Contrast.DWI, path, first.doubts),
        Contrast.ADC: Volume(adc, first.grid, Contrast.ADC, path, (*first.doubts, doubt)),
    }


def adc_from_signals(signals: Mapping[float, NDArray[np.float32]]) -> NDArray[np.float32]:
    """ADC in 1e-6 mm2/s from images at two or more b-values: the slope of log signal on b.

    Parameters
    ----------
    signals : mapping of float to ndarray
        b-value in s/mm2 to image, all of one shape. Images of one b-value and several directions
        are averaged geometrically before.

    Returns
    -------
    ndarray of float32
        0 where the signal has no logarithm or rises with b.

    Raises
    ------
    InputError
        Fewer than two b-values.

    >>> signal = {0.0: np.full((1, 1, 1), 1000.0), 1000.0: np.full((1, 1, 1), 1000 * np.exp(-0.8))}
    >>> float(adc_from_signals(signal)[0, 0, 0].round())
    800.0
    """
    if len(signals) < 2:
        raise InputError(
            f"there are images at {len(signals)} b-value",
            expected="two b-values or more",
            action="Give the ADC map, or the image at b = 0 as well",
        )
    b = np.array(list(signals), dtype=np.float64)
    stack = np.stack([np.asarray(image, dtype=np.float64) for image in signals.values()])
    usable = (stack > 0).all(axis=0)
    logs = np.log(np.where(usable, stack, 1.0))
    centred = (b - b.mean()).reshape(-1, *[1] * (stack.ndim - 1))
    slope = -(centred * (logs - logs.mean(axis=0))).sum(axis=0) / (centred**2).sum()
    adc: NDArray[np.float32] = np.where(usable, np.maximum(slope, 0) * 1e6, 0).astype(np.float32)
    return adc


def _shells(
    images: list[NDArray[np.float32]], b_values: list[float]
) -> dict[float, NDArray[np.float32]]:
    """Geometric mean of the images at each b-value, the lowest first."""
    groups: dict[float, list[NDArray[np.float32]]] = {}
    for b, image in sorted(zip(b_values, images, strict=True), key=lambda pair: pair[0]):
        nearest = next((known for known in groups if abs(known - b) <= _SHELL), b)
        groups.setdefault(nearest, []).append(image)
    return {b: _geometric_mean(members) for b, members in groups.items()}


def _geometric_mean(images: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    stack = np.stack(images)
    usable = (stack > 0).all(axis=0)
    mean = np.exp(np.log(np.where(usable, stack, 1)).mean(axis=0))
    return np.where(usable, mean, 0).astype(np.float32)


def _read_b_values(path: Path, count: int) -> list[float]:
    try:
        text = path.read_text(encoding="utf-8")[:_LONGEST]
        values = [float(word) for word in text.split()]
    except (OSError, ValueError) as error:
        raise InputError("the b-values cannot be read", where=path, expected="numbers") from error
    if len(values) != count or any(not 0 <= value <= 20_000 for value in values):
        raise InputError(
            f"{len(values)} b-values were found for {count} volumes",
            where=path,
            expected="one for each, in s/mm2",
        )
    return values
