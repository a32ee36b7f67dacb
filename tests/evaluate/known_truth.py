"""Masks and small heads whose truth is known."""

from __future__ import annotations

import numpy as np

from ball_in_head import ball_in_head
from presight.config import load_config
from presight.evaluate.case import CaseScore, score_case
from presight.evaluate.comparison import Comparison
from presight.study.volume import Grid
from presight.train.cache import TrainingVolume

SHAPE = (20, 20, 20)


def box(*sides: slice) -> np.ndarray:
    """A mask that is true in a box."""
    mask = np.zeros(SHAPE, bool)
    mask[sides] = True
    return mask


def comparison(
    drawn: np.ndarray,
    found: np.ndarray,
    *,
    name: str = "ms/P1",
    patient: str = "",
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    slice_mm: float = 1.0,
    site: str = "here",
) -> Comparison:
    """Two masks in a brain that fills the image."""
    grid = Grid(SHAPE, np.diag([*spacing, 1.0]))
    return Comparison(
        id=name,
        dataset=name.partition("/")[0],
        patient_id=patient or name,
        site=site,
        slice_mm=slice_mm,
        grid=grid,
        drawn=drawn,
        found=found,
        probability=found.astype(np.float32),
        brain=np.ones(SHAPE, bool),
    )


def scored(drawn: np.ndarray, found: np.ndarray, **facts: object) -> CaseScore:
    """Score of two masks."""
    return score_case(comparison(drawn, found, **facts), load_config("evaluation.yaml"))


def ball_volume(name: str, *, radius: float = 9, mask: np.ndarray | None = None) -> TrainingVolume:
    """A noisy head with one bright ball, or none for a radius of 0."""
    head = ball_in_head(radius)
    dataset, _, patient = name.partition("/")
    return TrainingVolume(
        name,
        dataset,
        patient,
        "here",
        head.image.astype(np.float16),
        head.ball.astype(np.uint8) if mask is None else mask,
        head.brain.astype(np.uint8),
        head.labels,
    )
