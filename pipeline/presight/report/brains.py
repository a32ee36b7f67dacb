"""The brain alone on every contrast, without face and skull, on the grid of the FLAIR that came in.

A later scan is aligned with the FLAIR, and a reviewer looks at the others beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from presight.preprocess import to_native
from presight.preprocess.native import flat_flair
from presight.report.result import StudyResult
from presight.study.contrast import Contrast
from presight.study.resample import resample

# What the names of the files end with. BIDS puts no DWI, ADC or SWI beside a T1.
ENDINGS = {
    Contrast.FLAIR: "desc-brain_FLAIR",
    Contrast.ADC: "desc-brain_ADC",
    Contrast.DWI: "desc-brain_DWI",
    Contrast.SWI: "desc-brain_SWI",
    Contrast.T1: "desc-brain_T1w",
    Contrast.T1_POST: "desc-brainpost_T1w",
    Contrast.T2: "desc-brain_T2w",
}
_FLAIR_TOLD = "FLAIR of the brain without bias field, the commonest brain intensity 1"
_AROUND_BRAIN = 4  # voxels of the working grid
FLAIR_STEP = 1 / 512  # of the commonest brain intensity; elsewhere of the brightest brain tissue
_BRIGHTEST = 99  # percentile of the brain


@dataclass(frozen=True)
class BrainImage:
    """One contrast of the brain.

    Attributes
    ----------
    contrast : Contrast
    data : (X, Y, Z) ndarray of float32
        0 outside the brain.
    step : float
        Finer differences are noise, and take most of the room on the disk.
    description : str
    unit : str
        Empty where it has none.
    """

    contrast: Contrast
    data: NDArray[np.float32]
    step: float
    description: str
    unit: str = ""


def brain_images(result: StudyResult) -> Iterator[BrainImage]:
    """Yield the brain on the FLAIR and on every other contrast that came in."""
    prepared = result.prepared
    near = to_native(ndimage.binary_dilation(prepared.brain, iterations=_AROUND_BRAIN), prepared)
    flair = np.where(near, flat_flair(result.study.flair, prepared).data, 0)
    yield BrainImage(Contrast.FLAIR, flair, FLAIR_STEP, _FLAIR_TOLD)
    for contrast, volume in sorted(prepared.others.items()):
        moved = resample(volume.data, prepared.flair.grid, prepared.native)
        yield _other(contrast, np.where(near, moved, 0))


def _other(contrast: Contrast, data: NDArray[np.float32]) -> BrainImage:
    if contrast is Contrast.ADC:
        return BrainImage(contrast, data, 1, "ADC on the grid of the FLAIR", unit="1e-6 mm2/s")
    bright = float(np.percentile(data[data > 0], _BRIGHTEST)) if (data > 0).any() else 1.0
    told = f"{contrast.value.upper().replace('_', ' ')} of the brain on the grid of the FLAIR"
    return BrainImage(contrast, data, bright * FLAIR_STEP, told)
