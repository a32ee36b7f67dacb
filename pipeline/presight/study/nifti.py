"""Read a NIfTI volume and refuse, in one sentence, what is not a brain image."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from presight.config import load_config
from presight.errors import InputError
from presight.study.contrast import Contrast
from presight.study.volume import Grid, Volume

_CONVERT = "Convert the series again, for example with dcm2niix"


def read_nifti(path: Path, contrast: Contrast) -> Volume:
    """Read one volume, checked.

    Parameters
    ----------
    path : Path
        ``.nii`` or ``.nii.gz``.
    contrast : Contrast
        What the file is said to be.

    Returns
    -------
    Volume
        In the file's own voxel order, as float32.

    Raises
    ------
    InputError
        The file is missing, unreadable, not NIfTI, truncated, not a single 3-D volume, without
        usable geometry, not finite, constant, or a mask.
    """
    image = _open(path)
    shape = _single_volume_shape(image, path)
    grid = Grid(shape, np.asarray(image.affine, dtype=np.float64))
    _check_geometry(grid, path)
    data = _read_data(image, path).reshape(shape)
    _check_values(data, path)
    return Volume(data, grid, contrast, path, _doubts(image))


def _open(path: Path) -> nib.Nifti1Image:
    _check_file(path)
    try:
        image = nib.load(path)
    except PermissionError as error:
        raise InputError("the file may not be read", where=path) from error
    except (ImageFileError, HeaderDataError, OSError, EOFError, zlib.error, ValueError) as error:
        raise InputError(
            "the file is not a NIfTI image or is damaged",
            where=path,
            expected="a .nii or .nii.gz file",
            action=_CONVERT,
        ) from error
    if not isinstance(image, nib.Nifti1Image):
        raise InputError(
            f"the file is {type(image).__name__}, not NIfTI", where=path, action=_CONVERT
        )
    return image


def _check_file(path: Path) -> None:
    try:
        if not path.exists():
            raise InputError("there is no such file", where=path, action="Check the path")
        if not path.is_file():
            raise InputError("this is not a file", where=path, expected="a NIfTI file")
        if path.stat().st_size == 0:
            raise InputError("the file is empty", where=path, action="Copy it again")
    except OSError as error:
        raise InputError(f"the file may not be read ({error.strerror})", where=path) from error


def _single_volume_shape(image: nib.Nifti1Image, path: Path) -> tuple[int, int, int]:
    shape = tuple(int(size) for size in image.shape)
    if len(shape) > 3 and all(size == 1 for size in shape[3:]):
        shape = shape[:3]
    if len(shape) != 3:
        raise InputError(
            f"the image has {len(shape)} dimensions {_times(shape)}",
            where=path,
            expected="one 3-D volume",
            action="Split it and give the one volume to be read"
            if len(shape) > 3
            else "Convert the whole series, not one slice",
        )
    _check_size(shape, path)
    return shape[0], shape[1], shape[2]


def _check_size(shape: tuple[int, ...], path: Path) -> None:
    limits = load_config("input.yaml")["image"]
    low, high = limits["voxels_per_axis"]
    if min(shape) < low or max(shape) > high or np.prod(shape) > limits["voxels_at_most"]:
        raise InputError(
            f"the image has {_times(shape)} voxels",
            where=path,
            expected=f"{low} to {high} along each axis",
            action="Give the whole head as one volume",
        )


def _check_geometry(grid: Grid, path: Path) -> None:
    limits = load_config("input.yaml")["image"]
    if not np.isfinite(grid.affine).all() or abs(np.linalg.det(grid.affine[:3, :3])) < 1e-9:
        raise InputError(
            "the affine is singular: the voxels have no place in space",
            where=path,
            action=_CONVERT,
        )
    _check_range("voxel spacing", grid.spacing_mm, limits["spacing_mm"], path)
    extent = [size * step for size, step in zip(grid.shape, grid.spacing_mm, strict=True)]
    _check_range("field of view", extent, limits["extent_mm"], path)
    axes = grid.affine[:3, :3] / np.asarray(grid.spacing_mm)
    if np.abs(axes.T @ axes - np.eye(3)).max() > limits["orthogonality"]:
        raise InputError(
            "the voxel axes are not at right angles (a sheared grid, often an uncorrected "
            "gantry tilt)",
            where=path,
            action="Resample it to a rectangular grid first",
        )


def _check_range(what: str, values: Any, limits: tuple[float, float], path: Path) -> None:
    low, high = limits
    if min(values) < low or max(values) > high:
        raise InputError(
            f"the {what} is {' x '.join(f'{value:.3g}' for value in values)} mm",
            where=path,
            expected=f"{low:g} to {high:g} mm",
            action="Check the header's units and pixdim",
        )


def _read_data(image: nib.Nifti1Image, path: Path) -> NDArray[np.float32]:
    try:
        data: NDArray[Any] = np.asanyarray(image.dataobj)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise InputError(
            "the pixel data are cut short or damaged",
            where=path,
            expected=f"{_times(image.shape)} voxels",
            action="Copy or convert the file again",
        ) from error
    if data.dtype.fields is not None or np.iscomplexobj(data):
        raise InputError(
            f"the voxels are {'complex' if data.dtype.fields is None else 'coloured'}",
            where=path,
            expected="one real number a voxel",
        )
    return data.astype(np.float32)


def _check_values(data: NDArray[np.float32], path: Path) -> None:
    missing = data.size - int(np.isfinite(data).sum())
    if missing:
        raise InputError(
            f"{missing} voxels are not a finite number (NaN or infinite)",
            where=path,
            action="Set them to 0 where there is no brain, or convert the series again",
        )
    if data.min() == data.max():
        raise InputError(f"every voxel is {data.flat[0]:g}", where=path, expected="an image")
    enough = load_config("input.yaml")["image"]["distinct_values_at_least"]
    distinct = len(np.unique(data))
    if distinct < enough:
        raise InputError(
            f"the image has only {distinct} different values, so it is a mask or a label map",
            where=path,
            expected="an MR image",
            action="Give the image that the mask was drawn on",
        )


def _doubts(image: nib.Nifti1Image) -> tuple[str, ...]:
    header = image.header
    if int(header["qform_code"]) == 0 and int(header["sform_code"]) == 0:
        return (
            "The file does not say how it is oriented (qform and sform codes are 0): "
            "left and right are assumed, not known.",
        )
    return ()


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(str(size) for size in shape)
