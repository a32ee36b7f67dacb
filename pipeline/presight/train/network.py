"""The network of a recipe."""

from __future__ import annotations

import math
from typing import Any

import torch
from monai.bundle import ConfigParser
from torch import nn

from presight.errors import ConfigError


def build_network(definition: dict[str, Any], prior: float) -> nn.Module:
    """Network of a MONAI definition whose output starts at the log-odds of ``prior``.

    With one lesion voxel in a hundred, an output that starts at one half spends hundreds of steps
    on learning how rare a lesion is (Lin 2017, 10.1109/ICCV.2017.324, section 4.1).

    Parameters
    ----------
    definition : dict
        ``_target_`` and its arguments, as in a MONAI bundle.
    prior : float
        Share of voxels that are lesion, 0 to 1.

    Raises
    ------
    ConfigError
        The definition cannot be built, or the network has no convolution with a bias.
    """
    network = make(definition, "network")
    if not isinstance(network, nn.Module):
        raise ConfigError("network is not a torch module", expected="a _target_ and its arguments")
    _set_output_bias(network, math.log(prior / (1 - prior)))
    return network


def make(definition: dict[str, Any], name: str) -> Any:
    """Object of a ``_target_`` definition.

    Raises
    ------
    ConfigError
        It cannot be built.
    """
    try:
        return ConfigParser({name: definition}).get_parsed_content(name)
    except (RuntimeError, ValueError, TypeError, ModuleNotFoundError) as error:
        raise ConfigError(f"{name} cannot be built ({error})", where=name) from error


def _set_output_bias(network: nn.Module, bias: float) -> None:
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv3d | nn.ConvTranspose3d)]
    outputs = [m for m in convolutions if m.bias is not None]
    if not outputs:
        raise ConfigError("the network has no convolution with a bias", where="network")
    last = outputs[-1].bias
    assert last is not None  # noqa: S101
    with torch.no_grad():
        last.fill_(bias)
