"""Real heads at 2 mm with the lesions that experts outlined, and small heads with known change."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray

from presight.follow_up.rescan import Rescan
from presight.follow_up.time_point import TimePoint
from presight.measure.findings import Findings
from presight.study.contrast import Contrast
from presight.study.volume import Grid, Volume

MakePoint = Callable[..., TimePoint]


@pytest.fixture(scope="session")
def real(shared: Path) -> MakePoint:
    """A public scan, by default at 2 mm or its slice thickness: ``real("mslesseg/P14_T1")``."""

    @cache
    def make(name: str, spacing_mm: float = 2.0) -> TimePoint:
        folder = shared / name
        if not (folder / "flair.nii.gz").exists():
            pytest.skip(f"needs {name}")
        image = nib.load(folder / "flair.nii.gz")
        spacing = image.header.get_zooms()[:3]
        factors = tuple(max(1, round(spacing_mm / step)) for step in spacing)
        data = np.asarray(image.dataobj, np.float32)
        brain = _read(folder / "brain.nii.gz", data > 0)
        return point(
            name.rpartition("/")[2].replace("_", ""),
            Volume(
                blocks(data / np.median(data[brain]), factors),
                coarser(image, factors),
                Contrast.FLAIR,
            ),
            blocks(brain.astype(np.float32), factors) >= 0.5,
            blocks(_read(folder / "mask.nii.gz", data < 0).astype(np.float32), factors) >= 0.5,
        )

    return make


def point(
    name: str, flair: Volume, brain: NDArray[np.bool_], lesion: NDArray[np.bool_]
) -> TimePoint:
    return TimePoint(
        name=name,
        flair=flair,
        brain=brain,
        anatomy=np.where(brain, eighths(brain, flair.grid), 0).astype(np.uint8),
        lesion=lesion,
        findings=Findings(lesion_ml=float(lesion.sum()) * flair.grid.voxel_ml),
        outlined_by="expert",
        subject="P14",
        session=name,
    )


@pytest.fixture(scope="session")
def again() -> Callable[[TimePoint, Rescan], TimePoint]:
    """The same head in one more acquisition; outlines are carried along."""
    return _again


def _again(first: TimePoint, rescan: Rescan) -> TimePoint:
    grid = first.flair.grid
    return TimePoint(
        name="again",
        flair=rescan.scan(first.flair),
        brain=rescan.outline(first.brain, grid),
        anatomy=rescan.label(first.anatomy, grid),
        lesion=rescan.outline(first.lesion, grid),
        findings=first.findings,
        outlined_by=first.outlined_by,
        subject=first.subject,
        session="again",
    )


def eighths(brain: NDArray[np.bool_], grid: Grid) -> NDArray[np.uint8]:
    """Labels 1 to 8 of the eighths of a brain: left is odd, right is even."""
    places = np.argwhere(brain) @ grid.affine[:3, :3].T + grid.affine[:3, 3]
    middle = (places.min(axis=0) + places.max(axis=0)) / 2
    index = np.indices(brain.shape).reshape(3, -1).T @ grid.affine[:3, :3].T + grid.affine[:3, 3]
    x, y, z = (index > middle).T
    return (1 + x + 2 * y + 4 * z).reshape(brain.shape).astype(np.uint8)


def blocks(data: NDArray[np.float32], factors: tuple[int, ...]) -> NDArray[np.float32]:
    """Mean of blocks of voxels; what does not fill one is cut off."""
    whole = tuple(size // step * step for size, step in zip(data.shape, factors, strict=True))
    cut = data[tuple(slice(size) for size in whole)]
    shape = [n for size, step in zip(whole, factors, strict=True) for n in (size // step, step)]
    return cut.reshape(shape).mean(axis=(1, 3, 5), dtype=np.float32)


def coarser(image: nib.Nifti1Image, factors: tuple[int, ...]) -> Grid:
    affine = image.affine.astype(np.float64).copy()
    affine[:3, 3] += affine[:3, :3] @ ((np.array(factors) - 1) / 2)
    affine[:3, :3] *= factors
    x, y, z = (size // step for size, step in zip(image.shape[:3], factors, strict=True))
    return Grid((x, y, z), affine)


def _read(path: Path, otherwise: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.asarray(nib.load(path).dataobj) > 0 if path.exists() else otherwise
