"""Remove the slow brightness drift of the coil."""

from __future__ import annotations

from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from presight.study.resample import from_itk, to_itk
from presight.study.volume import Volume


def correct_bias(
    flair: Volume, brain: NDArray[np.bool_], settings: dict[str, Any]
) -> NDArray[np.float32]:
    """Divide by the N4 bias field, estimated at low resolution inside the brain.

    Method: N4 (Tustison 2010, 10.1109/TMI.2010.2046908), through SimpleITK.

    Returns
    -------
    (X, Y, Z) ndarray of float32
        The corrected image; zeros stay zero.
    """
    image = to_itk(np.maximum(flair.data, 0), flair.grid)
    mask = to_itk(brain & (flair.data > 0), flair.grid)
    factors = [settings["shrink"]] * 3
    n4 = sitk.N4BiasFieldCorrectionImageFilter()
    n4.SetNumberOfWorkUnits(1)  # sums over threads round as they finish
    n4.SetMaximumNumberOfIterations(settings["iterations"])
    n4.Execute(sitk.Shrink(image, factors), sitk.Shrink(mask, factors))
    field = np.exp(from_itk(n4.GetLogBiasFieldAsImage(image)))
    corrected: NDArray[np.float32] = (flair.data / np.maximum(field, 1e-3)).astype(np.float32)
    return corrected
