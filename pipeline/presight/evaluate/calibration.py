"""Whether the probabilities mean what they say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray


@dataclass(frozen=True)
class Reliability:
    """Voxels by their predicted probability, in bins of equal width.

    Attributes
    ----------
    voxels : (B,) ndarray of float64
        Number of voxels of each bin.
    predicted, observed : (B,) ndarray of float64
        Sum of the probabilities of each bin, and number of its voxels that people drew.
    """

    voxels: NDArray[np.float64]
    predicted: NDArray[np.float64]
    observed: NDArray[np.float64]

    @property
    def ece(self) -> float | None:
        """Expected calibration error (Guo 2017, arXiv:1706.04599); ``None`` without a voxel."""
        total = self.voxels.sum()
        return float(np.abs(self.predicted - self.observed).sum() / total) if total else None


def reliability(
    probability: NDArray[np.float32], drawn: NDArray[np.bool_], bins: int
) -> Reliability:
    """Bin the voxels of one scan, with MONAI.

    Parameters
    ----------
    probability : (N,) ndarray
        Of the voxels of the brain.
    drawn : (N,) ndarray of bool
    bins : int
    """
    from monai.metrics import calibration_binning  # noqa: PLC0415 (slow, and seldom needed)

    values = (
        torch.from_numpy(array.astype(np.float32))[None, None] for array in (probability, drawn)
    )
    predicted, observed, voxels = (
        np.nan_to_num(part[0, 0].double().numpy()) for part in calibration_binning(*values, bins)
    )
    return Reliability(voxels, predicted * voxels, observed * voxels)


def pooled(parts: Iterable[Reliability]) -> Reliability:
    """All voxels of several scans.

    Raises
    ------
    ValueError
        There is no scan.
    """
    columns = zip(*((part.voxels, part.predicted, part.observed) for part in parts), strict=True)
    return Reliability(*(np.sum(column, axis=0) for column in columns))
