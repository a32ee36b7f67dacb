"""Values of the record as numbers, and the ranges that they are seen against, to be drawn."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict

from presight.config import load_config
from presight.score.derived import mean_arterial_pressure
from presight.score.laboratory import level_of, trough_ranges
from presight.study.clinical import ClinicalRecord

_DRUGS = ("tacrolimus", "cyclosporine")
_MEAN = "mean_arterial_mmhg"


class ValueRange(BaseModel):
    """A published range of one value; an end that is ``None`` is open."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str  # as in `numbers`
    low: float | None
    high: float | None
    label: str
    source: tuple[str, ...]


def numbers(clinical: ClinicalRecord) -> dict[str, float]:
    """Every number of the record that is known, by field of ``configs/clinical.yaml``.

    Troughs are called ``tacrolimus_ng_ml`` and ``cyclosporine_ng_ml``; the mean pressure is
    computed where it was not given.
    """
    given: dict[str, float | None] = {
        name: value
        for name, value in clinical
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    given |= {f"{drug}_ng_ml": level_of(clinical, drug) for drug in _DRUGS}
    given[_MEAN] = mean_arterial_pressure(clinical)
    return {name: float(value) for name, value in given.items() if value is not None}


def value_ranges(clinical: ClinicalRecord) -> tuple[ValueRange, ...]:
    """Ranges that fit this patient: organ, time since transplantation, own baseline."""
    return (*_troughs(clinical), *_magnesium(), *_pressure(), *_creatinine(clinical))


def _troughs(clinical: ClinicalRecord) -> Iterator[ValueRange]:
    for drug in _DRUGS:
        for entry in trough_ranges(clinical, drug):
            parts = [str(entry[part]) for part in ("organ", "regimen", "phase") if part in entry]
            low, high = entry["range"]
            yield ValueRange(
                field=f"{drug}_ng_ml",
                low=low,
                high=high,
                label=", ".join([entry["label"], *parts]),
                source=(entry["source"],),
            )


def _magnesium() -> Iterator[ValueRange]:
    entry = load_config("evidence/laboratory.yaml")["magnesium"]
    yield ValueRange(
        field="magnesium_mmol_l",
        low=entry["low_below"],
        high=None,
        label="not low",
        source=tuple(entry["source"]),
    )


def _pressure() -> Iterator[ValueRange]:
    entry = load_config("evidence/laboratory.yaml")["pressure"]
    yield ValueRange(
        field=_MEAN,
        low=None,
        high=entry["classes"][0]["below"],
        label=entry["classes"][0]["name"],
        source=tuple(entry["source"]),
    )


def _creatinine(clinical: ClinicalRecord) -> Iterator[ValueRange]:
    entry = load_config("evidence/laboratory.yaml")["creatinine"]
    baseline = clinical.baseline_creatinine_mg_dl
    if baseline is not None:
        yield ValueRange(
            field="creatinine_mg_dl",
            low=None,
            high=entry["stages"][0]["below"] * baseline,
            label=f"{entry['stages'][0]['name']}, by the own baseline",
            source=tuple(entry["source"]),
        )
