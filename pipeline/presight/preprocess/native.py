"""What stage 1 found, on the grid of the FLAIR that came in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from presight.preprocess.conform import conform_to
from presight.preprocess.prepared import Prepared
from presight.study.resample import resample
from presight.study.volume import Volume


def flat_flair(flair: Volume, prepared: Prepared) -> Volume:
    """FLAIR on its own grid without bias field, the commonest brain intensity 1.

    The bias field is smooth and is what was resampled; the scan itself keeps its sharpness.

    Parameters
    ----------
    flair : Volume, (X, Y, Z)
        As it came in.
    prepared : Prepared
        Of the same FLAIR.
    """
    conformed = (prepared.uncorrected or conform_to(flair, prepared.flair.grid)).data
    seen = conformed > 0
    gain = np.zeros_like(conformed)
    np.divide(prepared.flair.data, conformed, out=gain, where=seen)
    share = resample(seen.astype(np.float32), prepared.flair.grid, prepared.native)
    native = resample(gain, prepared.flair.grid, prepared.native)
    np.divide(native, share, out=native, where=share > 0)
    return Volume(flair.data * native, flair.grid, flair.contrast, flair.source, flair.doubts)


def native_adc(prepared: Prepared, adc: Volume | None) -> NDArray[np.float32] | None:
    """ADC on the grid of the FLAIR that came in, ``None`` where there is none."""
    if adc is None:
        return None
    values: NDArray[np.float32] = resample(adc.data, prepared.flair.grid, prepared.native)
    return values
