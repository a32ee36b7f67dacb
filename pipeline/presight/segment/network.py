"""A network that sees every voxel but computes on blocks of 2 x 2 x 2."""

from __future__ import annotations

import torch
from monai.networks.utils import pixelshuffle, pixelunshuffle
from torch import nn


class BlockWise(nn.Module):
    """Any network, run on the 2 x 2 x 2 blocks of an image.

    Convolutions at full resolution are most of what a U-Net of a whole head costs. Here the eight
    voxels of a block are eight channels of one, so nothing is lost on the way in, and eight
    answers a block become voxels again on the way out (Shi 2016, 10.1109/CVPR.2016.207).

    Parameters
    ----------
    body : torch.nn.Module
        Takes (N, 8, X/2, Y/2, Z/2), gives logits of the same shape.
    """

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Give logits.

        Parameters
        ----------
        image : (N, 1, X, Y, Z) tensor
            Even sizes.

        Returns
        -------
        (N, 1, X, Y, Z) tensor
        """
        blocks = pixelunshuffle(image, spatial_dims=3, scale_factor=2)
        answers = self.body(blocks.contiguous(memory_format=torch.channels_last_3d))
        logits: torch.Tensor = pixelshuffle(answers, spatial_dims=3, scale_factor=2)
        return logits
