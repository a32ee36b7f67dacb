"""Brain, regions and sides of a whole head by a small network at 2 mm.

It answers twice, for the head and for its mirror image, so that a mirrored head gives the mirrored
regions. Which side a voxel is on is an answer of its own: a region has the same look on both.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch.nn import functional

from presight.config import load_config
from presight.preprocess.halve import halved
from presight.segment.bundle import WeightSettings, load_network
from presight.segment.device import autocast

_SCALE_QUANTILE = 0.95


class AnatomySettings(WeightSettings):
    """How the anatomy network is to be used."""

    size_multiple: int = Field(ge=1)


@dataclass(frozen=True)
class AnatomyNetwork:
    """A loaded anatomy bundle.

    Attributes
    ----------
    id : str
        Name, version and checksum.
    network : torch.nn.Module
        Takes (1, 1, X, Y, Z) at 2 mm; gives a channel for what is no brain, one for each of
        ``regions()`` and one for the side, right above 0.
    settings : AnatomySettings
    """

    id: str
    network: torch.nn.Module
    settings: AnatomySettings


@cache
def load_anatomy_network(folder: Path) -> AnatomyNetwork:
    """Read and check a bundle.

    Raises
    ------
    ConfigError
        As in :func:`presight.segment.load_bundle`.
    """
    loaded = load_network(folder, AnatomySettings)
    name = f"{loaded.name} {loaded.version} sha256:{loaded.settings.sha256}"
    return AnatomyNetwork(name, loaded.network, loaded.settings)


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
        _answers(scaled(torch.from_numpy(halved(head))), model, device)
        for head in (image, image[::-1])
    )
    return _labels_at_full(direct, mirrored, data.shape)


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


def _labels_at_full(
    direct: torch.Tensor, mirrored: torch.Tensor, shape: tuple[int, ...]
) -> NDArray[np.uint8]:
    """Best region and side at 1 mm: answers are smooth, labels would be steps.

    Either answer is brought to 1 mm before they are added: every second voxel of a head and of its
    mirror image are not the same ones where their number is even.
    """
    best = torch.full(shape, -torch.inf)
    region = torch.zeros(shape, dtype=torch.uint8)
    for number, (here, there) in enumerate(zip(direct[:-1], mirrored[:-1], strict=True)):
        fine = _doubled(here, shape) + _doubled(there, shape).flip(0)
        better = fine > best
        best = torch.where(better, fine, best)
        region[better] = number
    right = _doubled(direct[-1], shape) > _doubled(mirrored[-1], shape).flip(0)
    left_ids, right_ids = _ids_of_regions()
    labels: NDArray[np.uint8] = np.where(
        right.numpy(), right_ids[region.numpy()], left_ids[region.numpy()]
    )
    return labels


def _doubled(image: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
    """Linear interpolation to half the spacing; voxel ``i`` comes to ``2 i``."""
    full = tuple(2 * size - 1 for size in image.shape)
    fine = functional.interpolate(
        image[None, None], size=full, mode="trilinear", align_corners=True
    )
    more = [wanted - size for wanted, size in zip(shape, full, strict=True)]
    padding = (0, more[2], 0, more[1], 0, more[0])
    return functional.pad(fine, padding, mode="replicate")[0, 0]


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
