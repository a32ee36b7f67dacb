"""What a scanner makes of a head: thick slices, blur, ghosts, bias, noise, another grey scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from presight.config import load_config
from presight.study.volume import Grid
from presight.train.synthesis.fields import Axes, smooth_noise
from presight.train.synthesis.separable import (
    Axis,
    Image,
    Matrix,
    along_axes,
    box_average,
    gaussian,
    linear,
)


@dataclass(frozen=True)
class Scanner:
    """One acquisition: everything that was left to chance is decided, nothing is applied yet.

    Attributes
    ----------
    spacing_mm : tuple of float
        Voxel size of the acquisition; the largest is the slice thickness.
    blur_mm : float
        Standard deviation of the point spread in the plane.
    ghost : tuple of (axis, shift in voxels, strength)
        Copies of the head along the phase-encoding axis, from motion.
    bias : float
        Standard deviation of the logarithm of the coil sensitivity.
    noise : float
        Standard deviation of each channel of the complex noise; the commonest brain value is 1.
    gamma : float
        Exponent of the grey scale; 1 leaves it.
    seed : int
        Of the bias field and the noise.
    """

    spacing_mm: tuple[float, float, float] = (1.0, 1.0, 1.0)
    blur_mm: float = 0.0
    ghost: tuple[int, int, float] = (1, 0, 0.0)
    bias: float = 0.0
    noise: float = 0.0
    gamma: float = 1.0
    seed: int = 0

    def acquire(self, image: Image) -> Image:
        """Image on the scanner's own grid, from one on a 1 mm grid."""
        rng = np.random.default_rng(self.seed)
        seen = along_axes(image, self._forward(image.shape))
        if self.bias:
            seen = seen * np.exp(self.bias * smooth_noise(self._axes(image.shape), 90.0, rng))
        if self.noise:
            seen = _rician(seen, self.noise, rng)
        return np.power(np.maximum(seen, 0), np.float32(self.gamma))

    def acquire_mask(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Voxels of the scanner's grid of which half or more lies in ``mask``."""
        matrices = _sampling(mask.shape, self.spacing_mm)
        share: NDArray[np.bool_] = along_axes(mask.astype(np.float32), matrices) >= 0.5
        return share

    def acquire_labels(self, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Label at the middle of each voxel of the scanner's grid."""
        nearest = [
            np.clip(np.rint(centres), 0, size - 1).astype(int)
            for centres, size in zip(
                _centres(labels.shape, self.spacing_mm), labels.shape, strict=True
            )
        ]
        seen: NDArray[np.uint8] = labels[np.ix_(*nearest)]
        return seen

    def grid(self, grid: Grid) -> Grid:
        """Grid of an acquisition of a 1 mm ``grid``."""
        centres = _centres(grid.shape, self.spacing_mm)
        affine = grid.affine.copy()
        affine[:3, :3] = grid.affine[:3, :3] * self.spacing_mm
        affine[:3, 3] += grid.affine[:3, :3] @ [centre[0] for centre in centres]
        x, y, z = (len(centre) for centre in centres)
        return Grid((x, y, z), affine)

    def degrade(self, image: Image) -> Image:
        """Image as it looks when the acquisition is brought back to the 1 mm grid."""
        centres = _centres(image.shape, self.spacing_mm)
        back = [
            None if step == 1 else linear(len(c), (np.arange(size) - c[0]) / step)
            for c, step, size in zip(centres, self.spacing_mm, image.shape, strict=True)
        ]
        return along_axes(self.acquire(image), back)

    def _axes(self, shape: tuple[int, ...]) -> Axes:
        x, y, z = _centres(shape, self.spacing_mm)
        return x, y, z

    def _forward(self, shape: tuple[int, ...]) -> list[Matrix | None]:
        return [
            _product(sample, _ghost(size, axis, self.ghost), gaussian(size, self._blur(axis)))
            for axis, (size, sample) in enumerate(
                zip(shape, _sampling(shape, self.spacing_mm), strict=True)
            )
        ]

    def _blur(self, axis: int) -> float:
        across = int(np.argmax(self.spacing_mm)) if max(self.spacing_mm) > 1.5 else -1
        return 0.0 if axis == across else self.blur_mm


def degrade(image: Image, rng: np.random.Generator) -> Image:
    """Pass an image through a scanner drawn at random.

    Parameters
    ----------
    image : (X, Y, Z) ndarray of float32
        On a 1 mm grid, the commonest brain value 1. Synthetic or real.
    rng : numpy.random.Generator

    Returns
    -------
    (X, Y, Z) ndarray of float32
        On the same grid.
    """
    return draw_scanner(rng).degrade(image)


def draw_scanner(rng: np.random.Generator) -> Scanner:
    """Draw a scanner from the ranges of ``configs/synthesis.yaml``."""
    ranges = load_config("synthesis.yaml")["scanner"]
    ghosted = rng.random() < ranges["ghost_chance"]
    return Scanner(
        spacing_mm=_draw_spacing(ranges, rng),
        blur_mm=rng.uniform(*ranges["blur_mm"]),
        ghost=(
            int(rng.integers(2)),
            int(rng.integers(*ranges["ghost_shift"])),
            rng.uniform(*ranges["ghost_strength"]) * ghosted,
        ),
        bias=rng.uniform(*ranges["bias"]),
        noise=rng.uniform(*ranges["noise"]),
        gamma=float(np.exp(rng.uniform(*np.log(ranges["gamma"])))),
        seed=int(rng.integers(2**32)),
    )


def _draw_spacing(ranges: dict[str, Any], rng: np.random.Generator) -> tuple[float, float, float]:
    in_plane = rng.uniform(*ranges["in_plane_mm"])
    spacing = [in_plane] * 3
    across = int(rng.choice(3, p=ranges["orientation"]))
    spacing[across] = float(np.exp(rng.uniform(*np.log(ranges["slice_mm"]))))
    return spacing[0], spacing[1], spacing[2]


def _centres(shape: tuple[int, ...], spacing_mm: tuple[float, ...]) -> list[Axis]:
    """Voxel positions of the acquisition, evenly laid out around the middle of the image."""
    counts = [max(1, round(size / step)) for size, step in zip(shape, spacing_mm, strict=True)]
    return [
        (size - 1) / 2 + (np.arange(count, dtype=np.float64) - (count - 1) / 2) * step
        for size, step, count in zip(shape, spacing_mm, counts, strict=True)
    ]


def _sampling(shape: tuple[int, ...], spacing_mm: tuple[float, ...]) -> list[Matrix | None]:
    return [
        None if step == 1 else box_average(size, centres, max(step, 1.0))
        for size, step, centres in zip(shape, spacing_mm, _centres(shape, spacing_mm), strict=True)
    ]


def _ghost(size: int, axis: int, ghost: tuple[int, int, float]) -> Matrix | None:
    along, shift, strength = ghost
    if axis != along or not strength:
        return None
    copies = np.roll(np.eye(size), shift, axis=0) + np.roll(np.eye(size), -shift, axis=0)
    return ((1 - strength) * np.eye(size) + strength / 2 * copies).astype(np.float32)


def _product(*matrices: Matrix | None) -> Matrix | None:
    """Product of the matrices that are there, ``None`` where none is."""
    product: Matrix | None = None
    for matrix in matrices:
        if matrix is not None:
            product = matrix if product is None else product @ matrix
    return product


def _rician(image: Image, sigma: float, rng: np.random.Generator) -> Image:
    noise = np.float32(sigma)
    real = image + noise * rng.standard_normal(image.shape, dtype=np.float32)
    imaginary = noise * rng.standard_normal(image.shape, dtype=np.float32)
    magnitude: Image = np.hypot(real, imaginary)
    return magnitude
