"""Quantities that follow from others by arithmetic alone, and a few yes/no facts from words."""

from __future__ import annotations

from collections.abc import Mapping

from presight.config import load_config
from presight.measure.findings import Findings
from presight.study.clinical import ClinicalRecord

Quantity = float | bool | str | None


def derive(findings: Findings, clinical: ClinicalRecord) -> dict[str, Quantity]:
    """Quantities by name; ``None`` where what they follow from is not known."""
    return {
        "mean_arterial_mmhg": mean_arterial_pressure(clinical),
        "usual_mean_arterial_mmhg": _mean(
            clinical.usual_systolic_mmhg, clinical.usual_diastolic_mmhg
        ),
        "creatinine_ratio": _ratio(clinical.creatinine_mg_dl, clinical.baseline_creatinine_mg_dl),
        "lowest_sodium_mmol_l": _lowest(clinical.sodium_mmol_l, clinical.previous_sodium_mmol_l),
        "transplanted": _transplanted(clinical),
        "stem_cell_transplant": _stem_cells(clinical.organ),
        "volume_ratio": None,  # known only beside a previous study
    } | _shares(findings)


def mean_arterial_pressure(clinical: ClinicalRecord) -> float | None:
    """Mean arterial pressure in mmHg: as written, else from systolic and diastolic."""
    if clinical.mean_arterial_mmhg is not None:
        return clinical.mean_arterial_mmhg
    return _mean(clinical.systolic_mmhg, clinical.diastolic_mmhg)


def _shares(findings: Findings) -> dict[str, Quantity]:
    """Share of the lesion volume in each measured region, both sides together."""
    total = sum(region.lesion_ml for region in findings.regions)
    names: list[str] = load_config("evidence/regions.yaml")["measured"]
    in_region = dict.fromkeys(names, 0.0)
    for region in findings.regions:
        in_region[region.region] = in_region.get(region.region, 0.0) + region.lesion_ml
    central = in_region["deep_grey"] + in_region["brainstem"]
    shares: dict[str, Quantity] = {
        f"{name}_share": _ratio(in_region[name], total) for name in names
    }
    return shares | {"central_share": _ratio(central, total)}


def _mean(systolic: float | None, diastolic: float | None) -> float | None:
    if systolic is None or diastolic is None:
        return None
    parts = load_config("evidence/derived.yaml")["mean_arterial"]
    whole = parts["systolic"] + parts["diastolic"]
    return float((parts["systolic"] * systolic + parts["diastolic"] * diastolic) / whole)


def _ratio(part: float | None, whole: float | None) -> float | None:
    if part is None or not whole:
        return None
    return part / whole


def _lowest(*values: float | None) -> float | None:
    return min((value for value in values if value is not None), default=None)


def _transplanted(clinical: ClinicalRecord) -> bool | None:
    if clinical.organ is not None:
        return clinical.organ.strip().lower() not in _organs()["none"]
    return True if clinical.days_since_transplant is not None else None


def _stem_cells(organ: str | None) -> bool | None:
    if organ is None:
        return None
    return any(word in organ.lower() for word in _organs()["stem_cells"])


def _organs() -> Mapping[str, list[str]]:
    organs: Mapping[str, list[str]] = load_config("evidence/derived.yaml")["organ"]
    return organs
