"""How well the measurements find what is known of simulated patients.

    python scripts/measure_benchmark.py --heads 8 --out OUT
    python scripts/measure_benchmark.py --heads 8 --slice-mm 1 --out OUT_1_MM

Every pattern of configs/known_patterns.yaml is drawn in every head: 14 patterns in 8 heads are 112
patients. Masks are the true ones as slices of 3 mm show them, or of another thickness: the figures
are about the measurements alone, neither the network nor the registration has a part in them.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from scipy import ndimage

from presight.config import load_config
from presight.measure import Findings, measure
from presight.measure.head import see_head
from presight.measure.pattern import named_patterns
from presight.measure.plane import Plane, find_plane, world_plane
from presight.train.synthesis.known import KnownPatient, known_patient

FIRST_SEED = 1  # limits of the rules were set on heads 900 and later
RESTRICTED = (0.0, 0.1, 0.3)
PLANE_WITH = "unilateral"  # the plane is checked where the lesion pulls at it
OFF_DEG, OFF_MM = 5.0, 4.0
BAR_ML, BAR_SHARE = 0.5, 0.05


@dataclass(frozen=True)
class Result:
    """What was known of one patient and what was measured."""

    pattern: str
    seed: int
    named: str | None
    lesion_ml: float
    lesion_measured_ml: float
    region_errors: dict[str, tuple[float, float]]  # true mL, measured mL
    plane_errors: tuple[float, float] | None  # degrees, mm; once a head
    adc_true: float
    adc_measured: float | None
    restricted_true: float
    restricted_measured: float | None
    kind_true: str
    kind_measured: str | None
    bleeds_true: int
    bleeds_measured: int
    bleed_ml_true: float
    bleed_ml_measured: float
    asymmetry_true: float
    asymmetry_measured: float | None
    numbers: dict[str, float]


def main() -> None:
    arguments = _arguments()
    results = [result for path in arguments.results or () for result in saved(path)]
    first = arguments.first
    for seed in () if results else range(first, first + arguments.heads):
        for place, pattern in enumerate(load_config("known_patterns.yaml")["patterns"]):
            if arguments.patterns and pattern not in arguments.patterns:
                continue
            results.append(measured(pattern, seed, place, arguments.slice_mm))
            print(f"{len(results)} {pattern}: {results[-1].named}", flush=True)
            if arguments.out:
                save(results, arguments.out / "measure_benchmark.json")
    report = "\n".join(tables(results))
    print(report)
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
        (arguments.out / "measure_benchmark.md").write_text(report + "\n", encoding="utf-8")


def save(results: Sequence[Result], path: Path) -> None:
    """Write what was measured so far."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(each) for each in results], indent=1), encoding="utf-8")


def saved(path: Path) -> list[Result]:
    """Read what an earlier run measured, and name the patterns by the rules as they are now."""
    content = json.loads(path.read_text(encoding="utf-8"))
    return [Result(**entry | {"named": _named(entry["numbers"])}) for entry in content]


def _named(numbers: dict[str, float]) -> str | None:
    return next((pattern.name for pattern in named_patterns(numbers)), None)


def measured(pattern: str, seed: int, place: int, slice_mm: float) -> Result:
    """Draw one patient and measure it."""
    site = "site" in load_config("known_patterns.yaml")["patterns"][pattern]
    restricted = 0.0 if site else RESTRICTED[(place + seed) % len(RESTRICTED)]
    bleeds = 0 if site else (place + seed) % 5
    patient = known_patient(
        pattern,
        100 * seed + place,
        head_seed=seed,
        restricted_share=restricted,
        bleeds=bleeds,
        slice_mm=slice_mm,
    )
    return compared(patient, measure(patient.prepared, patient.lesions), seed)


