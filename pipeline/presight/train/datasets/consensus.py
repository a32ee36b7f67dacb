"""What people drew in a scan: one truth out of the masks of one or several raters."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from presight.errors import InputError
from presight.study.resample import resample
from presight.study.volume import Grid
from presight.train.datasets.case import Truth

LESION, IGNORED = 1, 2


def drawn_on(truth: Truth, grid: Grid) -> NDArray[np.uint8]:
    """Bring what people drew to another grid.

    Parameters
    ----------
    truth : Truth
    grid : Grid
        Usually that of the FLAIR or the 1 mm working grid.

    Returns
    -------
    (X, Y, Z) ndarray of uint8
        As :func:`consensus`; a voxel is what at least half of it is, by linear interpolation.

    Raises
    ------
    InputError
        A mask cannot be read, or the raters' masks are not on one grid.
    """
    labels, source = consensus(truth)
    if source.matches(grid, tolerance_mm=1e-2):
        return labels
    lesion, ignored = (
        resample((labels == value).astype(np.float32), source, grid) for value in (LESION, IGNORED)
    )
    either = np.where(lesion + ignored >= 0.5, IGNORED, 0)
    return np.where(lesion >= 0.5, LESION, either).astype(np.uint8)


def consensus(truth: Truth) -> tuple[NDArray[np.uint8], Grid]:
    """Merge what the raters drew.

    Parameters
    ----------
    truth : Truth

    Returns
    -------
    labels : (X, Y, Z) ndarray of uint8
        1 lesion, in the eyes of more than half of the raters; 2 ignored, by one of them or because
        they are evenly divided; else 0.
    grid : Grid

    Raises
    ------
    InputError
        A mask cannot be read, or the raters' masks are not on one grid.
    """
    drawn, grids = zip(*(_read(path) for path in truth.masks), strict=True)
    for path, grid in zip(truth.masks, grids, strict=True):
        if not grid.matches(grids[0]):
            raise InputError("the raters' masks are not on one grid", where=path)
    votes = np.sum([_is_lesion(values, truth) for values in drawn], axis=0)
    ignored = np.any([np.isin(values, truth.ignored) for values in drawn], axis=0)
    labels = np.where(ignored | (2 * votes == len(drawn)), IGNORED, 0)
    return np.where(2 * votes > len(drawn), LESION, labels).astype(np.uint8), grids[0]


def _is_lesion(values: NDArray[Any], truth: Truth) -> NDArray[np.bool_]:
    if truth.lesion:
        return np.isin(values, truth.lesion)
    return (values > 0) & ~np.isin(values, truth.ignored)


def _read(path: Path) -> tuple[NDArray[Any], Grid]:
    try:
        image = nib.load(path)
        values: NDArray[Any] = np.asanyarray(image.dataobj)
    except (
        ImageFileError,
        HeaderDataError,
        OSError,
        EOFError,
        zlib.error,
        ValueError,
    ) as error:
        raise InputError("the mask cannot be read", where=path, expected="a NIfTI file") from error
    if values.ndim > 3 and all(size == 1 for size in values.shape[3:]):
        values = values.reshape(values.shape[:3])
    if values.ndim != 3:
        raise InputError(f"the mask has {values.ndim} dimensions", where=path, expected="three")
    shape = (values.shape[0], values.shape[1], values.shape[2])
    return values, Grid(shape, np.asarray(image.affine, dtype=np.float64))
