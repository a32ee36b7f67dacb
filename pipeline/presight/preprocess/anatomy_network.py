"""Brain, regions and sides of a whole head by a small network at 2 mm.

It answers twice, for the head and for its mirror image, so that a mirrored head gives the mirrored
regions. Which side a voxel is on is an answer of its own: a region has the same look on both.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from presight.config import load_config
from presight.preprocess.anatomy_bundle import AnatomyNetwork
from presight.preprocess.halve import halved_evenly
from presight.segment.device import autocast

_SCALE_QUANTILE = 0.95


def find_labels(
    data: NDArray[np.float32], model: AnatomyNetwork, device: torch.device
) -> NDArray[np.uint8]:
    """Label a head.

    Parameters
    ----------
    data : (X, Y, Z) ndarray of float32
        FLAIR at 1 mm, RAS+, any scale. The first axis is the one that is mirrored.
    model : AnatomyNetwork
    device : torch.device

    Returns
    -------
    (X, Y, Z) ndarray of uint8
        Ids of ``configs/anatomy.yaml``; 0 outside the brain.
    """
    image = np.maximum(data, 0)
    direct, mirrored = (
        _answers(scaled(torch.from_numpy(halved_evenly(head))), model, device)
        for head in (image, image[::-1])
    )
    mirrored = mirrored.flip(1)
    mirrored[-1] *= -1  # its right is our left
    return _labels_at_full(direct + mirrored, data.shape)


def scaled(image: torch.Tensor) -> torch.Tensor:
    """Image in shares of the brightness that a twentieth of the head exceeds."""
    bright = image[::2, ::2, ::2]
    bright = bright[bright > 0]
    return image / bright.quantile(_SCALE_QUANTILE) if bright.numel() else image


def _answers(image: torch.Tensor, model: AnatomyNetwork, device: torch.device) -> torch.Tensor:
    """Answers (C, X, Y, Z) of one head at 2 mm."""
    missing = [-width % model.settings.size_multiple for width in image.shape]
    padded = functional.pad(image, (0, missing[2], 0, missing[1], 0, missing[0]))
    batch = padded[None, None].to(device).contiguous(memory_format=torch.channels_last_3d)
    with torch.inference_mode(), autocast(device):
        answers = model.network.to(device)(batch)
    x, y, z = image.shape
    return answers[0, :, :x, :y, :z].float().cpu().clone()


def _labels_at_full(answers: torch.Tensor, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Best region and side at 1 mm, within the box of the brain: answers are smooth, labels not."""
    labels = np.zeros(shape, dtype=np.uint8)
    brain = np.argwhere((answers[1:-1].amax(0) > answers[0]).numpy())
    if not brain.size:
        return labels
    first = np.maximum(brain.min(axis=0) - 1, 0)
    end = brain.max(axis=0) + 3  # one voxel around, and one for the odd places beyond it
    padded = functional.pad(answers[None], (0, 2, 0, 2, 0, 2), mode="replicate")[0]
    near = tuple(slice(low, high) for low, high in zip(first, end, strict=True))
    fine = _doubled(padded[:, *near], along_x_between=shape[0] % 2 == 0)
    region = _likeliest(fine[:-1]).numpy()
    left, right = (ids[region] for ids in _ids_of_regions())
    found = np.where(fine[-1].numpy() > 0, right, left)
    box = tuple(slice(2 * low, 2 * high - 1) for low, high in zip(first, end, strict=True))
    labels[box] = found[tuple(slice(width) for width in labels[box].shape)]
    return labels


def _likeliest(answers: torch.Tensor) -> torch.Tensor:
    """Find the largest answer; one by one is several times faster here than ``argmax``."""
    best, number = answers[0], torch.zeros(answers.shape[1:], dtype=torch.uint8)
    for i, answer in enumerate(answers[1:], start=1):
        number.masked_fill_(answer > best, i)
        best = torch.maximum(best, answer)
    return number


def _doubled(answers: torch.Tensor, along_x_between: bool) -> torch.Tensor:
    """Linear interpolation to half the spacing; voxel ``i`` comes to ``2 i``.

    Along x it comes between ``2 i`` and ``2 i + 1`` where that is asked, as
    :func:`presight.preprocess.halve.halved_evenly` takes it.
    """
    x, y, z = (2 * width - 1 for width in answers.shape[1:])
    fine = answers[None]
    if along_x_between:
        fine = functional.interpolate(fine, size=(x + 1, *answers.shape[2:]), mode="trilinear")
        x += 1
    return functional.interpolate(fine, size=(x, y, z), mode="trilinear", align_corners=True)[0]


@cache
def regions() -> tuple[str, ...]:
    """Regions in the order of the network's channels, from 1; channel 0 is what is no brain."""
    return tuple(load_config("anatomy.yaml")["names"])


@cache
def regions_of_ids() -> NDArray[np.int64]:
    """Channel of each id of ``configs/anatomy.yaml``."""
    labels = load_config("anatomy.yaml")["labels"]
    table = np.zeros(max(labels) + 1, dtype=np.int64)
    for number, label in labels.items():
        table[number] = 1 + regions().index(label["region"])
    return table


@cache
def sides_of_ids() -> NDArray[np.float32]:
    """-1 for ids on the left, 1 on the right, 0 on the midline and outside."""
    labels = load_config("anatomy.yaml")["labels"]
    table = np.zeros(max(labels) + 1, dtype=np.float32)
    for number, label in labels.items():
        table[number] = {"left": -1, "right": 1, "midline": 0}[label["side"]]
    return table


@cache
def _ids_of_regions() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Ids of each channel on the left and on the right."""
    left, right = (np.zeros(1 + len(regions()), dtype=np.uint8) for _ in range(2))
    for number, label in load_config("anatomy.yaml")["labels"].items():
        channel = 1 + regions().index(label["region"])
        if label["side"] != "right":
            left[channel] = number
        if label["side"] != "left":
            right[channel] = number
    return left, right
