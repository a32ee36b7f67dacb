"""Laboratory values and blood pressure in words, against ranges whose sources are named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from presight.config import load_config
from presight.score.assessment import LaboratoryReading
from presight.score.drugs import interactions, unknown_names
from presight.score.facts import Facts
from presight.study.clinical import ClinicalRecord


def laboratory(facts: Facts) -> tuple[LaboratoryReading, ...]:
    """Read every value that is known; nothing is said of one that is not."""
    readers = (
        _troughs,
        _interactions,
        _pressure,
        _creatinine,
        _magnesium,
        _cholesterol,
        _csf,
    )
    return tuple(reading for reader in readers for reading in reader(facts))


def level_not_high(clinical: ClinicalRecord) -> bool | None:
    """Whether the tacrolimus trough is at or below the highest limit of any range that applies."""
    level, ranges = level_of(clinical, "tacrolimus"), trough_ranges(clinical, "tacrolimus")
    if level is None or not ranges:
        return None
    return level <= max(entry["range"][1] for entry in ranges)


def level_of(clinical: ClinicalRecord, drug: str) -> float | None:
    """Trough level in ng/mL of a drug on board."""
    levels = [each.level_ng_ml for each in clinical.drugs if each.name.lower() == drug]
    return next((level for level in levels if level is not None), None)


def trough_ranges(clinical: ClinicalRecord, drug: str) -> list[Mapping[str, Any]]:
    """Ranges of a trough that fit the organ and the time since transplantation, where known."""
    return [entry for entry in _table()[drug] if _fits(entry, clinical)]


def _troughs(facts: Facts) -> Iterator[LaboratoryReading]:
    for drug in ("tacrolimus", "cyclosporine"):
        level = level_of(facts.clinical, drug)
        if level is None:
            continue
        ranges, note = trough_ranges(facts.clinical, drug), _table()[f"{drug}_note"]
        compared = "; ".join(_compared(level, entry) for entry in ranges)
        yield LaboratoryReading(
            name=f"{drug} trough",
            value=f"{level:g} ng/mL",
            reading=compared or "no range fits this organ and time",
            note=note["text"],
            source=_unique([*(entry["source"] for entry in ranges), *note["source"]]),
        )


def _pressure(facts: Facts) -> Iterator[LaboratoryReading]:
    mean, entry = facts.number("derived.mean_arterial_mmhg"), _table()["pressure"]
    if mean is not None:
        rise = _rise(mean, facts.number("derived.usual_mean_arterial_mmhg"))
        yield LaboratoryReading(
            name="mean arterial pressure",
            value=f"{mean:.0f} mmHg",
            reading=f"{_class(mean, entry['classes'])}{rise}",
            note=entry["text"],
            source=tuple(entry["source"]),
        )
    systolic, usual = facts.clinical.systolic_mmhg, facts.clinical.usual_systolic_mmhg
    if systolic is not None and usual is not None:
        yield LaboratoryReading(
            name="systolic pressure",
            value=f"{systolic:.0f} mmHg",
            reading=f"not classed{_rise(systolic, usual)}",
            note=entry["text"],
            source=tuple(entry["source"]),
        )


def _creatinine(facts: Facts) -> Iterator[LaboratoryReading]:
    ratio, creatinine = facts.number("derived.creatinine_ratio"), facts.clinical.creatinine_mg_dl
    if creatinine is None:
        return
    entry = _table()["creatinine"]
    reading = (
        "no baseline to compare with"
        if ratio is None
        else f"{ratio:.1f} times baseline: {_class(ratio, entry['stages'])}"
    )
    yield LaboratoryReading(
        name="creatinine",
        value=f"{creatinine:g} mg/dL",
        reading=reading,
        note=entry["text"],
        source=tuple(entry["source"]),
    )


def _magnesium(facts: Facts) -> Iterator[LaboratoryReading]:
    value, entry = facts.clinical.magnesium_mmol_l, _table()["magnesium"]
    if value is not None:
        yield LaboratoryReading(
            name="magnesium",
            value=f"{value:.2f} {entry['unit']}",
            reading="low" if value < entry["low_below"] else "not low",
            note=entry["text"],
            source=tuple(entry["source"]),
        )


def _cholesterol(facts: Facts) -> Iterator[LaboratoryReading]:
    value, entry = facts.clinical.cholesterol_mg_dl, _table()["cholesterol"]
    if value is not None:
        yield LaboratoryReading(
            name="cholesterol",
            value=f"{value:g} mg/dL",
            reading="no cut-off to compare with",
            note=entry["text"],
            source=tuple(entry["source"]),
        )


def _csf(facts: Facts) -> Iterator[LaboratoryReading]:
    value, entry = facts.clinical.csf_protein_mg_dl, _table()["csf_protein"]
    if value is None:
        return
    raised = "raised" if facts.holds("raised_csf_protein") else "not raised"
    yield LaboratoryReading(
        name="CSF protein",
        value=f"{value:g} mg/dL",
        reading=f"{raised}. {entry['doubt']}" if value > entry["doubt_above"] else raised,
        note=entry["text"],
        source=tuple(entry["source"]),
    )


def _interactions(facts: Facts) -> Iterator[LaboratoryReading]:
    for hit in interactions(facts.clinical):
        yield LaboratoryReading(
            name="interacting drug",
            value=hit.written,
            reading=f"{hit.name}: {hit.drug}, {hit.group}",
            note=hit.effect,
            source=hit.source,
        )
    entry = load_config("evidence/drugs.yaml")["unlisted"]
    for written in unknown_names(facts.clinical):
        yield LaboratoryReading(
            name="interacting drug",
            value=written,
            reading=entry["reading"],
            note=entry["note"],
            source=tuple(entry["source"]),
        )


def _fits(entry: Mapping[str, Any], clinical: ClinicalRecord) -> bool:
    organ, days = clinical.organ, clinical.days_since_transplant
    if organ and entry.get("organ", "") not in organ.lower():
        return False
    if days is None:
        return True
    month = days / _table()["days_per_month"]["value"]
    first, last = entry["months"]
    return bool(first <= month and (last is None or month < last))


def _compared(level: float, entry: Mapping[str, Any]) -> str:
    low, high = entry["range"]
    where = "below" if level < low else "above" if level > high else "within"
    parts = [str(entry[part]) for part in ("organ", "regimen", "phase") if part in entry]
    return f"{where} {low}-{high} ({', '.join([entry['label'], *parts])})"


def _class(value: float, classes: Sequence[Mapping[str, Any]]) -> str:
    hit = next(each for each in classes if each["below"] is None or value < each["below"])
    return str(hit["name"])


def _rise(value: float, usual: float | None) -> str:
    return "" if usual is None else f"; {value - usual:+.0f} mmHg against the usual"


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _table() -> Any:
    return load_config("evidence/laboratory.yaml")
