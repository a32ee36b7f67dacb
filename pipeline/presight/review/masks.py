"""Outlines that a person drew: read with suspicion, kept in one spelling, compared."""

from __future__ import annotations

import gzip
import io
import zlib
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from presight.config import load_config
from presight.errors import InputError
from presight.study.volume import Grid

Mask = NDArray[np.bool_]
MEDIA = "application/x-nifti-gz"
_HEADER = 4096  # more than a NIfTI header and its extensions need here
_GEOMETRY_MM = 1e-2


@dataclass(frozen=True)
class Difference:
    """What an edit changed of an outline.

    Attributes
    ----------
    added_voxels, removed_voxels : int
    added_ml, removed_ml : float
    dice : float or None
        Overlap of the two, ``None`` where both are empty.
    """

    added_voxels: int
    removed_voxels: int
    added_ml: float
    removed_ml: float
    dice: float | None


def read_outline(path: Path) -> tuple[Mask, Grid]:
    """Read the outline that the pipeline left."""
    return _values(nib.load(path))


def parse_outline(content: bytes, grid: Grid) -> Mask:
    """Read an outline that came in over the network, a NIfTI file as it is or gzipped.

    Raises
    ------
    InputError
        It is not a NIfTI file, too large, on another grid, or holds more than two values.
    """
    raw = _unzipped(content, int(np.prod(grid.shape)) * 8 + _HEADER)
    try:
        mask, found = _values(nib.Nifti1Image.from_bytes(raw))
    except InputError:
        raise
    except Exception as error:  # nibabel has no one error for bytes that are no image
        raise InputError("the outline is not a NIfTI image", expected="a mask") from error
    if not grid.matches(found, _GEOMETRY_MM):
        raise InputError("the outline is not on the grid of the scan", expected="the same grid")
    return mask


def as_bytes(mask: Mask, grid: Grid) -> bytes:
    """Write an outline as ``.nii.gz``; the same outline gives the same bytes."""
    image = nib.Nifti1Image(mask.astype(np.uint8), grid.affine)
    image.header.set_xyzt_units("mm")
    image.set_sform(grid.affine, code=1)
    image.set_qform(grid.affine, code=1)
    stream = io.BytesIO()
    with gzip.GzipFile("", "wb", 6, stream, mtime=0) as file:
        file.write(image.to_bytes())
    return stream.getvalue()


def difference(before: Mask, after: Mask, grid: Grid) -> Difference:
    """Compare an outline with an edited one, voxel by voxel."""
    added, removed = (int(np.count_nonzero(part)) for part in (after & ~before, before & ~after))
    total = int(np.count_nonzero(before)) + int(np.count_nonzero(after))
    return Difference(
        added_voxels=added,
        removed_voxels=removed,
        added_ml=added * grid.voxel_ml,
        removed_ml=removed * grid.voxel_ml,
        dice=(total - added - removed) / total if total else None,
    )


def _unzipped(content: bytes, limit: int) -> bytes:
    """Unzip at most ``limit`` bytes: a small file can hold a very large one."""
    if content[:2] != b"\x1f\x8b":
        return content
    unzip = zlib.decompressobj(wbits=31)
    try:
        raw = unzip.decompress(content, limit)
    except zlib.error as error:
        raise InputError("the outline is damaged", action="Save it again") from error
    if not unzip.eof:
        raise InputError("the outline is too large or cut short", expected="a mask of the scan")
    return raw


def _values(image: nib.Nifti1Image) -> tuple[Mask, Grid]:
    shape = tuple(int(size) for size in image.shape)
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) != 3 or np.prod(shape) > load_config("review.yaml")["limits"]["voxels"]:
        raise InputError("the outline is not one volume", expected="three dimensions")
    data = np.asanyarray(image.dataobj).reshape(shape)
    if data.dtype.kind not in "uif" or len(found := np.unique(data)) > 2 or found[0] < 0:
        raise InputError("the outline holds more than two values", expected="a mask of 0 and 1")
    grid = Grid((shape[0], shape[1], shape[2]), np.asarray(image.affine, dtype=np.float64))
    return data > 0, grid
