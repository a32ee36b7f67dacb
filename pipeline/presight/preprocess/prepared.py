"""What stage 1 makes of a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from presight.study.contrast import Contrast
from presight.study.volume import Grid, Volume


@dataclass(frozen=True)
class Quality:
    """One thing that was seen about the input, said in a sentence.

    Attributes
    ----------
    name : str
        ``"slice_spacing_mm"``: a rule of ``configs/quality.yaml``.
    value : float or None
        ``None`` where the image does not show it.
    sentence : str
        What it means for the reader.
    doubtful : bool
        Whether it should lower the trust in the result.
    """

    name: str
    value: float | None
    sentence: str
    doubtful: bool = False


@dataclass(frozen=True)
class Prepared:
    """A study on one 1 mm grid, normalised, with brain and anatomy.

    Attributes
    ----------
    flair : Volume, (X, Y, Z)
        Bias-corrected FLAIR on the working grid (1 mm, RAS+), scaled so that the commonest
        brain intensity is 1.
    brain : (X, Y, Z) ndarray of bool
    anatomy : (X, Y, Z) ndarray of uint8
        Labels of ``configs/anatomy.yaml``; 0 outside the brain.
    others : mapping of Contrast to Volume
        The other contrasts on the working grid.
    native : Grid
        Grid of the FLAIR that came in: every output goes back to it.
    steps : tuple of str
        What was done, in order.
    quality : tuple of Quality
        What was seen about the input.
    uncorrected : Volume or None
        FLAIR on the working grid as it came in, where it is at hand.
    """

    flair: Volume
    brain: NDArray[np.bool_]
    anatomy: NDArray[np.uint8]
    others: Mapping[Contrast, Volume]
    native: Grid
    steps: tuple[str, ...]
    quality: tuple[Quality, ...]
    uncorrected: Volume | None = None
