"""What the image looks like: bright and dark tissues tell a FLAIR from a T1, a T2 or a CT.

Everything is a ratio to white matter, so no unit and no gain of a scanner matters.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from presight.config import load_config
from presight.preprocess.anatomy import GREY, WHITE, Anatomy
from presight.study.volume import Volume

Numbers = dict[str, float | None]

_STEP = 2  # every second voxel is enough
_ENOUGH = 50  # voxels of a tissue for a statement
_DEEP = ("deep_wm", "deep_grey", "ventricles", "corpus_callosum")
_SHELL_MM = (4, 20)  # around the brain: skull, marrow, scalp


def appearance(flair: Volume, anatomy: Anatomy) -> Numbers:
    """Measure the contrast between tissues.

    Parameters
    ----------
    flair : Volume
        On the working grid; what is said to be the FLAIR.
    anatomy : Anatomy

    Returns
    -------
    dict of str to float or None
        ``white_brighter``: correlation of brightness with being white rather than grey matter, -1
        to 1; the median of the lobes of each side, so that a lesion that takes some of them does
        not move it. ``fluid_over_white``: lower quartile of the ventricles.
        ``darkest_over_white``: first percentile of the deep brain. ``outside_over_white``: 95th
        percentile of what is around the brain. ``negative_share``: voxels below zero by more than
        half of white matter. ``None`` where there is too little of a tissue.
    """
    thin = (slice(None, None, _STEP),) * 3
    data, labels, tissue = flair.data[thin], anatomy.labels[thin], anatomy.tissue[thin]
    white = _percentile(data[(tissue == WHITE) & (data > 0)], 50)
    ventricles = ndimage.binary_erosion(np.isin(labels, ids_of("ventricles")))
    return {
        "white_brighter": _white_brighter(data, labels, tissue),
        "fluid_over_white": _over(_percentile(data[ventricles], 25), white),
        "darkest_over_white": _over(_percentile(data[np.isin(labels, ids_of(*_DEEP))], 1), white),
        "outside_over_white": _over(_percentile(_around(data, labels), 95), white),
        "negative_share": white and float((data < -0.5 * white).mean()),
    }


def _white_brighter(
    data: NDArray[np.float32], labels: NDArray[np.uint8], tissue: NDArray[np.uint8]
) -> float | None:
    sure = (tissue >= GREY) & (data > 0)
    found = []
    for number in ids_of(*load_config("anatomy.yaml")["lobes"]):
        here = (labels == number) & sure
        correlation = _correlation(data[here], tissue[here] == WHITE)
        if correlation is not None:
            found.append(correlation)
    return float(np.median(found)) if found else None


def _correlation(values: NDArray[np.float32], white: NDArray[np.bool_]) -> float | None:
    """Correlate brightness and tissue, with sulci and lesions cut to the edge of the range."""
    if min(white.sum(), (~white).sum()) < _ENOUGH:
        return None
    cut = np.clip(values, *np.percentile(values, (25, 95)))
    return float(np.corrcoef(cut, white)[0, 1]) if np.ptp(cut) > 0 else None


def _around(data: NDArray[np.float32], labels: NDArray[np.uint8]) -> NDArray[np.float32]:
    near, far = (
        ndimage.binary_dilation(labels > 0, iterations=width // _STEP) for width in _SHELL_MM
    )
    return data[far & ~near]


def ids_of(*regions: str) -> list[int]:
    """Ids of regions of ``configs/anatomy.yaml``, of every side."""
    labels = load_config("anatomy.yaml")["labels"]
    return [number for number, label in labels.items() if label["region"] in regions]


def _percentile(values: NDArray[np.float32], percent: float) -> float | None:
    return float(np.percentile(values, percent)) if values.size >= _ENOUGH else None


def _over(value: float | None, white: float | None) -> float | None:
    return value / white if value is not None and white else None
