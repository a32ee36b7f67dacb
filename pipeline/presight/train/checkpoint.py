"""The state of a run on disk: all that is needed to go on as if nothing had happened."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from presight.errors import ConfigError


@dataclass(frozen=True)
class Checkpoint:
    """State of a run after a step.

    Patches and learning rate depend on the step alone, so no random state needs keeping.

    Attributes
    ----------
    step : int
        Number of steps done.
    network, average, optimizer : dict
        State dictionaries; ``average`` is the running mean of the weights.
    losses : list of float
        Loss of every step done.
    recipe : str
        The recipe as JSON.
    looks : list of dict
        What was seen on the validation part: step, loss and Dice of every look.
    """

    step: int
    network: dict[str, Any]
    average: dict[str, Any]
    optimizer: dict[str, Any]
    losses: list[float]
    recipe: str
    looks: list[dict[str, Any]] = field(default_factory=list)


def write_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Write whole or not at all."""
    beside = path.with_suffix(".part")
    torch.save(vars(checkpoint), beside)
    beside.replace(path)


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint without running any code in it.

    Raises
    ------
    ConfigError
        The file is not a checkpoint.
    """
    try:
        return Checkpoint(**torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # torch raises what unpickling raises
        raise ConfigError(
            "the checkpoint cannot be read", where=path, action="Delete it to start again"
        ) from error
