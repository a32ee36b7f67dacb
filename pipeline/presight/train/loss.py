"""The loss for lesions of every size, from a focus of ten voxels to half a hemisphere."""

from __future__ import annotations

import torch
from monai.losses import DiceLoss
from torch import nn


class LesionLoss(nn.Module):
    """Dice of the batch, Dice of each patch, and cross-entropy of every voxel.

    The Dice of the whole batch punishes false lesion in any patch, but is ruled by the largest
    lesion in it; the Dice of each patch sees a single focus as clearly as an oedema, but hardly
    what is found in a patch without any. The cross-entropy keeps probabilities honest: beside Dice
    alone, tissue that might be lesion is called lesion.

    Parameters
    ----------
    of_patch : float
        Share of the Dice terms that is the mean over patches, 0 to 1.
    cross_entropy : float
        Weight of the cross-entropy beside a weight of 1 for the Dice terms together.
    smooth : float
        Voxels added to both sides of the Dice fraction, so that an empty patch has one.

    Source: Milletari 2016 (10.1109/3DV.2016.79) for Dice as a loss; computed by MONAI.
    """

    def __init__(self, of_patch: float, cross_entropy: float, smooth: float) -> None:
        super().__init__()
        self.share, self.weight = of_patch, cross_entropy
        self.of_batch = DiceLoss(sigmoid=True, batch=True, smooth_nr=smooth, smooth_dr=smooth)
        self.of_patch = DiceLoss(sigmoid=True, batch=False, smooth_nr=smooth, smooth_dr=smooth)
        self.of_voxel = nn.BCEWithLogitsLoss()

    def forward(self, logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        """Loss of log-odds (B, 1, X, Y, Z) against a truth of 0 and 1 of the same shape."""
        dice = (1 - self.share) * self.of_batch(logits, truth)
        dice = dice + self.share * self.of_patch(logits, truth)
        loss: torch.Tensor = dice + self.weight * self.of_voxel(logits, truth)
        return loss
