"""Pictures of patches, to see what a network gets and gives while it is trained."""

from __future__ import annotations

from collections.abc import Sequence

import torch

_WHITE = 2.0  # commonest brain intensity is 1


def sheet(rows: Sequence[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]) -> torch.Tensor:
    """Image, truth and probability side by side, one patch a row.

    Each is shown on the axial slice with most lesion, front up and the patient's left on the
    right, as radiologists look.

    Parameters
    ----------
    rows : sequence of (image, truth, probability)
        (X, Y, Z) tensors each, RAS+; all of one size.

    Returns
    -------
    (1, height, width) tensor
        0 black to 1 white.
    """
    return torch.cat([_row(*row) for row in rows])[None]


def _row(image: torch.Tensor, truth: torch.Tensor, probability: torch.Tensor) -> torch.Tensor:
    slice_number = int(truth.sum(dim=(0, 1)).argmax())
    planes = (image / _WHITE, truth, probability)
    return torch.cat([_axial(plane[..., slice_number]).clamp(0, 1) for plane in planes], dim=1)


def _axial(plane: torch.Tensor) -> torch.Tensor:
    """Rows from the front, columns from the patient's right, of a plane (right, front)."""
    return plane.flip((0, 1)).T
