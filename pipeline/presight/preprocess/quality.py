"""What is seen of the input before its result is believed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from presight.errors import InputError
from presight.preprocess.atlas import Atlas
from presight.preprocess.prepared import Quality
from presight.preprocess.register import Registration, head_mask
from presight.study.volume import Volume


def refuse_cut_head(
    native: Volume, registration: Registration, atlas: Atlas, settings: dict[str, Any]
) -> None:
    """Refuse a scan that misses a large part of the brain.

    Raises
    ------
    InputError
        More of the registered brain than ``settings["outside_refused"]`` lies outside.
    """
    share = _share_outside(native, registration, atlas)
    if share > settings["outside_refused"]:
        raise InputError(
            f"{share:.0%} of the brain lies outside the image: the head is cut off",
            where=native.source,
            expected="a FLAIR that covers the brain from vertex to cerebellum",
            action="Give the whole series",
        )


def quality_of(
    native: Volume,
    flair: Volume,
    anatomy: NDArray[np.uint8],
    registration: Registration,
    atlas: Atlas,
    settings: dict[str, Any],
) -> tuple[Quality, ...]:
    """Numbers about the input, each with a sentence for the reader."""
    brain_ml = float((anatomy > 0).sum()) * flair.grid.voxel_ml
    return (
        _slice_thickness(native, settings),
        _coverage(_share_outside(native, registration, atlas), settings),
        _brain_volume(brain_ml, settings),
        _brain_inside_head(flair, anatomy, settings),
        *(Quality("orientation", 0.0, doubt, doubtful=True) for doubt in native.doubts),
    )


def _slice_thickness(native: Volume, settings: dict[str, Any]) -> Quality:
    thickest = max(native.grid.spacing_mm)
    thick = thickest > settings["thick_slice_mm"]
    sentence = f"The slices are {thickest:.1f} mm apart" + (
        ": foci smaller than a slice can be missed or look larger." if thick else "."
    )
    return Quality("slice_spacing_mm", thickest, sentence)


def _coverage(outside: float, settings: dict[str, Any]) -> Quality:
    doubtful = outside > settings["outside_doubtful"]
    sentence = f"{outside:.0%} of the brain lies outside the image" + (
        ": what is there was not looked at." if doubtful else "."
    )
    return Quality("brain_outside_share", outside, sentence, doubtful)


def _brain_volume(brain_ml: float, settings: dict[str, Any]) -> Quality:
    low, high = settings["brain_ml"]
    doubtful = not low <= brain_ml <= high
    sentence = f"The brain mask holds {brain_ml:.0f} mL" + (
        f", outside the {low:g} to {high:g} mL that a sound mask has: look at it, or the voxel "
        "spacing may be wrong."
        if doubtful
        else "."
    )
    return Quality("brain_ml", brain_ml, sentence, doubtful)


def _brain_inside_head(
    flair: Volume, anatomy: NDArray[np.uint8], settings: dict[str, Any]
) -> Quality:
    brain = anatomy > 0
    share = float((brain & head_mask(flair.data)).sum()) / max(1, int(brain.sum()))
    doubtful = share < settings["inside_head_at_least"]
    sentence = f"{share:.0%} of the brain mask lies inside the head" + (
        ": the registration may have failed; look at the brain mask." if doubtful else "."
    )
    return Quality("brain_inside_head_share", share, sentence, doubtful)


def _share_outside(native: Volume, registration: Registration, atlas: Atlas) -> float:
    """Share of the atlas brain whose place in the patient lies beyond the image."""
    step = 4
    voxels = np.argwhere(atlas.brain[::step, ::step, ::step]) * step
    world = voxels @ atlas.grid.affine[:3, :3].T + atlas.grid.affine[:3, 3]
    inverse = registration.transform.GetInverse()
    lps = world * (-1, -1, 1)
    patient = np.array([inverse.TransformPoint(point.tolist()) for point in lps]) * (-1, -1, 1)
    index = (patient - native.grid.affine[:3, 3]) @ np.linalg.inv(native.grid.affine[:3, :3]).T
    upper = np.asarray(native.grid.shape) - 0.5
    inside = ((index >= -0.5) & (index <= upper)).all(axis=1)
    return 1.0 - float(inside.mean())
