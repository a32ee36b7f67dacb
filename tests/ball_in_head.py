"""A head of known anatomy, made whole, with one bright ball in its left white matter."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from presight.train.synthesis.head import sharp_head


@dataclass(frozen=True)
class BallInHead:
    """Brain without a skull at 1 mm, commonest intensity 1, and the ball's middle in voxels."""

    image: NDArray[np.float32]
    brain: NDArray[np.bool_]
    labels: NDArray[np.uint8]
    ball: NDArray[np.bool_]
    middle: NDArray[np.intp]


@cache
def ball_in_head(radius_mm: float = 9) -> BallInHead:
    """The ball is where white matter is deepest in the left half; a radius of 0 is no ball."""
    made = sharp_head(np.random.default_rng(1), "none", stripped=True)
    box = ndimage.find_objects(made.head.brain.astype(np.uint8))[0]
    brain = np.pad(made.head.brain[box], 2)
    white = ndimage.distance_transform_edt(np.pad(made.head.white[box], 2) > 0.9)
    white[brain.shape[0] // 2 :] = 0  # RAS+: the first half is the patient's left
    middle = np.array(np.unravel_index(white.argmax(), brain.shape))
    ball = ((np.indices(brain.shape) - middle[:, None, None, None]) ** 2).sum(0) < radius_mm**2
    noise = np.random.default_rng(0).normal(0, 0.03, brain.shape) * brain
    image = np.pad(made.flair[box], 2) + np.float32(0.9) * ball + noise
    return BallInHead(
        image.astype(np.float32), brain, np.pad(made.head.labels[box], 2), ball, middle
    )
