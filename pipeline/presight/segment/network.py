"""Networks that compute on blocks of 2 x 2 x 2, and one that draws their outlines finer."""

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


class Sharpened(nn.Module):
    """A coarse network, and two small convolutions at full resolution that correct its outline.

    What a block is, a coarse network knows well; where within it the lesion ends, it has to say in
    a few channels for eight voxels. The correction sees the image itself, the coarse logits and
    what else the coarse network passes on of each voxel. It begins at nothing, so weights of the
    coarse network alone can be gone on from.

    Parameters
    ----------
    coarse : torch.nn.Module
        Takes (N, 1, X, Y, Z), gives (N, 1 + passed, X, Y, Z): logits first.
    passed : int
        Number of channels beside the logits.
    width : int
        Channels of the correction.
    """

    def __init__(self, coarse: nn.Module, passed: int, width: int) -> None:
        super().__init__()
        self.coarse = coarse
        self.correction = nn.Sequential(
            nn.Conv3d(2 + passed, width, 3, padding=1),
            nn.LeakyReLU(0.01, inplace=True),
            nn.Conv3d(width, width, 3, padding=1),
            nn.LeakyReLU(0.01, inplace=True),
            last := nn.Conv3d(width, 1, 1),
        )
        for part in last.parameters():
            nn.init.zeros_(part)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Give logits (N, 1, X, Y, Z) of an image of that shape; even sizes."""
        told = self.coarse(image)
        seen = torch.cat([image.to(told.dtype), told], 1)
        logits: torch.Tensor = told[:, :1] + self.correction(
            seen.contiguous(memory_format=torch.channels_last_3d)
        )
        return logits
