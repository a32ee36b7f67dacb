"""Run a bundle over scans with a drawn mask: whole, or from the cache of prepared volumes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from presight.config import load_config
from presight.errors import InputError
from presight.evaluate.comparison import Comparison
from presight.evaluate.inputs import Source
from presight.preprocess import preprocess
from presight.preprocess.prepared import Prepared
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
from presight.train.datasets.consensus import IGNORED, LESION, drawn_on

_WORKING_AFFINE = np.eye(4)  # 1 mm


def compare(source: Source, bundle: Bundle, device: str = "auto") -> Comparison:
    """Compare what a bundle finds in one scan with what was drawn.

    Parameters
    ----------
    source : Case or TrainingVolume
        A scan is taken the whole way through read, preprocess and segment, and compared on its own
        grid. A prepared volume is compared at 1 mm, where the network works, which is faster.
        Unless its patient was kept out of training, the figures prove nothing.
    bundle : Bundle
    device : str
        As in :func:`presight.segment.device.select_device`.

    Raises
    ------
    InputError
        The scan or its mask cannot be used.
    """
    if isinstance(source, Case):
        return _compare_scan(source, bundle, device)
    return _compare_prepared(source, bundle, device)


def grid_of(source: Source) -> str:
    """Which grid a scan is compared on, in words."""
    return "the grid of the scan" if isinstance(source, Case) else "the 1 mm grid"


def _compare_prepared(volume: TrainingVolume, bundle: Bundle, device: str) -> Comparison:
    image, brain = volume.image.astype(np.float32), volume.brain > 0
    direct, mirrored = predict(image, brain, bundle, select_device(device))
    probability: NDArray[np.float32] = (direct + mirrored) / np.float32(2)
    shape = (probability.shape[0], probability.shape[1], probability.shape[2])
    grid = Grid(shape, _WORKING_AFFINE)
    told = volume.mask != IGNORED
    return Comparison(
        id=volume.id,
        dataset=volume.dataset,
        patient_id=volume.patient_id,
        site=volume.site,
        slice_mm=volume.slice_mm,
        grid=grid,
        drawn=volume.mask == LESION,
        found=lesion_mask(probability, grid, bundle.settings) & told,
        probability=probability,
        brain=brain & told,
    )


def _compare_scan(case: Case, bundle: Bundle, device: str) -> Comparison:
    flair = read_nifti(case.flair, Contrast.FLAIR)
    prepared = preprocess(Study(subject="evaluation", volumes={Contrast.FLAIR: flair}))
    labels = _labels(case, prepared)
    told = labels != IGNORED
    lesions = segment(prepared, bundle, device)
    return Comparison(
        id=case.id,
        dataset=case.dataset,
        patient_id=case.patient_id,
        site=case.site,
        slice_mm=max(flair.grid.spacing_mm),
        grid=lesions.grid,
        drawn=labels == LESION,
        found=lesions.mask & told,
        probability=lesions.probability,
        brain=to_native(prepared.brain, prepared) & told,
    )


def _labels(case: Case, prepared: Prepared) -> NDArray[np.uint8]:
    """Labels on the grid of the scan; what may be lesion that nobody drew is ignored."""
    if case.truth is None:
        raise InputError("nobody drew a mask", where=case.id, expected="a scan with a mask")
    labels = drawn_on(case.truth, prepared.native)
    if not case.truth.complete:
        threshold = load_config("datasets.yaml")["unlabelled"]["brighter_than"]
        bright = to_native(prepared.brain & (prepared.flair.data > threshold), prepared)
        labels[bright & (labels != LESION)] = IGNORED
    return labels