def compared(patient: KnownPatient, findings: Findings, seed: int) -> Result:
    """Lay truth and measurement side by side."""
    right = patient_right_share(patient)
    diffusion = findings.diffusion
    return Result(
        pattern=patient.pattern,
        seed=seed,
        named=findings.pattern,
        lesion_ml=float(patient.lesion.sum()) * patient.prepared.flair.grid.voxel_ml,
        lesion_measured_ml=findings.lesion_ml or 0.0,
        region_errors=region_errors(patient, findings),
        plane_errors=plane_errors(patient) if patient.pattern == PLANE_WITH else None,
        adc_true=true_ratio(patient),
        adc_measured=None if diffusion is None else diffusion.ratio,
        restricted_true=patient.restricted_share,
        restricted_measured=None if diffusion is None else diffusion.restricted_share,
        kind_true=true_kind(patient),
        kind_measured=None if diffusion is None else diffusion.kind,
        bleeds_true=patient.bleeds,
        bleeds_measured=len(findings.haemorrhages),
        bleed_ml_true=patient.bleed_ml,
        bleed_ml_measured=findings.haemorrhage_ml or 0.0,
        asymmetry_true=abs(2 * right - 1),
        asymmetry_measured=None
        if findings.side_ratio is None
        else (1 - findings.side_ratio) / (1 + findings.side_ratio),
        numbers=findings.pattern_numbers,
    )


def region_errors(patient: KnownPatient, findings: Findings) -> dict[str, tuple[float, float]]:
    """Pair the true and the measured lesion volume of every region, both sides together."""
    regions = dict.fromkeys(region.region for region in findings.regions)
    return {
        name: (
            patient.region_ml(name),
            sum(region.lesion_ml for region in findings.regions if region.region == name),
        )
        for name in regions
    }


def plane_errors(patient: KnownPatient) -> tuple[float, float]:
    """Angle to the true plane, and distance from it at the middle of the brain.

    The regions are turned and shifted first: the plane is to be found in the image, not in them.
    """
    head = see_head(patient.prepared, patient.lesions)
    turned = ndimage.rotate(head.anatomy, OFF_DEG, axes=(0, 1), order=0, reshape=False)
    moved = np.roll(turned, round(OFF_MM / head.grid.spacing_mm[0]), axis=0)
    *found, found_offset = world_plane(find_plane(replace(head, anatomy=moved)), head.grid)
    grid = patient.prepared.flair.grid
    *true, offset = world_plane(Plane(patient.plane[:3], float(patient.plane[3])), grid)
    middle = head.world_mm(np.argwhere(head.brain).mean(axis=0))
    cosine = float(np.clip(np.dot(true, found), -1, 1))
    apart = (np.dot(middle, found) - found_offset) - (np.dot(middle, true) - offset)
    return float(np.rad2deg(np.arccos(cosine))), abs(float(apart))


def patient_right_share(patient: KnownPatient) -> float:
    """Share of the true lesion on the patient's right."""
    voxels = np.argwhere(patient.lesion)
    return float(np.mean(voxels @ patient.plane[:3] > patient.plane[3]))


def true_ratio(patient: KnownPatient) -> float:
    """ADC ratio of the middle voxel of the lesion."""
    low = load_config("known_patterns.yaml")["low_ratio"]
    return low if patient.restricted_share > 0.5 else patient.adc_ratio


def true_kind(patient: KnownPatient) -> str:
    """Kind of oedema that was drawn."""
    settings = load_config("measure/settings.yaml")["diffusion"]
    if patient.adc_ratio < settings["low_ratio"]:
        return "cytotoxic"
    if patient.restricted_share > 0:
        return "mixed"
    return "vasogenic" if patient.adc_ratio > settings["high_ratio"] else "unchanged"


def tables(results: Sequence[Result]) -> Iterable[str]:
    """Everything as Markdown."""
    right = sum(result.named == result.pattern for result in results)
    yield f"{len(results)} simulated patients; pattern right in {right}."
    yield ""
    yield from confusion(results)
    yield ""
    yield from errors(results)


