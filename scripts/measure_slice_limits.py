"""What a mask of slices leaves open: regions of the benchmark beyond their bar, one by one.

    python scripts/measure_slice_limits.py OUT/measure_benchmark.json

For each, other lesions are looked for that the slices show as exactly the same mask: the true one
with voxels of its border added or taken away wherever no voxel of the mask changes. Between the
smallest and the largest of them nothing that sees the mask alone can choose. The search is greedy,
so the true range is at least as wide.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from measure_benchmark import Result, beyond_the_bar, saved
from presight.config import load_config
from presight.study.resample import resample
from presight.study.volume import Grid
from presight.train.synthesis.known import KnownPatient, known_patient

Mask = NDArray[np.bool_]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, nargs="+", help="measure_benchmark.json")
    arguments = parser.parse_args()
    print("| head, pattern, region | true mL | measured | mask, whole lesion | same mask, mL |")
    print("|---|---|---|---|---|")
    for path in arguments.results:
        for result, region in beyond_the_bar(saved(path)):
            print(_row(result, region), flush=True)


def _row(result: Result, region: str) -> str:
    true_ml, measured_ml = result.region_errors[region]
    least_ml, most_ml = same_mask_range(_patient(result), region)
    whole = result.lesion_measured_ml / result.lesion_ml - 1
    return (
        f"| {result.seed}, {result.pattern}, {region} | {true_ml:.2f} | {measured_ml:.2f} "
        f"| {whole:+.1%} | {least_ml:.2f} to {most_ml:.2f} |"
    )


def _patient(result: Result) -> KnownPatient:
    """Draw the lesion again; ADC and blood have no part in it."""
    place = list(load_config("known_patterns.yaml")["patterns"]).index(result.pattern)
    return known_patient(result.pattern, 100 * result.seed + place, head_seed=result.seed)


def same_mask_range(patient: KnownPatient, region: str) -> tuple[float, float]:
    """Smallest and largest volume in a region, in mL, of lesions that give the same mask."""
    labels = load_config("anatomy.yaml")["labels"]
    numbers = [number for number, label in labels.items() if label["region"] == region]
    there = np.isin(patient.anatomy, numbers)
    lesion = patient.lesion
    inner = lesion & ~ndimage.binary_erosion(lesion, np.ones((3, 3, 3)))
    outer = ndimage.binary_dilation(lesion, np.ones((3, 3, 3))) & ~lesion
    voxel_ml = patient.prepared.flair.grid.voxel_ml
    true_ml = float(np.count_nonzero(lesion & there)) * voxel_ml
    slices = Slices(patient)
    fewer, more = slices.changed(inner & there, -1.0), slices.changed(outer & there, 1.0)
    return true_ml - fewer * voxel_ml, true_ml + more * voxel_ml


class Slices:
    """The lesion as the slices show it, before one half decides on the mask.

    Attributes
    ----------
    shares : (X, Y, Z) ndarray of float64
        On the grid of the slices.
    """

    def __init__(self, patient: KnownPatient) -> None:
        fine, self._slices = patient.prepared.flair.grid, patient.lesions.grid
        self._mask = patient.lesions.mask
        seen = resample(patient.lesion.astype(np.float64), fine, self._slices)
        self.shares: NDArray[np.float64] = seen
        self._weights = [_weights(fine, self._slices, axis) for axis in range(3)]

    def changed(self, voxels: Mask, by: float) -> int:
        """How many voxels of the lesion can change, one after the other, without the mask."""
        shares, count = self.shares.copy(), 0
        for voxel in np.argwhere(voxels):
            box, weight = self._reach(voxel)
            after = shares[box] + by * weight
            if ((after >= 0.5) == self._mask[box]).all():
                shares[box] = after
                count += 1
        return count

    def _reach(self, voxel: NDArray[np.intp]) -> tuple[tuple[slice, ...], NDArray[np.float64]]:
        """Voxels of the slices that one of the lesion adds to, and how much."""
        box, parts = [], []
        for weights, place in zip(self._weights, voxel, strict=True):
            there = np.flatnonzero(weights[:, place])
            part = slice(there[0], there[-1] + 1) if there.size else slice(0, 0)
            box.append(part)
            parts.append(weights[part, place])
        return tuple(box), np.einsum("i,j,k->ijk", *parts)


def _weights(fine: Grid, slices: Grid, axis: int) -> NDArray[np.float64]:
    """Linear interpolation along one axis: (voxels of the slices, voxels of the lesion)."""
    step = fine.affine[axis, axis]
    first = (slices.affine[axis, 3] - fine.affine[axis, 3]) / step
    places = first + np.arange(slices.shape[axis]) * slices.affine[axis, axis] / step
    return np.clip(1 - np.abs(places[:, None] - np.arange(fine.shape[axis])), 0, 1)


if __name__ == "__main__":
    main()
