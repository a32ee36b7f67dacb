"""What a voxel counts in the loss, so that a focus is learnt beside an oedema."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat
from scipy import ndimage


class LesionWeight(BaseModel):
    """A lesion counts by the square root of its volume; settings of that.

    Parameters
    ----------
    full_ml : float
        Volume from which a voxel of a lesion counts 1; below it counts the more, the smaller the
        lesion is.
    most : float
        What a voxel counts at most, however small its lesion.
    halo_mm : int
        How far around a lesion voxels count as those within: else drawing a focus too large would
        cost little.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    full_ml: PositiveFloat
    most: float = Field(ge=1)
    halo_mm: int = Field(ge=0)


def lesion_weights(mask: NDArray[np.bool_], weight: LesionWeight) -> NDArray[np.float32]:
    """Give what every voxel counts: 1, or more in and around small lesions.

    Dice and cross-entropy count voxels, so ten foci beside a tumour hardly matter to them. Other
    losses give every lesion a Dice of its own (Kofler 2023, blob loss, arXiv:2205.08209); weights
    are meant for the same end and leave one Dice.

    Parameters
    ----------
    mask : (X, Y, Z) ndarray of bool
        Lesion, voxels of 1 mm3. One that the patch cuts counts as what is left of it.
    weight : LesionWeight

    Returns
    -------
    (X, Y, Z) ndarray of float32
    """
    lesions, _ = ndimage.label(mask, np.ones((3, 3, 3)))
    volumes_ml = np.bincount(lesions.ravel())[1:] / 1000
    of_lesion = np.sqrt(weight.full_ml / volumes_ml).clip(1, weight.most)
    inside = np.concatenate([[1], of_lesion]).astype(np.float32)[lesions]
    around: NDArray[np.float32] = ndimage.maximum_filter(inside, 2 * weight.halo_mm + 1)
    return around
