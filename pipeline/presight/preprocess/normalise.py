"""Put intensities on one scale: the commonest brain intensity becomes 1."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from presight.errors import InputError


def commonest_intensity(
    data: NDArray[np.float32], brain: NDArray[np.bool_], settings: dict[str, Any]
) -> float:
    """Mode of the intensities in the brain, CSF left aside.

    The mode, unlike mean or percentiles, stays with the healthy tissue when a third of the brain
    is bright with oedema, so an oedematous brain does not normalise itself away.

    Raises
    ------
    InputError
        The brain has no intensities above zero.
    """
    values = data[brain & (data > 0)]
    if values.size == 0:
        raise InputError("the image is 0 all over the brain", expected="a FLAIR of the head")
    counts, edges = np.histogram(
        values, bins=settings["bins"], range=(0.0, float(np.percentile(values, 99.5)))
    )
    centres = (edges[:-1] + edges[1:]) / 2
    smooth = ndimage.gaussian_filter1d(counts.astype(np.float64), settings["smooth_bins"])
    smooth[centres < settings["above_median_share"] * np.median(values)] = 0
    return float(centres[int(np.argmax(smooth))])
