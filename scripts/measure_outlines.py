"""Measure where outlines are wrong, and what is left to see of a painted lesion.

    python scripts/measure_outlines.py CACHE... [--checkpoint RUN/checkpoint.pt] \
        --patterns "lgg/HT_*" "painted_pres/lgg_HT_*"

Prints three tables over prepared volumes, one row a dataset. What is missed and found by mistake,
in shares of all that was drawn and found (together they are one minus Dice), by its distance from
the drawn border. How wide the border is: the way on which brightness would rise from that around
to that inside, were it to rise all along as it does within 2 mm of the drawn line. And of painted
volumes whose host is among the caches: the Dice of a reader who knows the image before anything
was painted, smooths the difference a little and calls lesion what is brighter by one and the same
amount. No network sees as much.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Sequence
from fnmatch import fnmatch
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from presight.config import model_path
from presight.evaluate.checkpoint import checkpoint_bundle
from presight.evaluate.predictions import compare
from presight.segment import load_bundle
from presight.train.cache import TrainingVolume, read_cache

Mask = NDArray[np.bool_]
Row = NDArray[np.float64]
BORDERS_MM = (1.01, 2.3, 5.0)  # a voxel, its neighbours, and well away
NEAR_MM, AROUND_MM, INSIDE_MM = 2.0, 7.0, 3.0
SLIGHT = 0.03  # difference in brightness that has no border to speak of
BRIGHTER = (0.10, 0.14, 0.18, 0.22, 0.26, 0.30)  # of the commonest brain intensity


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("caches", type=Path, nargs="+")
    parser.add_argument("--checkpoint", type=Path, help="of a run; default: the bundle that ships")
    parser.add_argument("--patterns", nargs="+", required=True)
    args = parser.parse_args()
    bundle = load_bundle(model_path("flair_hyperintensity"))
    if args.checkpoint:
        bundle = checkpoint_bundle(args.checkpoint, bundle)
    volumes = [volume for cache in args.caches for volume in read_cache(cache)]
    hosts = {volume.id.replace("/", "_"): volume for volume in volumes}
    wrong: dict[str, list[list[float]]] = defaultdict(list)
    seen: dict[str, list[list[float]]] = defaultdict(list)
    wide: dict[str, list[list[float]]] = defaultdict(list)
    for volume in volumes:
        if not any(fnmatch(volume.id, pattern) for pattern in args.patterns):
            continue
        comparison = compare(volume, bundle)
        if not comparison.drawn.any():
            continue
        wrong[volume.dataset].append(wrong_by_distance(comparison.drawn, comparison.found))
        host = hosts.get(volume.id.partition("/")[2].rpartition("_")[0])
        wide[volume.dataset] += border_mm(volume, host)
        if host:
            seen[volume.dataset].append(known_before(volume, host))
        print(volume.id, f"{1 - sum(wrong[volume.dataset][-1]):.3f}", flush=True)
    show(wrong, [f"{kind} {band}" for kind in ("missed", "false") for band in bands()])
    show(wide, ["width of the border, mm"], np.median)
    show(seen, [f"brighter by {much:.2f}" for much in BRIGHTER], np.median)


def bands() -> list[str]:
    edges = [f"{mm:.0f}" for mm in (0, *BORDERS_MM)]
    return [*(f"{a} to {b} mm" for a, b in pairwise(edges)), f"over {edges[-1]} mm"]


def wrong_by_distance(drawn: Mask, found: Mask) -> list[float]:
    """Shares of drawn and found voxels together: missed in each band, then false in each."""
    inside, outside = (ndimage.distance_transform_edt(part) for part in (drawn, ~drawn))
    voxels = drawn.sum() + found.sum()
    off = (inside[drawn & ~found], outside[found & ~drawn])
    counts = [np.bincount(np.digitize(mm, BORDERS_MM), minlength=len(BORDERS_MM) + 1) for mm in off]
    return [float(count / voxels) for count in np.concatenate(counts)]


def border_mm(volume: TrainingVolume, host: TrainingVolume | None) -> list[list[float]]:
    """Width of the border of what was drawn or painted; nothing where it hardly stands out.

    In the brain, away from its surface and from what people drew in a host; medians at each depth.
    """
    image, drawn = volume.image.astype(np.float32), volume.mask == 1
    deep = ndimage.binary_erosion(volume.brain > 0, iterations=3) & (volume.mask < 2)
    if host:
        deep &= ~ndimage.binary_dilation(host.mask > 0, iterations=10)
    inside, outside = (ndimage.distance_transform_edt(part) for part in (drawn, ~drawn))
    depth = np.where(drawn, inside - 0.5, 0.5 - outside)

    def at(mm: float) -> float:
        there = image[deep & (np.abs(depth - mm) < 0.5)]
        return float(np.median(there)) if there.size else np.nan

    stands_out = at(INSIDE_MM) - at(-AROUND_MM)
    slope = (at(NEAR_MM) - at(-NEAR_MM)) / (2 * NEAR_MM)
    return [[stands_out / slope]] if stands_out > SLIGHT and slope > 0 else []


def known_before(volume: TrainingVolume, host: TrainingVolume) -> list[float]:
    """Dice of what is brighter than before by each amount; what people drew counts as found."""
    brighter = ndimage.median_filter(
        volume.image.astype(np.float32) - host.image.astype(np.float32), 3
    )
    drawn, known = volume.mask == 1, host.mask == 1
    found = [(brighter > much) | known for much in BRIGHTER]
    return [float(2 * (f & drawn).sum() / (f.sum() + drawn.sum())) for f in found]


def show(
    rows: dict[str, list[list[float]]], columns: Sequence[str], middle: Callable[..., Row] = np.mean
) -> None:
    if not rows:
        return
    print("\n| dataset | scans |", " | ".join(columns), "|")
    for dataset, values in rows.items():
        row = " | ".join(f"{value:.3f}" for value in middle(values, axis=0))
        print(f"| {dataset} | {len(values)} | {row} |")


if __name__ == "__main__":
    main()
