"""Read a NIfTI volume and refuse, in one sentence, what is not a brain image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from presight.config import load_config
from presight.errors import InputError
from presight.study.checks import CONVERT_AGAIN, check_geometry, check_size, check_values, times
from presight.study.contrast import Contrast
from presight.study.gunzip import gunzip
from presight.study.volume import Grid, Volume


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
    check_geometry(grid, path)
    data = _read_data(image, path).reshape(shape)
    check_values(data, path)
    return Volume(data, grid, contrast, path, _doubts(image))


def read_nifti_series(path: Path, contrast: Contrast) -> tuple[Volume, ...]:
    """Read the volumes of a 4-D image, checked together.

    Raises
    ------
    InputError
        As for :func:`read_nifti`, or the image is not 4-D.
    """
    image = _open(path)
    shape = tuple(int(size) for size in image.shape)
    if len(shape) != 4 or shape[3] < 2:
        raise InputError(
            f"the image has {len(shape)} dimensions {times(shape)}",
            where=path,
            expected="several 3-D volumes",
        )
    check_size(shape[:3], path)
    most = load_config("input.yaml")["image"]["voxels_at_most"]
    if np.prod(shape) > most:
        raise InputError(
            f"the series has {times(shape)} voxels", where=path, expected=f"at most {most:,}"
        )
    grid = Grid((shape[0], shape[1], shape[2]), np.asarray(image.affine, dtype=np.float64))
    check_geometry(grid, path)
    data = _read_data(image, path)
    check_values(data, path)
    return tuple(
        Volume(np.ascontiguousarray(data[..., i]), grid, contrast, path, _doubts(image))
        for i in range(shape[3])
    )


def _open(path: Path) -> nib.Nifti1Image:
    _check_file(path)
    try:
        image = _load(path)
    except PermissionError as error:
        raise InputError("the file may not be read", where=path) from error
    except InputError:
        raise
    except EOFError as error:
        raise InputError(
            "the file is cut short or damaged",
            where=path,
            expected="a whole .nii.gz file",
            action=CONVERT_AGAIN,
        ) from error
    except Exception as error:  # a damaged header makes the library raise all kinds
        raise InputError(
            "the file is not a NIfTI image or is damaged",
            where=path,
            expected="a .nii or .nii.gz file",
            action=CONVERT_AGAIN,
        ) from error
    if not isinstance(image, nib.Nifti1Image):
        raise InputError(
            f"the file is {type(image).__name__}, not NIfTI", where=path, action=CONVERT_AGAIN
        )
    return image


def _load(path: Path) -> nib.Nifti1Image:
    """Image of a file; a compressed one is read to its end, where its checksum stands."""
    if not path.name.endswith(".gz"):
        return nib.load(path)
    limits = load_config("input.yaml")["image"]
    content = gunzip(
        path,
        limits["decompressed_bytes_at_most"],
        lambda head: _bytes_of_image(head, limits["voxels_at_most"]),
    )
    return _kind_of(content).from_bytes(content)


def _bytes_of_image(head: bytes, most: int) -> int:
    """How far the voxels reach; no farther than the header where there are too many to be read."""
    kind = _kind_of(head)
    size: int = kind.header_class.template_dtype.itemsize
    header = kind.header_class(head[:size], check=False)
    voxels = int(np.prod(np.asarray(header.get_data_shape(), dtype=np.float64)))
    if voxels > most:
        return size
    return int(header["vox_offset"]) + voxels * header.get_data_dtype().itemsize


def _kind_of(head: bytes) -> type[nib.Nifti1Image]:
    return nib.Nifti2Image if head[:4] in _NIFTI_2 else nib.Nifti1Image


_NIFTI_2 = ((540).to_bytes(4, "little"), (540).to_bytes(4, "big"))  # size of its header


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
            f"the image has {len(shape)} dimensions {times(shape)}",
            where=path,
            expected="one 3-D volume",
            action="Split it and give the one volume to be read"
            if len(shape) > 3
            else "Convert the whole series, not one slice",
        )
    check_size(shape, path)
    return shape[0], shape[1], shape[2]


def _read_data(image: nib.Nifti1Image, path: Path) -> NDArray[np.float32]:
    try:
        data: NDArray[Any] = np.asanyarray(image.dataobj)
    except Exception as error:  # here too: OSError, zlib.error, OverflowError, MemoryError, ...
        raise InputError(
            "the pixel data are cut short or damaged",
            where=path,
            expected=f"{times(image.shape)} voxels",
            action="Copy or convert the file again",
        ) from error
    if data.dtype.fields is not None or np.iscomplexobj(data):
        raise InputError(
            f"the voxels are {'complex' if data.dtype.fields is None else 'coloured'}",
            where=path,
            expected="one real number a voxel",
        )
    return data.astype(np.float32)


def _doubts(image: nib.Nifti1Image) -> tuple[str, ...]:
    header = image.header
    if int(header["qform_code"]) == 0 and int(header["sform_code"]) == 0:
        return (
            "The file does not say how it is oriented (qform and sform codes are 0): "
            "left and right are assumed, not known.",
        )
    return ()
