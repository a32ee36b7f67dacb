"""Run a bundle over scans with a drawn mask: whole, or from the cache of prepared volumes."""

from __future__ import annotations

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from presight.errors import InputError
from presight.evaluate.comparison import IGNORED, Comparison
from presight.preprocess import preprocess
from presight.preprocess.stage import to_native
from presight.segment.bundle import Bundle
from presight.segment.device import select_device
from presight.segment.predict import predict
from presight.segment.stage import lesion_mask, segment
from presight.study.contrast import Contrast
from presight.study.nifti import read_nifti
from presight.study.study import Study
from presight.study.volume import Grid
from presight.train.cache import TrainingVolume
from presight.train.datasets.case import Case

_WORKING_AFFINE = np.eye(4)  # 1 mm


def compare_cached(volume: TrainingVolume, bundle: Bundle, device: str = "auto") -> Comparison:
    """Run the network over a prepared volume and compare at 1 mm, where it works: fast.

    Parameters
    ----------
    volume : TrainingVolume
        Of a patient that the bundle was not trained on, or the figures prove nothing.
    bundle : Bundle
    device : str
        As in :func:`presight.segment.device.select_device`.
    """
    image, brain = volume.image.astype(np.float32), volume.brain > 0
    direct, mirrored = predict(image, brain, bundle, select_device(device))
    probability: NDArray[np.float32] = (direct + mirrored) / np.float32(2)
    shape = (probability.shape[0], probability.shape[1], probability.shape[2])
    grid = Grid(shape, _WORKING_AFFINE)
    told = volume.mask != IGNORED
    return Comparison(
        id=volume.id,
        dataset=volume.dataset,
        patient=volume.patient,
        site=volume.site,
        slice_mm=volume.slice_mm,
        grid=grid,
        drawn=(volume.mask > 0) & told,
        found=lesion_mask(probability, grid, bundle.settings) & told,
        probability=probability,
        brain=brain & told,
    )


def compare_scan(case: Case, bundle: Bundle, device: str = "auto") -> Comparison:
    """Take a scan through read, preprocess and segment; compare on the grid it was drawn on.

    Parameters
    ----------
    case : Case
        With a mask.
    bundle, device
        As in :func:`compare_cached`.

    Raises
    ------
    InputError
        The scan cannot be run, or its mask is missing or on another grid.
    """
    flair = read_nifti(case.flair, Contrast.FLAIR)
    mask = _read_mask(case, flair.grid)
    told = mask != IGNORED
    prepared = preprocess(Study(subject="evaluation", volumes={Contrast.FLAIR: flair}))
    lesions = segment(prepared, bundle, device)
    return Comparison(
        id=case.id,
        dataset=case.dataset,
        patient=case.patient,
        site=case.site,
        slice_mm=max(flair.grid.spacing_mm),
        grid=lesions.grid,
        drawn=(mask > 0) & told,
        found=lesions.mask & told,
        probability=lesions.probability,
        brain=to_native(prepared.brain, prepared) & told,
    )


def _read_mask(case: Case, grid: Grid) -> NDArray[np.uint8]:
    """Read the drawn mask, checked against the grid of its FLAIR."""
    if case.mask is None:
        raise InputError("the scan has no drawn mask", where=case.id)
    try:
        image = nib.load(case.mask)
        mask = np.asanyarray(image.dataobj)
    except Exception as error:  # nibabel raises what its readers raise
        raise InputError("the mask cannot be read", where=case.mask) from error
    if not Grid(mask.shape, np.asarray(image.affine, dtype=np.float64)).matches(grid, 1e-2):
        raise InputError(
            f"the mask has {mask.shape} voxels or lies elsewhere",
            where=case.mask,
            expected=f"the grid of its FLAIR, {grid.shape} voxels",
        )
    return np.where(mask == IGNORED, IGNORED, mask > 0).astype(np.uint8)
