"""A scan as it would look had the patient been scanned again: moved, re-sliced, re-noised.

What it changes in the result is measurement and nothing else, which is how the error of
measurement is found (``scripts/measure_retest.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from presight.follow_up import rigid
from presight.follow_up.rigid import Rigid
from presight.study.resample import canonical, resample
from presight.study.volume import Grid, Volume


@dataclass(frozen=True)
class Rescan:
    """One more acquisition of a head: everything is decided, nothing is applied yet.

    Attributes
    ----------
    turn_deg, shift_mm : tuple of float
        How the head moved, about and along the world's axes.
    slice_mm : float
        Thickness of the slices, head-feet; in the plane the voxels stay as they are.
    noise : float
        Standard deviation, of the median of the head.
    drift : float
        How much brighter one end of the head is than the other, as a share.
    gain : float
        Factor of every intensity.
    seed : int
        Of the noise.
    """

    turn_deg: tuple[float, float, float]
    shift_mm: tuple[float, float, float]
    slice_mm: float
    noise: float = 0.02
    drift: float = 0.1
    gain: float = 1.0
    seed: int = 0

    def scan(self, flair: Volume) -> Volume:
        """Acquire the FLAIR anew."""
        seen = self._acquire(flair.data.astype(np.float32), flair.grid)
        tissue = seen[seen > 0]
        level = float(np.median(tissue)) if tissue.size else 1.0
        rng = np.random.default_rng(self.seed)
        real, imaginary = rng.normal(0, self.noise * level, (2, *seen.shape)).astype(np.float32)
        noisy = np.where(seen > 0, np.hypot(seen + real, imaginary), 0)
        slope = np.linspace(1 - self.drift / 2, 1 + self.drift / 2, seen.shape[1])
        data = (noisy * slope[None, :, None] * self.gain).astype(np.float32)
        return Volume(data, self.grid(flair.grid), flair.contrast, flair.source, flair.doubts)

    def outline(self, mask: NDArray[np.bool_], grid: Grid) -> NDArray[np.bool_]:
        """Carry a mask along: voxels of which half or more lies in it."""
        carried: NDArray[np.bool_] = self._acquire(mask.astype(np.float32), grid) >= 0.5
        return carried

    def label(self, labels: NDArray[np.uint8], grid: Grid) -> NDArray[np.uint8]:
        """Carry labels along: the one in the middle of each voxel."""
        carried: NDArray[np.uint8] = resample(
            labels, grid, self.grid(grid), nearest=True, transform=self._transform(grid)
        )
        return carried

    def grid(self, grid: Grid) -> Grid:
        """Grid of the new acquisition, over the same field of view."""
        thin, averaged = self._thin(grid)
        affine = thin.affine.copy()
        affine[:3, 3] += affine[:3, 2] * (averaged - 1) / 2
        affine[:3, 2] *= averaged
        x, y, z = thin.shape
        return Grid((x, y, z // averaged), affine)

    def _acquire(self, data: NDArray[Any], grid: Grid) -> NDArray[np.float32]:
        """Resample to thin slices of the moved head and average them to thick ones."""
        thin, averaged = self._thin(grid)
        values = resample(data, grid, thin, transform=self._transform(grid))
        x, y, z = thin.shape
        slabs = values[:, :, : z // averaged * averaged].reshape(x, y, z // averaged, averaged)
        acquired: NDArray[np.float32] = slabs.mean(axis=3, dtype=np.float32)
        return acquired

    def _thin(self, grid: Grid) -> tuple[Grid, int]:
        """Grid of slices thin enough to average, and how many of them make one slice."""
        upright = canonical(grid)
        averaged = max(1, round(self.slice_mm / min(upright.spacing_mm[2], 1.0)))
        step = self.slice_mm / averaged
        affine = upright.affine.copy()
        ratio = step / upright.spacing_mm[2]
        affine[:3, 3] += affine[:3, 2] * (ratio - 1) / 2
        affine[:3, 2] *= ratio
        x, y, z = upright.shape
        return Grid((x, y, max(averaged, round(z / ratio))), affine), averaged

    def movement(self, grid: Grid) -> Rigid:
        """From points of the moved head to those where they lay, about the middle of ``grid``."""
        middle = grid.affine[:3, :3] @ ((np.asarray(grid.shape) - 1) / 2) + grid.affine[:3, 3]
        turn = Rotation.from_euler("xyz", self.turn_deg, degrees=True).as_matrix()
        shift = middle - turn @ middle + np.asarray(self.shift_mm)
        return rigid.from_parts(turn, shift)

    def _transform(self, grid: Grid) -> sitk.Transform:
        return rigid.to_itk(self.movement(grid))


def draw_rescan(rng: np.random.Generator, slice_mm: float) -> Rescan:
    """Draw a repositioning as it happens between two visits."""
    x, y, z = rng.uniform(-6, 6, 3)
    dx, dy, dz = rng.uniform(-6, 6, 3)
    return Rescan(
        turn_deg=(x, y, z),
        shift_mm=(dx, dy, dz),
        slice_mm=slice_mm,
        noise=rng.uniform(0.01, 0.03),
        drift=rng.uniform(-0.15, 0.15),
        gain=float(np.exp(rng.uniform(-0.5, 0.5))),
        seed=int(rng.integers(2**32)),
    )
