"""Make the probabilities of a bundle mean what they say, by one temperature."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from presight.errors import ConfigError
from presight.segment.bundle import Bundle
from presight.segment.device import select_device
from presight.segment.predict import predict
from presight.train.cache import TrainingVolume

_RANGE = (0.25, 4.0)

Logits = NDArray[np.float32]


def fit_temperature(
    bundle: Bundle, volumes: Iterable[TrainingVolume], device: str = "auto", every: int = 7
) -> float:
    """Temperature with the smallest negative log-likelihood (Guo 2017, arXiv:1706.04599).

    Parameters
    ----------
    bundle : Bundle
    volumes : iterable of TrainingVolume
        Patients that were neither trained on nor are tested on.
    device : str
        As in :func:`presight.segment.device.select_device`.
    every : int
        Only every n-th voxel of the brain is looked at.

    Returns
    -------
    float
        0.25 to 4; above 1 where the network is too sure of itself.

    Raises
    ------
    ConfigError
        There is no volume to fit to.
    """
    where = select_device(device)
    pairs, truths = [], []
    for volume in volumes:
        brain = volume.brain > 0
        answers = predict(volume.image.astype(np.float32), brain, bundle, where)
        pairs.append(np.stack([answer[brain][::every] for answer in answers]))
        truths.append(volume.mask[brain][::every] > 0)
    if not pairs:
        raise ConfigError("there is no volume to fit the temperature to", where="validation")
    logits = _logits(np.concatenate(pairs, axis=1)) * np.float32(bundle.settings.temperature)
    return best_temperature(logits, np.concatenate(truths))


def best_temperature(logits: Logits, truth: NDArray[np.bool_]) -> float:
    """Temperature for logits of both views, (2, N), and the truth, (N,)."""

    def loss(log_temperature: float) -> float:
        return _negative_log_likelihood(logits / np.float32(np.exp(log_temperature)), truth)

    found = optimize.minimize_scalar(loss, bounds=np.log(_RANGE).tolist(), method="bounded")
    return float(np.exp(found.x))


def _logits(probability: NDArray[np.float32]) -> Logits:
    inside = np.clip(probability, 1e-6, 1 - 1e-6)
    return np.log(inside / (1 - inside))


def _negative_log_likelihood(logits: Logits, truth: NDArray[np.bool_]) -> float:
    probability = (1 / (1 + np.exp(-logits))).mean(axis=0)
    right = np.where(truth, probability, 1 - probability)
    return float(-np.log(np.clip(right, 1e-7, 1)).mean())
