"""The weights that a run begins with: those of another run, or of a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from presight.segment.bundle import load_bundle
from presight.segment.network import Sharpened
from presight.train.checkpoint import read_checkpoint

_COARSE = "coarse."


def initial_weights(path: Path) -> dict[str, Any]:
    """Give the state dictionary of a network that was trained before.

    Parameters
    ----------
    path : Path
        A checkpoint, whose running mean of weights is taken, or the folder of a bundle, which has
        no more than that.

    Raises
    ------
    ConfigError
        It cannot be read, or a bundle's weights are not those that its metadata describe.
    """
    if not path.is_dir():
        return read_checkpoint(path).average
    return load_bundle(path).network.state_dict()


def begin_with(network: nn.Module, weights: dict[str, Any]) -> None:
    """Give a network the weights of another of its kind, or of its coarse part alone.

    A :class:`presight.segment.network.Sharpened` takes over those of a network that gives logits
    and nothing else, and computes the same as that at first.

    Raises
    ------
    RuntimeError
        They are of other names or other sizes.
    """
    whole = network.state_dict()
    if isinstance(network, Sharpened) and not any(name.startswith(_COARSE) for name in weights):
        weights = {_COARSE + name: value for name, value in weights.items()}
        weights = {name: _widened(value, whole.get(name)) for name, value in weights.items()}
        for part in network.correction[-1].parameters():  # a recipe's prior is in the other already
            part.data.zero_()
        weights |= {name: value for name, value in whole.items() if not name.startswith(_COARSE)}
    network.load_state_dict(weights)


def _widened(value: torch.Tensor, room: torch.Tensor | None) -> torch.Tensor:
    """Fill what there is more room for than values with what the network began with."""
    if room is None or value.shape[:1] >= room.shape[:1] or value.shape[1:] != room.shape[1:]:
        return value
    return torch.cat([value, room[len(value) :]])
