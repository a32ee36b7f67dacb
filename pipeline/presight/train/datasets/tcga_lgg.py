"""TCGA-LGG as published on Kaggle: slices as pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from presight.config import load_config
from presight.errors import InputError
from presight.train.datasets.case import Case
from presight.train.datasets.dataset import Dataset

_FOLDER = re.compile(r"TCGA_(?P<site>[A-Z0-9]+)_(?P<patient>[A-Z0-9]+)_\d{8}")
_SLICE = re.compile(r"_(\d+)\.tif")
_FLAIR_CHANNEL = 1  # of pre-contrast, FLAIR, post-contrast
_PIXELS_AT_MOST = 1024 * 1024


class TcgaLgg(Dataset):
    """``kaggle_3m/TCGA_SITE_PATIENT_DATE/TCGA_SITE_PATIENT_DATE_N.tif`` and ``..._N_mask.tif``.

    The slices of a patient become two NIfTI files in the workspace. The pictures do not say how
    large a pixel is, how far apart the slices are, which is the lowest or which side is left;
    ``lgg_geometry`` in ``configs/datasets.yaml`` says what is assumed.
    """

    name = "lgg"
    layout = "TCGA_SITE_PATIENT_DATE/TCGA_SITE_PATIENT_DATE_1.tif"

    def _find(self, folder: Path, workspace: Path) -> Iterator[Case]:
        for home in folder.rglob("TCGA_*"):
            named = _FOLDER.fullmatch(home.name)
            if home.is_dir() and named:
                name = f"{named['site']}_{named['patient']}"
                flair, mask = _converted(home, workspace / name)
                site = f"TCGA-LGG institution {named['site']}"
                yield self._case(name, name, site, flair, [mask])


def _converted(home: Path, out: Path) -> tuple[Path, Path]:
    """Write FLAIR and mask of one patient, unless they are there."""
    flair, mask = out / "flair.nii.gz", out / "mask.nii.gz"
    if not mask.exists():
        out.mkdir(parents=True, exist_ok=True)
        slices = _slices(home)
        _write(_stack(slices), flair)
        _write((_stack([_mask_of(path) for path in slices]) > 0).astype(np.uint8), mask)
    return flair, mask


def _slices(home: Path) -> list[Path]:
    """Pictures of one patient by slice number, which is not their order by name."""
    numbered = {
        int(number[1]): path for path in home.glob("*.tif") if (number := _SLICE.search(path.name))
    }
    if not numbered:
        raise InputError("the folder holds no slices", where=home, expected=TcgaLgg.layout)
    if sorted(numbered) != list(range(1, len(numbered) + 1)):
        raise InputError(
            f"{len(numbered)} slices go up to number {max(numbered)}",
            where=home,
            expected="every slice from 1 on",
            action="Copy the folder again",
        )
    return [numbered[number] for number in sorted(numbered)]


def _mask_of(path: Path) -> Path:
    return path.with_name(f"{path.stem}_mask.tif")


def _stack(paths: list[Path]) -> NDArray[np.uint8]:
    """Slices of one patient as (rows, columns, slices)."""
    pictures = [_picture(path) for path in paths]
    if len({picture.shape for picture in pictures}) > 1:
        raise InputError("the slices differ in size", where=paths[0].parent)
    return np.stack(pictures, axis=-1)


def _picture(path: Path) -> NDArray[np.uint8]:
    try:
        with Image.open(path) as picture:
            if picture.width * picture.height > _PIXELS_AT_MOST:
                raise InputError(
                    f"the slice has {picture.width} x {picture.height} pixels",
                    where=path,
                    expected="at most a million",
                )
            pixels: NDArray[Any] = np.asarray(picture)
    except (OSError, UnidentifiedImageError) as error:
        raise InputError("the slice cannot be read", where=path, expected="a TIFF file") from error
    return pixels[..., _FLAIR_CHANNEL] if pixels.ndim == 3 else pixels


def _write(stack: NDArray[np.uint8], path: Path) -> None:
    """Write a stack: columns towards the patient's left, rows towards the back, slices upwards."""
    assumed = load_config("datasets.yaml")["lgg_geometry"]
    pixel, rise = assumed["in_plane_mm"], assumed["height_mm"] / stack.shape[2]
    data = stack.transpose(1, 0, 2)[:, ::-1]
    steps = np.array([-pixel, pixel, rise])
    affine = np.diag([*steps, 1.0])
    affine[:3, 3] = -steps * (np.array(data.shape) - 1) / 2
    image = nib.Nifti1Image(np.ascontiguousarray(data), affine)
    image.header["descrip"] = b"spacing, slice order and side are assumed"
    beside = path.with_name(f"part_{path.name}")
    nib.save(image, beside)
    beside.replace(path)
