"""What was measured beyond volumes, said for the page: rows with sentences and their sources."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from presight.config import load_config
from presight.measure.details import Candidate, Diffusion, Grading, Swelling
from presight.measure.findings import Findings
from presight.measure.reading import who_said
from presight.report import wording

_SPACE = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class MeasuredRow:
    """One thing that was measured, or why it was not.

    Attributes
    ----------
    name : str
    found : str
        What was found, in a few words; empty where it was not assessed.
    said : tuple of str
        Sentences with the numbers.
    source : tuple of str
        Source ids.
    """

    name: str
    found: str
    said: tuple[str, ...] = ()
    source: tuple[str, ...] = field(default=())


def measured_rows(findings: Findings) -> tuple[MeasuredRow, ...]:
    """Rows of the section, in reading order; a row that nothing is known for is left out."""
    return tuple(
        row
        for part in (_pattern, _symmetry, _depth, _diffusion, _blood, _enhancement, _swelling)
        for row in part(findings)
    ) + tuple(_background(findings))


def _pattern(findings: Findings) -> Iterator[MeasuredRow]:
    if findings.pattern is None and not findings.pattern_numbers:
        return
    first = findings.patterns[0] if findings.patterns else None
    further = [each.said for each in findings.patterns[1:]]
    found = first.said if first else findings.pattern or "no named pattern"
    by = who_said(findings, "pattern")
    said = [
        _sentence(first.because) if first else "",
        f"The rules of these hold as well: {'; '.join(further)}." if further else "",
        f"Said by {by}." if by != "measured" else "",
    ]
    yield MeasuredRow("Pattern", found, tuple(filter(None, said)), first.source if first else ())


def _symmetry(findings: Findings) -> Iterator[MeasuredRow]:
    if findings.mirror_overlap is None or findings.mirror_overlap_near is None:
        return
    near = load_config("measure/settings.yaml")["symmetry"]["near_mm"]
    yield MeasuredRow(
        "Symmetry",
        f"{wording.percent(findings.mirror_overlap_near)} mirrored",
        (
            f"Of the lesion {wording.percent(findings.mirror_overlap)} falls on lesion when it is "
            f"mirrored at the mid-sagittal plane of this head, "
            f"{wording.percent(findings.mirror_overlap_near)} within {near:g}{_SPACE}mm of it.",
            *(
                (f"The smaller side has {findings.side_ratio:.2f} of the volume of the larger.",)
                if findings.side_ratio is not None
                else ()
            ),
        ),
    )


def _depth(findings: Findings) -> Iterator[MeasuredRow]:
    depth = findings.depth
    if depth is None or findings.cortex_share is None:
        return
    parts = {
        "cortex": depth.cortex_ml,
        "under the cortex (U-fibres)": depth.subcortical_ml,
        "deep": depth.deep_ml,
        "beside the ventricles": depth.periventricular_ml,
    }
    most = max(parts, key=lambda name: parts[name])
    said = ", ".join(f"{name} {wording.volume(ml)}{_SPACE}mL" for name, ml in parts.items())
    limit = load_config("measure/settings.yaml")["tissue"]["spared_below"]
    spared = [
        name
        for name, share in (
            ("cortex", findings.cortex_share),
            ("U-fibres", findings.subcortical_share),
        )
        if share is not None and share < limit
    ]
    found = f"mostly {most}" + (f"; {' and '.join(spared)} all but spared" if spared else "")
    yield MeasuredRow("Depth in the cerebrum", found, (_sentence(said),))


def _diffusion(findings: Findings) -> Iterator[MeasuredRow]:
    if findings.diffusion is None:
        yield from _not_assessed(findings, "diffusion", "Diffusion")
        return
    source = tuple(load_config("measure/settings.yaml")["diffusion"]["source"])
    yield MeasuredRow("Diffusion", findings.diffusion.kind, tuple(_adc(findings.diffusion)), source)


def _adc(found: Diffusion) -> Iterator[str]:
    low, middle, high = found.lesion_percentiles
    yield (
        f"ADC {middle:.0f} (5th to 95th percentile {low:.0f} to {high:.0f}) against "
        f"{found.normal_median:.0f}{_SPACE}×10⁻⁶{_SPACE}mm²/s in normal-appearing white matter, "
        f"ratio {found.ratio:.2f}."
    )
    yield (
        f"Low in {wording.percent(found.restricted_share)} of the lesion "
        f"({wording.volume(found.restricted_ml)}{_SPACE}mL). "
        "The limits are a choice of this project."
    )


def _blood(findings: Findings) -> Iterator[MeasuredRow]:
    expected = load_config("measure/settings.yaml")["haemorrhage"]["expected"]
    if findings.haemorrhage_ml is None:
        yield from _not_assessed(findings, "haemorrhage", "Haemorrhage")
        return
    often = expected[findings.haemorrhage_sequence or "conventional"]
    yield MeasuredRow(
        "Haemorrhage",
        _counted(findings.haemorrhages),
        (
            *_listed(findings.haemorrhages),
            f"On this sequence blood was seen in {often['n']} of {often['N']} with {often['of']}. "
            "Mineralised basal ganglia and veins look alike.",
        ),
        (often["source"],),
    )


def _enhancement(findings: Findings) -> Iterator[MeasuredRow]:
    if findings.enhancement_ml is None:
        yield from _not_assessed(findings, "enhancement", "Enhancement")
        return
    ring = ("One of them is a ring.",) if findings.ring_enhancement else ()
    said = (*_listed(findings.enhancements), *ring)
    yield MeasuredRow("Enhancement", _counted(findings.enhancements), said)


def _swelling(findings: Findings) -> Iterator[MeasuredRow]:
    found = findings.swelling_detail
    if found is None:
        return
    signs = "; ".join(found.signs)
    yield MeasuredRow(
        "Swelling and mass effect",
        signs or "no sign beyond its limit, which does not exclude it",
        tuple(_swelling_numbers(found)),
    )


def _swelling_numbers(found: Swelling) -> Iterator[str]:
    if found.midline_shift_mm is not None:
        side = "right" if found.midline_shift_mm > 0 else "left"
        to = f" to the {side}" if found.midline_shift_mm else ""
        yield f"Midline shift {abs(found.midline_shift_mm):.1f}{_SPACE}mm{to}."
    if found.ventricle_right_ml is not None and found.ventricle_left_ml is not None:
        yield (
            f"Ventricles {wording.volume(found.ventricle_right_ml)}{_SPACE}mL right, "
            f"{wording.volume(found.ventricle_left_ml)}{_SPACE}mL left."
        )
    if found.pons_ap_mm is not None and found.pons_ratio is not None:
        yield (
            f"Pons {found.pons_ap_mm:.0f}{_SPACE}mm from front to back, {found.pons_ratio:.2f} "
            "times a reference head of this size."
        )
    if found.herniation_risk:
        yield "A shift of this size may go on to herniation."


def _background(findings: Findings) -> Iterator[MeasuredRow]:
    found = findings.background
    if found is not None:
        yield MeasuredRow(
            "Background load",
            f"{wording.volume(found.load_ml)}{_SPACE}mL deep and beside the ventricles",
            found.said,
            found.source,
        )
    if findings.gradings:
        yield MeasuredRow(
            "Published gradings",
            "",
            tuple(_sentence(_graded(grading)) for grading in findings.gradings),
            tuple(dict.fromkeys(s for grading in findings.gradings for s in grading.source)),
        )


def _graded(grading: Grading) -> str:
    verdict = grading.grade or f"not graded, {grading.because}"
    return f"{grading.name}: {verdict}"


def _sentence(words: str) -> str:
    """Words with a capital at the start and one full stop at the end, and no other change."""
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."


def _not_assessed(findings: Findings, what: str, name: str) -> Iterator[MeasuredRow]:
    if what in findings.not_assessed:
        why = findings.not_assessed[what]
        yield MeasuredRow(name, "", (f"Not assessed: {why}.",))


def _counted(candidates: tuple[Candidate, ...]) -> str:
    if not candidates:
        return "none seen"
    number, total = len(candidates), sum(each.volume_ml for each in candidates)
    inside = sum(each.in_lesion for each in candidates)
    plural = "" if number == 1 else "s"
    return (
        f"{number} candidate{plural}, {wording.volume(total)}{_SPACE}mL, {inside} in the lesion: "
        "look at them"
    )


def _listed(candidates: tuple[Candidate, ...]) -> Iterator[str]:
    names = load_config("anatomy.yaml")["names"]
    shown = candidates[: load_config("report.yaml")["candidates_listed"]]
    for each in shown:
        x, y, z = (f"{value:.0f}" for value in each.centre_mm)
        side = "" if each.side == "midline" else f", {each.side}"
        yield (
            f"{names.get(each.region, each.region)}{side}: {wording.volume(each.volume_ml)}{_SPACE}"
            f"mL at {x}, {y}, {z}{_SPACE}mm."
        )
    if len(candidates) > len(shown):
        yield f"{len(candidates) - len(shown)} smaller ones are in the findings."
