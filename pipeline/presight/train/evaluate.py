"""How well a bundle finds what people drew, on patients that it was not trained on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from monai.metrics import DiceMetric
from numpy.typing import NDArray
from scipy import ndimage

from presight.segment.bundle import Bundle
from presight.segment.device import select_device
from presight.segment.predict import predict
from presight.segment.stage import lesion_mask
from presight.study.volume import Grid
from presight.train.cache import TrainingVolume

_WORKING_AFFINE = np.eye(4)  # 1 mm


@dataclass(frozen=True)
class CaseScore:
    """Agreement on one scan, on the 1 mm grid.

    Attributes
    ----------
    id, dataset, site : str
    truth_ml, found_ml : float
        Volumes of what people drew and of what was found.
    dice : float or None
        ``None`` where there is no lesion: then ``found_ml`` is all false.
    lesion_recall, lesion_precision : float or None
        Share of drawn lesions that are touched, share of found lesions that touch a drawn one
        (connected components, 26-neighbourhood); ``None`` where there is none to count.
    """

    id: str
    dataset: str
    site: str
    truth_ml: float
    found_ml: float
    dice: float | None
    lesion_recall: float | None
    lesion_precision: float | None


@dataclass(frozen=True)
class Summary:
    """Scores of several scans."""

    scans: int
    dice_mean: float | None
    dice_median: float | None
    lesion_f1: float | None  # from the mean recall and precision
    false_ml_median: float | None  # on scans without a lesion


def evaluate(
    bundle: Bundle, volumes: Iterable[TrainingVolume], device: str = "auto"
) -> Iterator[CaseScore]:
    """Score every volume; yields each as it is done.

    Parameters
    ----------
    bundle : Bundle
    volumes : iterable of TrainingVolume
        Patients that the bundle was not trained on, or the figures prove nothing.
    device : str
        As in :func:`presight.segment.device.select_device`.
    """
    where = select_device(device)
    for volume in volumes:
        found = find(bundle, volume, where)
        yield score(volume, found)


def find(bundle: Bundle, volume: TrainingVolume, device: torch.device) -> NDArray[np.bool_]:
    """Lesion mask of one volume, as the pipeline would make it at 1 mm."""
    image, brain = volume.image.astype(np.float32), volume.brain > 0
    direct, mirrored = predict(image, brain, bundle, device)
    probability: NDArray[np.float32] = (direct + mirrored) / np.float32(2)
    shape = (probability.shape[0], probability.shape[1], probability.shape[2])
    return lesion_mask(probability, Grid(shape, _WORKING_AFFINE), bundle.settings)


def score(volume: TrainingVolume, found: NDArray[np.bool_]) -> CaseScore:
    """Compare a mask with the truth of its volume."""
    truth = volume.mask > 0
    recall, precision = _touched(truth, found), _touched(found, truth)
    return CaseScore(
        id=volume.id,
        dataset=volume.dataset,
        site=volume.site,
        truth_ml=float(truth.sum()) / 1000,
        found_ml=float(found.sum()) / 1000,
        dice=_dice(truth, found) if truth.any() else None,
        lesion_recall=recall,
        lesion_precision=precision,
    )


def summarise(scores: Sequence[CaseScore]) -> Summary:
    """Mean and median over scans; ``None`` where there is nothing to average."""
    recall = _mean([score.lesion_recall for score in scores])
    precision = _mean([score.lesion_precision for score in scores])
    dice = [score.dice for score in scores if score.dice is not None]
    false_ml = [score.found_ml for score in scores if score.dice is None]
    return Summary(
        scans=len(scores),
        dice_mean=_mean(dice),
        dice_median=float(np.median(dice)) if dice else None,
        lesion_f1=_harmonic_mean(recall, precision),
        false_ml_median=float(np.median(false_ml)) if false_ml else None,
    )


def _dice(truth: NDArray[np.bool_], found: NDArray[np.bool_]) -> float:
    metric = DiceMetric(include_background=True, reduction="mean")
    one, other = (torch.from_numpy(mask.astype(np.float32))[None, None] for mask in (found, truth))
    return float(metric(one, other))


def _touched(masks: NDArray[np.bool_], others: NDArray[np.bool_]) -> float | None:
    """Share of the components of ``masks`` that overlap ``others``."""
    parts, count = ndimage.label(masks, np.ones((3, 3, 3)))
    if count == 0:
        return None
    hit = np.unique(parts[others & (parts > 0)])
    return len(hit) / count


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _harmonic_mean(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return None
    return 0.0 if one + other == 0 else 2 * one * other / (one + other)
