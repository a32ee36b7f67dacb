"""The weights that a run begins with: those of another run, or of a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from presight.segment.bundle import load_bundle
from presight.train.checkpoint import read_checkpoint


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