def confusion(results: Sequence[Result]) -> Iterable[str]:
    """Rows: drawn; columns: named."""
    counts = Counter((result.pattern, result.named or "none") for result in results)
    rows = list(dict.fromkeys(result.pattern for result in results))
    yield "| drawn | n | named so | otherwise |"
    yield "|---|---|---|---|"
    for row in rows:
        others = {name: n for (drawn, name), n in counts.items() if drawn == row and name != row}
        said = ", ".join(f"{name} {n}" for name, n in sorted(others.items())) or "-"
        total = counts[row, row] + sum(others.values())
        yield f"| {row} | {total} | {counts[row, row]} | {said} |"


def errors(results: Sequence[Result]) -> Iterable[str]:
    """How far the numbers are from the truth."""
    pairs = [pair for result in results for pair in result.region_errors.values()]
    beyond = len(beyond_the_bar(results))
    worst = max(abs(a - b) for a, b in pairs)
    yield "| measured | median error | 95th percentile | note |"
    yield "|---|---|---|---|"
    yield row(
        "volume of a region, mL",
        [abs(a - b) for a, b in pairs],
        f"{1 - beyond / len(pairs):.1%} of {len(pairs)} within 5 % or 0.5 mL; worst {worst:.2f} mL",
    )
    totals = [abs(r.lesion_ml - r.lesion_measured_ml) / r.lesion_ml for r in results]
    yield row("whole lesion, share", totals, "")
    planes = [r.plane_errors for r in results if r.plane_errors is not None]
    start = f"{len(planes)} heads, started {OFF_DEG:g} degrees and {OFF_MM:g} mm off"
    yield row("mid-sagittal plane, degrees", [degrees for degrees, _ in planes], start)
    yield row("mid-sagittal plane, mm", [millimetres for _, millimetres in planes], start)
    sided = [r for r in results if r.asymmetry_measured is not None]
    yield row(
        "volume asymmetry (0 to 1)",
        [abs(r.asymmetry_true - (r.asymmetry_measured or 0)) for r in sided],
        "",
    )
    adc = [r for r in results if r.adc_measured is not None]
    yield row("ADC ratio", [abs(r.adc_true - (r.adc_measured or 0)) for r in adc], "")
    yield row(
        "share with low ADC",
        [
            abs(r.restricted_true - (r.restricted_measured or 0))
            for r in adc
            if r.kind_true != "cytotoxic"
        ],
        "",
    )
    kinds = sum(r.kind_true == r.kind_measured for r in adc)
    yield f"| kind of oedema | | | right in {kinds} of {len(adc)} |"
    bled = [r for r in results if r.bleeds_true]
    free = [r for r in results if not r.bleeds_true]
    counted = sum(r.bleeds_true == r.bleeds_measured for r in bled)
    yield row(
        "haemorrhage, mL",
        [abs(r.bleed_ml_true - r.bleed_ml_measured) for r in bled],
        f"number right in {counted} of {len(bled)}; false in "
        f"{sum(bool(r.bleeds_measured) for r in free)} of {len(free)} without",
    )


def beyond_the_bar(results: Sequence[Result]) -> list[tuple[Result, str]]:
    """Regions whose volume is off by more than 5 % and 0.5 mL."""
    return [
        (result, region)
        for result in results
        for region, (true_ml, measured_ml) in result.region_errors.items()
        if abs(true_ml - measured_ml) > max(BAR_ML, BAR_SHARE * true_ml)
    ]


def row(name: str, values: Sequence[float], note: str) -> str:
    """One line of the table of errors."""
    if not values:
        return f"| {name} | - | - | not measured |"
    return f"| {name} | {np.median(values):.3g} | {np.percentile(values, 95):.3g} | {note} |"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--heads", type=int, default=8)
    parser.add_argument("--first", type=int, default=FIRST_SEED, help="number of the first head")
    parser.add_argument("--patterns", nargs="+", help="only these")
    parser.add_argument("--slice-mm", type=float, default=3.0, help="of the FLAIR that came in")
    parser.add_argument(
        "--results", type=Path, nargs="+", help="measure_benchmark.json of earlier runs, instead"
    )
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
