"""Stage 1: a study becomes one normalised head with brain mask and anatomy."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from presight.config import load_config
from presight.preprocess.align import align
from presight.preprocess.anatomy import Anatomy
from presight.preprocess.bias import correct_bias
from presight.preprocess.conform import conform
from presight.preprocess.find import find_anatomy
from presight.preprocess.normalise import commonest_intensity
from presight.preprocess.prepared import Prepared
from presight.preprocess.quality import judge, numbers_of, refuse
from presight.study.contrast import Contrast
from presight.study.resample import resample
from presight.study.study import Study
from presight.study.volume import Volume


def preprocess(study: Study, device: str = "auto") -> Prepared:
    """Conform, find brain and anatomy, correct bias, normalise, align the other contrasts.

    Parameters
    ----------
    study : Study
    device : str
        For the anatomy network; as in :func:`presight.segment.device.select_device`.

    Raises
    ------
    InputError
        The image is no FLAIR or the head is cut off, or another contrast cannot be brought onto
        the FLAIR.
    """
    settings = load_config("preprocess.yaml")
    flair = conform(study.flair, settings["spacing_mm"])
    anatomy = find_anatomy(flair, settings, device)
    with ThreadPoolExecutor(max_workers=1) as beside:  # the checks do not need the bias field
        corrected = beside.submit(correct_bias, flair, anatomy.brain, settings["bias"])
        scale = commonest_intensity(flair.data, anatomy.brain, settings["normalise"])
        numbers = numbers_of(study.flair, flair, anatomy, scale)
    refuse(numbers, study.flair)
    normalised = _normalised(flair, corrected.result(), anatomy, settings)
    others: dict[Contrast, Volume] = {
        contrast: align(volume, normalised, anatomy.brain, settings["align"])
        for contrast, volume in study.volumes.items()
        if contrast is not Contrast.FLAIR
    }
    return Prepared(
        flair=normalised,
        brain=anatomy.brain,
        anatomy=anatomy.labels,
        others=others,
        native=study.flair.grid,
        steps=_steps(settings, anatomy, others),
        quality=judge(numbers, anatomy.doubt, study.flair.doubts),
        uncorrected=flair,
    )


def _normalised(
    flair: Volume, corrected: NDArray[np.float32], anatomy: Anatomy, settings: dict[str, Any]
) -> Volume:
    scale = commonest_intensity(corrected, anatomy.brain, settings["normalise"])
    return Volume(corrected / scale, flair.grid, Contrast.FLAIR, flair.source, flair.doubts)


def to_native(labels: NDArray[Any], prepared: Prepared) -> NDArray[Any]:
    """Labels or a mask of the working grid on the grid of the FLAIR that came in.

    Parameters
    ----------
    labels : (X, Y, Z) ndarray of an integer type or bool
    prepared : Prepared

    Returns
    -------
    ndarray of the same type, shape ``prepared.native.shape``
    """
    whole = resample(labels.astype(np.uint8), prepared.flair.grid, prepared.native, nearest=True)
    return whole.astype(labels.dtype)


def _steps(
    settings: dict[str, Any], anatomy: Anatomy, others: dict[Contrast, Volume]
) -> tuple[str, ...]:
    aligned = ", ".join(contrast.value for contrast in others)
    return (
        f"resampled to {settings['spacing_mm']:g} mm along the image's own axes",
        anatomy.method,
        "bias field by N4 at low resolution",
        "divided by the commonest brain intensity",
        *((f"aligned rigidly to the FLAIR: {aligned}",) if aligned else ()),
    )
