"""The mid-sagittal plane of this head, found in its image and not taken from the atlas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy  # whose parts are imported when they are used
from numpy.typing import NDArray
from scipy import ndimage

from presight.config import load_config
from presight.measure.head import Head
from presight.preprocess.atlas import load_atlas
from presight.study.volume import Grid

Points = NDArray[np.float64]  # (N, 3), voxels of the head's box
_SEVERAL = 200  # fewer points cannot place a plane


@dataclass(frozen=True)
class Plane:
    """A plane that parts a head into left and right.

    Attributes
    ----------
    normal : (3,) ndarray
        Unit vector to the patient's right, in voxels of the head's box.
    offset : float
        Distance of the plane from voxel (0, 0, 0) along the normal, in voxels.
    likeness : float
        Correlation of the head with its mirror image at this plane, -1 to 1.
    """

    normal: NDArray[np.float64]
    offset: float
    likeness: float = 0.0

    def distance(self, points: Points) -> NDArray[np.float64]:
        """Signed distance of points, positive on the patient's right."""
        return np.asarray(points @ self.normal - self.offset)

    def mirrored(self, points: Points) -> Points:
        """Points on the other side."""
        return np.asarray(points - 2 * np.outer(self.distance(points), self.normal))


def find_plane(head: Head) -> Plane:
    """Find the plane across which the head is most like its mirror image.

    The search starts at the plane between the regions' middles and maximises the correlation of
    the smoothed FLAIR with its mirror image (Ardekani 1997, 10.1109/42.650880, in idea). Bright
    intensities are cut off and lesions left out, so that a one-sided lesion does not turn it.
    """
    settings = load_config("measure/settings.yaml")["plane"]
    start = start_plane(head)
    points = _sample(head, settings["step_mm"])
    if len(points) < _SEVERAL:
        return start
    likeness = likeness_of(head, points)
    limits = [np.deg2rad(settings["furthest_deg"])] * 2 + [settings["furthest_mm"]]
    found = scipy.optimize.minimize(
        lambda move: -likeness(_moved(start, move, head)),
        np.zeros(3),
        method="Powell",
        bounds=[(-limit, limit) for limit in limits],
        options={"xtol": 1e-3, "ftol": 1e-5, "maxfev": 250},
    )
    plane = _moved(start, found.x, head)
    return Plane(plane.normal, plane.offset, -float(found.fun))


def start_plane(head: Head) -> Plane:
    """Plane that the middle of the reference head becomes in this head."""
    row = head.to_atlas[0]
    middle = (load_atlas().labels.shape[0] - 1) / 2
    length = float(np.linalg.norm(row[:3]))
    return Plane(row[:3] / length, (middle - float(row[3])) / length)


def world_plane(plane: Plane, grid: Grid) -> tuple[float, float, float, float]:
    """Give normal and offset in RAS+ millimetres: the plane is where n . x = d."""
    back = np.linalg.inv(grid.affine[:3, :3]).T
    normal = back @ plane.normal
    length = float(np.linalg.norm(normal))
    offset = (plane.offset + float(normal @ grid.affine[:3, 3])) / length
    x, y, z = (float(value) for value in normal / length)
    return round(x, 5), round(y, 5), round(z, 5), round(offset, 2)


def likeness_of(head: Head, points: Points) -> Callable[[Plane], float]:
    """Return a function that tells how alike points and their mirror images are."""
    settings = load_config("measure/settings.yaml")["plane"]
    step = _coarse_step(head, settings["smooth_mm"])
    image = _coarse(head, settings, step)
    lesion = head.lesion[::step, ::step, ::step]
    here = _at(image, points / step)

    def likeness(plane: Plane) -> float:
        there = plane.mirrored(points) / step
        seen = ~_is_in(lesion, there)
        if np.count_nonzero(seen) < _SEVERAL:
            return 0.0
        return _correlation(here[seen], _at(image, there[seen]))

    return likeness


def _correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Pearson's correlation; 0 where one of the two does not vary."""
    one, other = one - one.mean(), other - other.mean()
    size = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum()) / size if size > 0 else 0.0


def _coarse_step(head: Head, coarse_mm: float) -> int:
    return max(1, round(coarse_mm / min(head.grid.spacing_mm)))


def _coarse(head: Head, settings: dict[str, Any], step: int) -> NDArray[np.float32]:
    """FLAIR without what is very bright, smoothed, on a coarser grid."""
    cut = np.clip(head.flair[::step, ::step, ::step], 0, settings["clip_above"])
    smooth: NDArray[np.float32] = ndimage.gaussian_filter(cut.astype(np.float32), 1.0)
    return smooth


def _sample(head: Head, step_mm: float) -> Points:
    """Every few voxels of the head that are no lesion, the skull around the brain included."""
    step = max(1, round(step_mm / min(head.grid.spacing_mm)))
    sparse = (slice(None, None, step),) * 3
    around = ndimage.binary_dilation(head.brain[sparse], iterations=2)
    return np.argwhere(around & ~head.lesion[sparse]).astype(np.float64) * step


def _moved(start: Plane, move: NDArray[np.float64], head: Head) -> Plane:
    """Turn a plane about the middle of the brain's box and shift it."""
    yaw, roll, shift = move
    normal = start.normal + np.array([0.0, yaw, roll])
    normal = normal / np.linalg.norm(normal)
    middle = (np.array(head.brain.shape) - 1) / 2
    on_plane = middle - start.distance(middle[None])[0] * start.normal
    return Plane(normal, float(on_plane @ normal) + float(shift))


def _at(image: NDArray[np.float32], points: Points) -> NDArray[np.float32]:
    values: NDArray[np.float32] = ndimage.map_coordinates(image, points.T, order=1, mode="nearest")
    return values


def _is_in(mask: NDArray[np.bool_], points: Points) -> NDArray[np.bool_]:
    limits = np.array(mask.shape) - 1
    voxels = np.clip(np.rint(points).astype(int), 0, limits)
    found: NDArray[np.bool_] = mask[tuple(voxels.T)]
    return found
