"""Whether slices make one volume, told from their positions and orientation alone.

Positions are LPS millimetres, as in DICOM; a :class:`Grid` is RAS+.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from presight.config import load_config
from presight.dicom.series import Frame
from presight.errors import InputError
from presight.study.volume import Grid

_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_Vectors = NDArray[np.float64]


def arrange(frames: Sequence[Frame], where: object) -> tuple[tuple[Frame, ...], Grid]:
    """Order slices along their normal and find the grid that they make.

    Parameters
    ----------
    frames : sequence of Frame
        Of one orientation, size and pixel spacing, in any order.
    where : object
        Named in errors.

    Returns
    -------
    frames, Grid
        Voxel axes are columns, rows, slices; the grid maps them to RAS+ millimetres.

    Raises
    ------
    InputError
        There is one slice only, two lie in one place, one is missing, the steps vary, or the
        stack is tilted.
    """
    if len(frames) < 2:
        raise InputError("there is a single slice", where=where, expected="a volume")
    along, down = _directions(frames[0], where)
    normal = np.cross(along, down)
    ordered = tuple(sorted(frames, key=lambda frame: float(np.dot(frame.position, normal))))
    positions = np.array([frame.position for frame in ordered])
    steps = np.diff(positions, axis=0)
    _check_steps(steps @ normal, where)
    _check_tilt(steps, normal, where)
    row_mm, column_mm = frames[0].spacing_mm
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1] = along * column_mm, down * row_mm
    affine[:3, 2] = (positions[-1] - positions[0]) / (len(ordered) - 1)
    affine[:3, 3] = positions[0]
    shape = (frames[0].traits.columns, frames[0].traits.rows, len(ordered))
    return ordered, Grid(shape, _LPS_TO_RAS @ affine)


def same_orientation(one: Frame, other: Frame) -> bool:
    """Whether two slices are parallel, to within the tolerance of ``configs/dicom.yaml``."""
    difference = np.abs(np.subtract(one.orientation, other.orientation)).max()
    return bool(difference <= _limits()["orientation"])


def place(frame: Frame) -> tuple[int, ...]:
    """Position in steps of the tolerance: equal for two slices that lie in one place."""
    step = _limits()["same_place_mm"]
    return tuple(round(value / step) for value in frame.position)


def _limits() -> dict[str, float]:
    limits: dict[str, float] = load_config("dicom.yaml")["geometry"]
    return limits


def _directions(frame: Frame, where: object) -> tuple[_Vectors, _Vectors]:
    along, down = np.array(frame.orientation[:3]), np.array(frame.orientation[3:])
    lengths = np.linalg.norm(along), np.linalg.norm(down)
    tolerance = _limits()["orthogonal"]
    if not np.allclose(lengths, 1, atol=tolerance) or abs(along @ down) > tolerance:
        raise InputError("the orientation is not two unit vectors at right angles", where=where)
    return along / lengths[0], down / lengths[1]


def _check_steps(steps: NDArray[Any], where: object) -> None:
    limits = _limits()
    if steps.min() < limits["same_place_mm"]:
        raise InputError(
            "two slices lie in one place, and nothing in the headers tells them apart",
            where=where,
            expected="one acquisition in a series",
        )
    usual = float(np.median(steps))
    tolerance = max(limits["gap_mm"], limits["gap_share"] * usual)
    if np.abs(steps - usual).max() <= tolerance:
        return
    missing = np.round(steps / usual) - 1
    if np.abs(steps - usual * (missing + 1)).max() <= tolerance * (missing.max() + 1):
        raise InputError(
            f"{int(missing.sum())} slices are missing between others that are {usual:.3g} mm apart",
            where=where,
            action="Send the whole series again",
        )
    raise InputError(
        f"the slices are {steps.min():.3g} to {steps.max():.3g} mm apart",
        where=where,
        expected="equal steps",
        action="Resample the series to equal steps first",
    )


def _check_tilt(steps: NDArray[Any], normal: _Vectors, where: object) -> None:
    """Refuse slices that are pushed sideways from one to the next: a gantry tilt, or worse."""
    along = steps @ normal
    drift = np.linalg.norm(steps - along[:, None] * normal, axis=1)
    limits = _limits()
    if (drift > np.maximum(limits["gap_mm"], limits["shift_share"] * along)).any():
        degrees = float(np.degrees(np.arctan2(np.median(drift), np.median(along))))
        raise InputError(
            f"the slices are shifted sideways from one to the next (a tilt of {degrees:.1f} "
            "degrees, as of a gantry)",
            where=where,
            action="Resample the series to a rectangular grid first, for example with dcm2niix",
        )
