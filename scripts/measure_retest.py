"""Measure how much a scan differs from itself when it is moved, re-sliced and re-noised.

    python scripts/measure_retest.py ../shared/data/manifest.csv --slices 1 3 5 --repeats 3
    python scripts/measure_retest.py ../shared/data/manifest.csv --model models/flair_hyperintensity

Takes scans of the manifest with 1 mm voxels and a lesion mask. Without --model the outline of the
expert is carried along with the head, so what is measured is movement, slices, noise and alignment.
With --model both scans go the whole way, so the model's own wavering is in the figures.
Prints a row a pair, then the rows of ``retest.error`` in ``configs/follow_up.yaml``.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import nibabel as nib
import numpy as np

from presight.follow_up.comparison import Comparison, compare
from presight.follow_up.rescan import Rescan, draw_rescan
from presight.follow_up.sources import from_study
from presight.follow_up.time_point import TimePoint
from presight.measure import measure
from presight.preprocess import preprocess
from presight.segment import Bundle, load_bundle, segment
from presight.segment.lesions import Lesions
from presight.study import Contrast, Study
from presight.study.nifti import read_nifti
from presight.study.volume import Volume


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--model", type=Path, help="bundle to outline both scans with")
    parser.add_argument("--slices", nargs="+", type=float, default=[1.0, 3.0, 5.0])
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--scans", nargs="+", help="subjects of the manifest (default: all)")
    args = parser.parse_args()
    bundle = load_bundle(args.model) if args.model else None
    found: dict[float, list[Comparison]] = {thickness: [] for thickness in args.slices}
    for name, flair, mask in scans(args.manifest, args.scans):
        whole = None if bundle else time_point(flair, mask)
        for thickness in args.slices:
            for repeat in range(args.repeats):
                rng = np.random.default_rng([repeat, int(thickness * 10)])
                twice = [draw_rescan(rng, thickness) for _ in range(2)]
                if bundle:
                    points = [run(each.scan(flair), bundle) for each in twice]
                else:
                    points = [moved(whole, each) for each in twice]
                found[thickness].append(compare(*points))
                say(name, thickness, found[thickness][-1])
    for thickness, comparisons in found.items():
        print(row(thickness, comparisons))


def scans(manifest: Path, wanted: list[str] | None):
    with manifest.open(newline="", encoding="utf-8") as file:
        for entry in csv.DictReader(file):
            thin = entry["spacing"] == "1.00x1.00x1.00" and entry["mask"]
            if thin and (not wanted or entry["subject"] in wanted):
                flair = read_nifti(manifest.parent / entry["flair"], Contrast.FLAIR)
                mask = np.asarray(nib.load(manifest.parent / entry["mask"]).dataobj) > 0
                yield entry["subject"], flair, mask


def time_point(flair: Volume, mask: np.ndarray) -> TimePoint:
    study = Study("x", {Contrast.FLAIR: flair})
    prepared = preprocess(study)
    sure = mask.astype(np.float32)
    lesions = Lesions(sure, mask, np.zeros_like(sure), flair.grid, "given mask")
    return from_study(study, prepared, lesions, measure(prepared, lesions))


def moved(point: TimePoint, rescan: Rescan) -> TimePoint:
    grid = point.flair.grid
    return TimePoint(
        name=f"seed {rescan.seed}",
        flair=rescan.scan(point.flair),
        brain=rescan.outline(point.brain, grid),
        anatomy=rescan.label(point.anatomy, grid),
        lesion=rescan.outline(point.lesion, grid),
        findings=point.findings,
        outlined_by=point.outlined_by,
    )


def run(flair: Volume, bundle: Bundle) -> TimePoint:
    study = Study("x", {Contrast.FLAIR: flair})
    prepared = preprocess(study)
    lesions = segment(prepared, bundle)
    return from_study(study, prepared, lesions, measure(prepared, lesions))


def say(name: str, thickness: float, comparison: Comparison) -> None:
    report = comparison.report
    beyond = sum(report.volume_ml[kind] for kind in ("new", "grown", "shrunk", "resolved"))
    print(
        f"{name} {thickness:g} mm: {report.before_ml:.2f} to {report.after_ml:.2f} mL "
        f"({percent(comparison):+.1f} %), beyond the error {beyond:.2f} mL, "
        f"confirmed {report.confirmed_ml:+.3f} mL, {report.trend}, "
        f"similarity {report.alignment.similarity:.3f}, "
        f"directions {report.alignment.disagreement_mm:.2f} mm",
        flush=True,
    )


def percent(comparison: Comparison) -> float:
    report = comparison.report
    mean = (report.before_ml + report.after_ml) / 2
    return 100 * (report.after_ml - report.before_ml) / mean if mean else 0.0


def row(thickness: float, comparisons: list[Comparison]) -> str:
    """Write the 95th percentiles of what is no change at all."""
    border, lone = [], []
    for comparison in comparisons:
        for lesion in comparison.changes.lesions:
            seen = max(lesion.appeared_ml, lesion.vanished_ml)
            if lesion.before_ml and lesion.after_ml:
                border.append(seen / lesion.border_ml)
            else:
                lone.append(max(lesion.before_ml, lesion.after_ml))
    total = [shift_mm(each, each.report.after_ml - each.report.before_ml) for each in comparisons]
    confirmed = [shift_mm(each, each.report.confirmed_ml) for each in comparisons]
    return (
        f"- {{slice_mm: {thickness:g}, border_mm: {p95(border):.3f}, lone_ml: {p95(lone):.3f}, "
        f"total_mm: {p95(total):.3f}, confirmed_mm: {p95(confirmed):.4f}}}  "
        f"# {len(comparisons)} pairs, {len(border)} lesions, {len(lone)} alone"
    )


def shift_mm(comparison: Comparison, difference_ml: float) -> float:
    """Difference of the whole, as a shift of the whole border."""
    border_ml = sum(lesion.border_ml for lesion in comparison.changes.lesions)
    return abs(difference_ml) / border_ml if border_ml else 0.0


def p95(values: list[float]) -> float:
    return float(np.percentile(values, 95)) if values else 0.0


if __name__ == "__main__":
    main()
