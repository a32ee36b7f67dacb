"""The loss for lesions of every size, from a focus of ten voxels to half a hemisphere."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits


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

    Source: Milletari 2016 (10.1109/3DV.2016.79) for Dice as a loss. Written here because MONAI's
    cannot weigh voxels.
    """

    def __init__(self, of_patch: float, cross_entropy: float, smooth: float) -> None:
        super().__init__()
        self.share, self.weight, self.smooth = of_patch, cross_entropy, smooth

    def forward(
        self, logits: torch.Tensor, truth: torch.Tensor, counts: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Loss of log-odds (B, 1, X, Y, Z) against a truth of 0 and 1 of the same shape.

        ``counts``, of the same shape, is what every voxel counts; 1 without it.
        """
        counts = torch.ones_like(truth) if counts is None else counts
        found = torch.sigmoid(logits)
        both = (2 * counts * found * truth).flatten(1).sum(1)
        either = (counts * (found + truth)).flatten(1).sum(1)
        dice = (1 - self.share) * self._missing(both.sum(), either.sum())
        dice = dice + self.share * self._missing(both, either).mean()
        of_voxel = binary_cross_entropy_with_logits(logits, truth, weight=counts)
        return dice + self.weight * of_voxel

    def _missing(self, both: torch.Tensor, either: torch.Tensor) -> torch.Tensor:
        """One minus Dice."""
        return 1 - (both + self.smooth) / (either + self.smooth)
