"""The statistics of a batch normalisation must be those of the data, whatever they were before."""

from __future__ import annotations

import torch
from torch import nn

from presight.train.statistics import settle_statistics


def test_statistics_become_those_of_the_batches() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Identity(), nn.BatchNorm3d(1))
    norm = network[1]
    norm.running_mean.fill_(7)
    batches = [3 + 2 * torch.randn(4, 1, 16, 16, 16) for _ in range(5)]
    settle_statistics(network, batches, torch.device("cpu"))
    pixels = torch.cat(batches)
    assert torch.allclose(norm.running_mean, pixels.mean(), atol=0.02)
    assert torch.allclose(norm.running_var, pixels.var(), rtol=0.02)
    assert not network.training


def test_weights_stay_as_they_are() -> None:
    network = nn.Sequential(nn.Conv3d(1, 2, 3), nn.BatchNorm3d(2))
    before = [value.clone() for value in network.parameters()]
    settle_statistics(network, [torch.rand(2, 1, 8, 8, 8)], torch.device("cpu"))
    after = list(network.parameters())
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
