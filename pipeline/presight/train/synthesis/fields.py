"""Smooth random fields: what shapes, bias and deformation are made of."""

from __future__ import annotations

import numpy as np

from presight.train.synthesis.separable import Axis, Image, along_axes, cubic_bspline

Axes = tuple[Axis, Axis, Axis]

_STANDARD_DEVIATION = 0.48**1.5  # of a cubic B-spline field with unit normal coefficients


def voxel_axes(shape: tuple[int, ...]) -> Axes:
    """Voxel positions along each axis, counted from the middle."""
    x, y, z = (np.arange(size, dtype=np.float64) - (size - 1) / 2 for size in shape)
    return x, y, z


def smooth_noise(axes: Axes, scale_mm: float, rng: np.random.Generator) -> Image:
    """Gaussian field of zero mean and unit variance with features of about ``scale_mm``.

    Parameters
    ----------
    axes : three 1-D ndarrays
        Positions of the voxels in millimetres. Give ``abs(x)`` for a field that is symmetric
        about x = 0.
    scale_mm : float
        Distance between the knots of the cubic B-splines.
    rng : numpy.random.Generator

    Returns
    -------
    (len(x), len(y), len(z)) ndarray of float32
    """
    bases = [cubic_bspline(axis, _knots(axis, scale_mm)) for axis in axes]
    size = [basis.shape[1] for basis in bases]
    return along_axes(rng.standard_normal(size, dtype=np.float32) / _STANDARD_DEVIATION, bases)


def fractal_noise(axes: Axes, scale_mm: float, rng: np.random.Generator, octaves: int = 3) -> Image:
    """Sum of smooth fields, each of half the scale and half the strength of the one before."""
    field = smooth_noise(axes, scale_mm, rng)
    for octave in range(1, octaves):
        field += smooth_noise(axes, scale_mm / 2**octave, rng) / 2**octave
    return field / np.float32(np.sqrt(sum(0.25**octave for octave in range(octaves))))


def _knots(axis: Axis, scale_mm: float) -> Axis:
    first, last = np.floor(axis.min() / scale_mm) - 1, np.ceil(axis.max() / scale_mm) + 1
    return np.arange(first, last + 1) * scale_mm
