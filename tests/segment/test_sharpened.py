"""The network that draws outlines finer begins as the coarse one, and can say more than it."""

import torch
from torch import nn

from presight.segment.network import BlockWise, Sharpened


def _network() -> Sharpened:
    torch.manual_seed(5)
    return Sharpened(BlockWise(nn.Conv3d(8, 24, 3, padding=1)), passed=2, width=4)


def test_it_begins_with_the_answers_of_the_coarse_network() -> None:
    network, image = _network(), torch.rand(2, 1, 16, 24, 8)
    assert torch.equal(network(image), network.coarse(image)[:, :1])


def test_it_learns_what_is_finer_than_a_block() -> None:
    """Every second plane, of which a coarse network that always says the same knows nothing."""
    network = _network()
    for part in network.coarse.parameters():
        part.requires_grad_(False).zero_()
    image = torch.rand(4, 1, 16, 16, 16)
    edges = torch.diff(image, dim=2, prepend=image[:, :, :1])
    truth = (edges > 0).float()
    optimizer = torch.optim.Adam(network.correction.parameters(), 0.02)
    for _ in range(60):
        loss = nn.functional.binary_cross_entropy_with_logits(network(image), truth)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert ((network(image) > 0) == truth.bool()).float().mean() > 0.9
