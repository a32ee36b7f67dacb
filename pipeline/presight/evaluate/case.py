"""Agreement on one scan."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from presight.evaluate.calibration import Reliability, reliability
from presight.evaluate.comparison import Comparison
from presight.evaluate.lesions import LesionScore, by_overlap, one_to_one
from presight.evaluate.sizes import SizeClass, found_by_size
from presight.evaluate.slices import false_on_free_slices

_HD_PERCENTILE = 95


@dataclass(frozen=True)
class CaseScore:
    """Agreement on one scan; ``None`` is what is not defined there.

    Attributes
    ----------
    id, dataset, patient_id, site, slice_mm
        As in :class:`~presight.evaluate.comparison.Comparison`.
    spacing_known : bool
        Where it is not, millilitres and millimetres are nominal and must not be quoted.
    brain_ml, drawn_ml, found_ml : float
    dice, hd95_mm : float or None
    detected : bool or None
        At least one voxel of what was drawn was found.
    overlap : LesionScore
        Lesion-wise, any overlap.
    matched : LesionScore or None
        Lesion-wise, one-to-one; ``None`` where panoptica is not installed.
    by_size : tuple of SizeClass
        Drawn lesions by the volume of each.
    free_slices_false_ml : float
        Found on slices that hold nothing drawn.
    reliability : Reliability
        Of the voxels of the brain.
    """

    id: str
    dataset: str
    patient_id: str
    site: str
    slice_mm: float
    spacing_known: bool
    brain_ml: float
    drawn_ml: float
    found_ml: float
    dice: float | None
    hd95_mm: float | None
    detected: bool | None
    overlap: LesionScore
    matched: LesionScore | None
    by_size: tuple[SizeClass, ...]
    free_slices_false_ml: float
    reliability: Reliability

    @property
    def has_lesion(self) -> bool:
        """Whether anything was drawn."""
        return self.drawn_ml > 0

    @property
    def lesion_load_percent(self) -> float | None:
        """Drawn volume as a share of the brain: holds where the spacing is not known."""
        return 100 * self.drawn_ml / self.brain_ml if self.brain_ml else None

    @property
    def volume_error_ml(self) -> float:
        """Found minus drawn."""
        return self.found_ml - self.drawn_ml

    @property
    def volume_error_percent(self) -> float | None:
        """Of the drawn volume."""
        return 100 * self.volume_error_ml / self.drawn_ml if self.has_lesion else None

    @property
    def false_ml(self) -> float | None:
        """Volume found where there is no lesion at all; ``None`` for a scan with a lesion."""
        return None if self.has_lesion else self.found_ml


def score_case(comparison: Comparison, settings: dict[str, Any]) -> CaseScore:
    """Compare what was found with what was drawn.

    Parameters
    ----------
    comparison : Comparison
    settings : dict
        ``configs/evaluation.yaml``.
    """
    drawn, found, grid = comparison.drawn, comparison.found, comparison.grid
    any_drawn = bool(drawn.any())
    return CaseScore(
        id=comparison.id,
        dataset=comparison.dataset,
        patient_id=comparison.patient_id,
        site=comparison.site,
        slice_mm=comparison.slice_mm,
        spacing_known=not _matches(comparison.id, settings["spacing_estimated"]),
        brain_ml=_volume_ml(comparison.brain, grid.voxel_ml),
        drawn_ml=_volume_ml(drawn, grid.voxel_ml),
        found_ml=_volume_ml(found, grid.voxel_ml),
        dice=_dice(drawn, found) if any_drawn else None,
        hd95_mm=_hd95_mm(drawn, found, grid.spacing_mm) if any_drawn and found.any() else None,
        detected=bool((drawn & found).any()) if any_drawn else None,
        overlap=by_overlap(drawn, found),
        matched=one_to_one(drawn, found, settings["one_to_one"]),
        by_size=found_by_size(drawn, found, 1000 * grid.voxel_ml, settings["lesion_mm3"]),
        free_slices_false_ml=false_on_free_slices(comparison),
        reliability=reliability(
            comparison.probability[comparison.brain],
            drawn[comparison.brain],
            settings["calibration_bins"],
        ),
    )


def _matches(name: str, patterns: list[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)


def _volume_ml(mask: NDArray[np.bool_], voxel_ml: float) -> float:
    return float(np.count_nonzero(mask)) * voxel_ml


def _dice(drawn: NDArray[np.bool_], found: NDArray[np.bool_]) -> float:
    from monai.metrics import DiceMetric  # noqa: PLC0415 (slow, and the cohort's page needs none)

    return float(DiceMetric(include_background=True)(_batch(found), _batch(drawn)))


def _hd95_mm(
    drawn: NDArray[np.bool_], found: NDArray[np.bool_], spacing_mm: tuple[float, float, float]
) -> float:
    from monai.metrics import compute_hausdorff_distance  # noqa: PLC0415 (as above)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # MONAI's, of an argument of its own
        distance = compute_hausdorff_distance(
            _batch(found),
            _batch(drawn),
            include_background=True,
            percentile=_HD_PERCENTILE,
            spacing=list(spacing_mm),
        )
    return float(distance)


def _batch(mask: NDArray[np.bool_]) -> torch.Tensor:
    """(1, 1, X, Y, Z), as MONAI takes it."""
    return torch.from_numpy(mask.astype(np.float32))[None, None]
