"""Rigid movements as 4 x 4 matrices: half of one, and the middle of two."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

Rigid = NDArray[np.float64]  # (4, 4), rotation and translation in millimetres
FLIP = np.diag([-1.0, -1.0, 1.0])  # between RAS and LPS


def half(movement: Rigid) -> Rigid:
    """Return the movement that gives ``movement`` when it is done twice.

    The half of an inverse is the inverse of the half, so that neither of two scans has a part in
    what lies between them that the other has not.
    """
    turn = (Rotation.from_matrix(movement[:3, :3]) ** 0.5).as_matrix()
    shift = np.linalg.solve(turn + np.eye(3), movement[:3, 3])
    return from_parts(turn, shift)


def middle(first: Rigid, second: Rigid) -> Rigid:
    """Return the movement half-way from one estimate of it to another, whichever comes first.

    ``middle(inv(a), inv(b)) == inv(middle(a, b))``.
    """
    return first @ half(inverse(first) @ second)


def inverse(movement: Rigid) -> Rigid:
    """Return the movement back."""
    turn = movement[:3, :3].T
    return from_parts(turn, -turn @ movement[:3, 3])


def fit(
    source: NDArray[np.float64], target: NDArray[np.float64], weight: NDArray[np.float64]
) -> Rigid:
    """Find the movement that brings points onto others (Kabsch 1976, 10.1107/S0567739476001873).

    Parameters
    ----------
    source, target : (N, 3) ndarray
        In millimetres; N at least 3.
    weight : (N,) ndarray
    """
    from_centre, to_centre = (np.average(p, axis=0, weights=weight) for p in (source, target))
    turn = Rotation.align_vectors(target - to_centre, source - from_centre, weights=weight)[0]
    return from_parts(turn.as_matrix(), to_centre - turn.apply(from_centre))


def from_parts(turn: NDArray[np.float64], shift: NDArray[np.float64]) -> Rigid:
    """Make a movement of a (3, 3) rotation and a (3,) translation."""
    movement = np.eye(4)
    movement[:3, :3], movement[:3, 3] = turn, shift
    return movement


def apply(movement: Rigid, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move (N, 3) points."""
    moved: NDArray[np.float64] = points @ movement[:3, :3].T + movement[:3, 3]
    return moved


def turn_deg(movement: Rigid) -> float:
    """Angle of the rotation."""
    return float(np.rad2deg(Rotation.from_matrix(movement[:3, :3]).magnitude()))


def to_itk(movement: Rigid) -> sitk.AffineTransform:
    """Make the transform that SimpleITK resamples with; its world is LPS, ours is RAS."""
    transform = sitk.AffineTransform(3)
    transform.SetMatrix((FLIP @ movement[:3, :3] @ FLIP).ravel().tolist())
    transform.SetTranslation((FLIP @ movement[:3, 3]).tolist())
    return transform


def from_itk(transform: sitk.Euler3DTransform) -> Rigid:
    """Read the movement, in RAS, out of a transform of SimpleITK."""
    turn = FLIP @ np.reshape(transform.GetMatrix(), (3, 3)) @ FLIP
    return from_parts(turn, FLIP @ np.asarray(transform.TransformPoint((0.0, 0.0, 0.0))))
