"""Blank what lies far from the brain, so that no face can be made from the image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.sr.codedict import codes
from scipy import ndimage

from presight.config import load_config
from presight.dicom.deidentify import record_option
from presight.dicom.series import Frame
from presight.dicom.stack import Stack
from presight.errors import InputError
from presight.preprocess import Prepared, preprocess
from presight.study import Contrast, Study
from presight.study.resample import resample
from presight.study.volume import Grid


@dataclass(frozen=True)
class Faceless:
    """What is kept of a head: the brain and a margin around it.

    Attributes
    ----------
    keep : (X, Y, Z) ndarray of bool
    grid : Grid
    frame_of_reference_uid : str
        Coordinates of another one mean other places, and cannot be blanked by this mask.
    """

    keep: NDArray[np.bool_]
    grid: Grid
    frame_of_reference_uid: str

    def blank(self, dataset: Dataset, frames: Sequence[Frame], stack: Stack) -> None:
        """Set to 0 what is not kept, in one object that holds ``frames`` of ``stack``.

        Raises
        ------
        InputError
            The object has other coordinates, or its slices make no volume.
        """
        if stack.grid is None or dataset.get("FrameOfReferenceUID") != self.frame_of_reference_uid:
            raise InputError("it is not in the coordinates of the FLAIR, so it cannot be defaced")
        keep = resample(self.keep.astype(np.uint8), self.grid, stack.grid, nearest=True)
        if dataset.file_meta.TransferSyntaxUID.is_compressed:
            dataset.decompress()
        pixels = dataset.pixel_array.copy()
        planes = pixels if pixels.ndim == 3 else pixels[None]
        own = set(frames)
        for z, frame in enumerate(stack.frames):
            if frame in own:
                planes[frame.index][keep[:, :, z].T == 0] = 0
        dataset.PixelData = pixels.tobytes()
        dataset.RecognizableVisualFeatures = "NO"
        _record(dataset)


def _record(dataset: Dataset) -> None:
    margin = load_config("deidentify.yaml")["deface_margin_mm"]
    done = f"Blanked beyond {margin} mm of the brain mask"
    said = dataset.DeidentificationMethod
    if done in said:  # another volume of the same object was blanked before
        return
    dataset.DeidentificationMethod = [said, done]
    record_option(dataset, codes.DCM.CleanRecognizableVisualFeaturesOption)


def find_face(flair: Stack, frame_of_reference_uid: str) -> Faceless:
    """Find what to keep from the brain mask of a FLAIR.

    Raises
    ------
    InputError
        No brain is found.
    """
    study = Study("face", {Contrast.FLAIR: flair.read(Contrast.FLAIR)})
    prepared = preprocess(study)
    return Faceless(_near_brain(prepared), prepared.flair.grid, frame_of_reference_uid)


def _near_brain(prepared: Prepared) -> NDArray[np.bool_]:
    margin = load_config("deidentify.yaml")["deface_margin_mm"]
    outside = ~prepared.brain.astype(bool)
    spacing = prepared.flair.grid.spacing_mm
    near: NDArray[np.bool_] = ndimage.distance_transform_edt(outside, sampling=spacing) <= margin
    return near
