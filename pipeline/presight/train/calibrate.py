"""Make the probabilities of a bundle mean what they say, and draw the line through them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from presight.config import load_config
from presight.errors import ConfigError
from presight.evaluate.calibration import pooled, reliability
from presight.segment.bundle import Bundle
from presight.segment.device import select_device
from presight.segment.predict import predict
from presight.segment.trust import expected_dice
from presight.train.cache import TrainingVolume

_RANGE = (0.25, 4.0)
_THRESHOLDS = np.round(np.arange(0.1, 0.91, 0.05), 2)
_SMOOTH_VOXELS = 1000.0  # 1 mL
_EVERY = 7  # voxel of the brain is enough for temperature and ECE
_IGNORED = 2

Logits = NDArray[np.float32]


@dataclass(frozen=True)
class Calibration:
    """What was found on held-out patients.

    Attributes
    ----------
    scans, scans_with_lesion : int
    temperature : float
        0.25 to 4; above 1 where the network is too sure of itself.
    ece_before, ece_after : float
        Expected calibration error over the voxels of the brain, without and with it.
    threshold : float
        Probability from which a voxel is lesion.
    score : float
        Mean over datasets of the mean Dice with 1 mL added to truth, finding and overlap, so that
        scans without a lesion count; of all thresholds the best.
    expected_dice_error : float or None
        Mean absolute difference between the Dice that the probabilities promise and the Dice;
        ``None`` where no scan has a lesion.
    """

    scans: int
    scans_with_lesion: int
    temperature: float
    ece_before: float
    ece_after: float
    threshold: float
    score: float
    expected_dice_error: float | None


@dataclass(frozen=True)
class Answer:
    """What the network says of the voxels of one brain.

    Attributes
    ----------
    dataset : str
    logits : (2, N) ndarray of float16
        Log-odds at temperature 1, of the head as it is and mirrored.
    truth : (N,) ndarray of bool
    """

    dataset: str
    logits: NDArray[np.float16]
    truth: NDArray[np.bool_]

    def probability(self, temperature: float) -> NDArray[np.float32]:
        """Mean of both views, (N,), as stage 2 would give it."""
        return _probability(self.logits.astype(np.float32), temperature)


def calibrate(
    bundle: Bundle,
    volumes: Iterable[TrainingVolume],
    device: str = "auto",
    threshold: float | None = None,
) -> Calibration:
    """Find temperature and threshold of a bundle, and how good its probabilities then are.

    Parameters
    ----------
    bundle : Bundle
    volumes : iterable of TrainingVolume
        Patients that were neither trained on nor are tested on.
    device : str
        As in :func:`presight.segment.device.select_device`.
    threshold : float, optional
        One of 0.1, 0.15, ... 0.9 to be taken in place of the best one.

    Raises
    ------
    ConfigError
        There is no volume to fit to.
    """
    answers = list(_answers(bundle, volumes, device))
    if not answers:
        raise ConfigError("there is no volume to calibrate with", where="validation")
    thinned = [replace(a, logits=a.logits[:, ::_EVERY], truth=a.truth[::_EVERY]) for a in answers]
    temperature = best_temperature(
        np.concatenate([answer.logits for answer in thinned], axis=1).astype(np.float32),
        np.concatenate([answer.truth for answer in thinned]),
    )
    threshold, score = best_threshold(answers, temperature, threshold)
    with_lesion = [answer for answer in answers if answer.truth.any()]
    return Calibration(
        scans=len(answers),
        scans_with_lesion=len(with_lesion),
        temperature=temperature,
        ece_before=_ece(thinned, 1.0),
        ece_after=_ece(thinned, temperature),
        threshold=threshold,
        score=score,
        expected_dice_error=_expected_dice_error(with_lesion, temperature, threshold),
    )


def best_temperature(logits: Logits, truth: NDArray[np.bool_]) -> float:
    """Temperature with the smallest negative log-likelihood (Guo 2017, arXiv:1706.04599).

    Parameters
    ----------
    logits : (2, N) ndarray
        Of both views.
    truth : (N,) ndarray of bool
    """

    def loss(log_temperature: float) -> float:
        probability = _probability(logits, float(np.exp(log_temperature)))
        right = np.where(truth, probability, 1 - probability)
        return float(-np.log(np.clip(right, 1e-7, 1)).mean())

    found = optimize.minimize_scalar(loss, bounds=np.log(_RANGE).tolist(), method="bounded")
    return float(np.exp(found.x))


def best_threshold(
    answers: Sequence[Answer], temperature: float, wanted: float | None = None
) -> tuple[float, float]:
    """Threshold with the best score (see :class:`Calibration`) or the wanted one, and its score.

    Every dataset weighs the same. Specks too small to be kept are counted here.
    """
    by_dataset: dict[str, list[NDArray[np.float64]]] = defaultdict(list)
    for answer in answers:
        by_dataset[answer.dataset].append(_scores(answer, temperature))
    score = np.mean([np.mean(scores, axis=0) for scores in by_dataset.values()], axis=0)
    best = int(np.argmax(score) if wanted is None else np.abs(_THRESHOLDS - wanted).argmin())
    return float(_THRESHOLDS[best]), float(score[best])


def _scores(answer: Answer, temperature: float) -> NDArray[np.float64]:
    """Smoothed Dice at every threshold."""
    level = np.searchsorted(_THRESHOLDS, answer.probability(temperature), side="right")
    found, hit = (_reaching(level[chosen]) for chosen in (slice(None), answer.truth))
    truth = np.count_nonzero(answer.truth)
    return (2 * hit + _SMOOTH_VOXELS) / (found + truth + _SMOOTH_VOXELS)


def _reaching(level: NDArray[np.intp]) -> NDArray[np.int64]:
    """Count the voxels at or above every threshold."""
    counts = np.bincount(level, minlength=len(_THRESHOLDS) + 1)
    return counts[::-1].cumsum()[::-1][1:]


def _answers(bundle: Bundle, volumes: Iterable[TrainingVolume], device: str) -> Iterator[Answer]:
    where = select_device(device)
    for volume in volumes:
        brain = volume.brain > 0
        told = brain & (volume.mask != _IGNORED)
        views = predict(volume.image.astype(np.float32), brain, bundle, where)
        logits = _logits(np.stack([view[told] for view in views])) * bundle.settings.temperature
        yield Answer(volume.dataset, logits.astype(np.float16), volume.mask[told] > 0)


def _ece(answers: Sequence[Answer], temperature: float) -> float:
    bins = load_config("evaluation.yaml")["calibration_bins"]
    parts = [reliability(each.probability(temperature), each.truth, bins) for each in answers]
    return pooled(parts).ece or 0.0


def _expected_dice_error(
    answers: Sequence[Answer], temperature: float, threshold: float
) -> float | None:
    errors = []
    for answer in answers:
        probability = answer.probability(temperature)
        mask = probability >= threshold
        dice = 2 * np.count_nonzero(mask & answer.truth) / (mask.sum() + answer.truth.sum())
        errors.append(abs((expected_dice(probability, mask) or 0.0) - dice))
    return round(float(np.mean(errors)), 3) if errors else None


def _probability(logits: Logits, temperature: float) -> NDArray[np.float32]:
    views: NDArray[np.float32] = 1 / (1 + np.exp(-logits / np.float32(temperature)))
    return views.mean(axis=0)


def _logits(probability: NDArray[np.float32]) -> Logits:
    inside = np.clip(probability, 1e-6, 1 - 1e-6)
    return np.log(inside / (1 - inside))
