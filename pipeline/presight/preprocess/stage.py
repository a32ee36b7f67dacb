"""Stage 1: a study becomes one normalised head with brain mask and anatomy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from presight.config import load_config
from presight.errors import InputError
from presight.preprocess.align import align
from presight.preprocess.atlas import Atlas, load_atlas
from presight.preprocess.bias import correct_bias
from presight.preprocess.conform import conform
from presight.preprocess.normalise import commonest_intensity
from presight.preprocess.prepared import Prepared
from presight.preprocess.quality import quality_of, refuse_cut_head
from presight.preprocess.register import Registration, register_atlas
from presight.study.contrast import Contrast
from presight.study.resample import resample
from presight.study.study import Study
from presight.study.volume import Volume


def preprocess(study: Study) -> Prepared:
    """Conform, find brain and anatomy, correct bias, normalise, align the other contrasts.

    Raises
    ------
    InputError
        The head is cut off, or another contrast cannot be brought onto the FLAIR.
    """
    settings = load_config("preprocess.yaml")
    atlas = load_atlas()
    flair = conform(study.flair, settings["spacing_mm"])
    registration = register_atlas(flair, atlas, settings["registration"])
    anatomy = _atlas_labels(atlas, registration, flair)
    refuse_cut_head(study.flair, registration, atlas, settings["quality"])
    brain = anatomy > 0
    corrected = correct_bias(flair, brain, settings["bias"])
    scale = commonest_intensity(corrected, brain, settings["normalise"])
    normalised = Volume(corrected / scale, flair.grid, Contrast.FLAIR, flair.source, flair.doubts)
    others: dict[Contrast, Volume] = {
        contrast: align(volume, normalised, brain, settings["align"])
        for contrast, volume in study.volumes.items()
        if contrast is not Contrast.FLAIR
    }
    return Prepared(
        flair=normalised,
        brain=brain,
        anatomy=anatomy,
        others=others,
        native=study.flair.grid,
        steps=_steps(settings, others),
        quality=quality_of(study.flair, flair, anatomy, registration, atlas, settings["quality"]),
    )


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


def _atlas_labels(atlas: Atlas, registration: Registration, flair: Volume) -> NDArray[np.uint8]:
    """Atlas regions in this head. A stripped skull leaves zeros, which are not brain."""
    labels = resample(
        atlas.labels, atlas.grid, flair.grid, nearest=True, transform=registration.transform
    )
    if not labels.any():
        raise InputError(
            "no head was found in the image",
            where=flair.source,
            expected="a FLAIR of the whole head",
            action="Look at the image and its orientation in a viewer",
        )
    return np.where(flair.data > 0, labels, 0).astype(np.uint8)


def _steps(settings: dict[str, Any], others: dict[Contrast, Volume]) -> tuple[str, ...]:
    aligned = ", ".join(contrast.value for contrast in others)
    return (
        f"resampled to {settings['spacing_mm']:g} mm along the image's own axes",
        "brain and regions from a multi-start affine registration of MNI152 and the "
        "Desikan-Killiany atlas",
        "bias field by N4 at low resolution",
        "divided by the commonest brain intensity",
        *((f"aligned rigidly to the FLAIR: {aligned}",) if aligned else ()),
    )
