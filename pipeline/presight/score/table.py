"""A table of structured findings and clinical facts, scored row by row without any image."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from presight.errors import InputError
from presight.score.assess import assess
from presight.score.assessment import Assessment, Contribution, Label, Recommendation
from presight.score.evidence import method
from presight.score.rows import read_row, row_id
from presight.study.clinical_files import RawRow, read_raw_table

COLUMNS = (
    "id",
    "label",
    "leading",
    *(f"{part}_{name}" for part in ("p", "low", "high") for name in method().classes),
    "interval_mass",
    "because",
    "prior",
    "contributions",
    "subtypes",
    "severity",
    "laboratory",
    "alerts",
    "differential",
    "recommendations",
    "missing",
    "doubts",
    "error",
)
TOP = 5  # contributions written out in a row


def score_table(
    rows: Iterable[Mapping[str, object]],
    *,
    without: Collection[str] = (),
    setting: str | None = None,
    name: str = "table",
) -> list[dict[str, str]]:
    """Score every row of a table.

    Parameters
    ----------
    rows : iterable of mappings
        Column name to cell. Columns: ``configs/evidence/table.yaml`` and ``configs/clinical.yaml``.
        Columns that tell the answer are ignored.
    without, setting
        As in :func:`presight.score.assess`.
    name : str
        What to call the table in an error.

    Returns
    -------
    list of dict
        One flat row each: label, leading class, probabilities with intervals, the strongest
        contributions, alerts, differential diagnosis, recommendations, missing facts.

        A cell that cannot be understood or cannot be true is left out and named in ``doubts``. A
        row with an unknown column or a contradiction has its sentence in ``error`` and nothing
        else.

    Raises
    ------
    ConfigError
        A feature to leave out or the setting does not exist.
    """
    raw = (RawRow(name, f"row {number}", cells) for number, cells in enumerate(rows, start=2))
    return [_scored(row, without, setting) for row in raw]


def read_table(path: Path) -> list[Mapping[str, object]]:
    """Read the rows of a CSV, TSV or JSON file.

    Raises
    ------
    ClinicalError
        The file cannot be read or is no table.
    """
    table = read_raw_table(path)
    if not table.decimal_comma:
        return [row.cells for row in table.rows]
    return [_pointed(row.cells) for row in table.rows]


def _pointed(cells: Mapping[str, object]) -> dict[str, object]:
    """Cells with the decimal comma of a number written as a point."""
    return {
        name: re.sub(r"^([+-]?\d+),(\d+)(?=$|[^\d,])", r"\1.\2", cell.strip())
        if isinstance(cell, str)
        else cell
        for name, cell in cells.items()
    }


def _scored(row: RawRow, without: Collection[str], setting: str | None) -> dict[str, str]:
    try:
        findings, clinical = read_row(row)
    except InputError as error:
        return dict.fromkeys(COLUMNS, "") | {"id": row_id(row), "error": str(error)}
    answer = assess(findings, clinical, without=without, setting=setting)
    return {
        "id": row_id(row),
        **_flat(answer),
        "doubts": _joined(findings.quality_doubts),
        "error": "",
    }


def _flat(answer: Assessment) -> dict[str, str]:
    verdict = answer.classification
    leading = max(verdict.probabilities, key=lambda label: verdict.probabilities[label])
    return {
        "label": verdict.label.value,
        "leading": leading.value,
        **{f"p_{label}": f"{p:.6f}" for label, p in verdict.probabilities.items()},
        **{f"low_{label}": f"{each.low:.6f}" for label, each in verdict.interval.items()},
        **{f"high_{label}": f"{each.high:.6f}" for label, each in verdict.interval.items()},
        "interval_mass": f"{verdict.interval_mass:g}",
        "because": verdict.because,
        "prior": verdict.prior_source.partition(":")[0],
        "contributions": _joined(_said(each) for each in verdict.contributions[:TOP]),
        "subtypes": _joined(f"{each.name}: {each.result}" for each in answer.subtypes),
        "laboratory": _joined(f"{e.name} {e.value}: {e.reading}" for e in answer.laboratory),
        "severity": answer.severity.grade or "",
        "alerts": _joined(alert.text for alert in answer.alerts),
        "differential": _joined(each.name for each in answer.differential),
        "recommendations": _joined(_advice(each) for each in answer.recommendations),
        "missing": _joined(fact.name for fact in answer.missing),
    }


def _said(contribution: Contribution) -> str:
    shares = ", ".join(
        f"{label.value} {ratio:+.2f}"
        for label, ratio in contribution.log_lr.items()
        if label is not Label.OTHER and ratio
    )
    return f"{contribution.name}: {contribution.value} ({shares or 'not counted'})"


def _advice(recommendation: Recommendation) -> str:
    window = recommendation.window_days
    days = "" if window is None else f", day {window[0]:g} to {window[1]:g}"
    return f"{recommendation.action} ({recommendation.urgency}{days})"


def _joined(texts: Iterable[str]) -> str:
    return " | ".join(texts)
