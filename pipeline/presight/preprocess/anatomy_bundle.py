"""The bundle of the anatomy network: what it says of itself, and how it is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from presight.config import model_path
from presight.segment.bundle import WeightSettings, load_network, weights_sha256

if TYPE_CHECKING:
    import torch


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
def load_anatomy_network(folder: Path, device: str = "auto") -> AnatomyNetwork:
    """Read and check a bundle; as :func:`presight.segment.load_bundle` does.

    Raises
    ------
    ConfigError
        As in :func:`presight.segment.load_bundle`.
    """
    loaded = load_network(folder, AnatomySettings, device)
    name = f"{loaded.name} {loaded.version} sha256:{loaded.settings.sha256}"
    return AnatomyNetwork(name, loaded.network, loaded.settings)


def anatomy_weights(settings: dict[str, Any]) -> str:
    """Checksum of the network that ``anatomy`` of ``configs/preprocess.yaml`` asks for, or none."""
    if settings["method"] != "network":
        return "none"
    return weights_sha256(model_path(settings["bundle"]), AnatomySettings)
