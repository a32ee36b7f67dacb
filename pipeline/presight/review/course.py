"""The course of a patient: every visit of the results folder, values over time on their ranges."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from pydantic import ValidationError
from sqlalchemy.engine import Connection

from presight.citations import citations
from presight.config import load_config
from presight.errors import InputError
from presight.review.decisions import what_stands
from presight.review.record import get_document
from presight.review.results import StudyFolder
from presight.review.tables import study
from presight.score.ranges import ValueRange, numbers, value_ranges
from presight.study import ClinicalRecord
from presight.study.days import day_of


def course(db: Connection, results: Path, name: str) -> dict[str, Any]:
    """Gather the visits of the patient whom a study belongs to, in the order of their sessions.

    Parameters
    ----------
    db : Connection
    results : Path
    name : str
        Of the study that is open: ranges are those that fit this visit.

    Returns
    -------
    dict
        ``visits`` (what stands for each: verdict, volume, day where the session is a date),
        ``values`` (unit, one point a visit or ``None``, ranges) and ``sources``.
    """
    rows = _rows(db, name)
    stands = [_stands(db, StudyFolder(results, results / row.folder, row.study)) for row in rows]
    records = [_record(each["clinical"]) for each in stands]
    here = next(i for i, row in enumerate(rows) if row.study == name)
    ranges = value_ranges(records[here])
    return {
        "visits": [_visit(row, each, name) for row, each in zip(rows, stands, strict=True)],
        "values": list(_values([numbers(record) for record in records], ranges)),
        "sources": citations(name for each in ranges for name in each.source),
    }


def _rows(db: Connection, name: str) -> list[Any]:
    subject = sql.select(study.c.subject).where(study.c.study == name).scalar_subquery()
    wanted = sql.select(study).where(study.c.subject == subject).order_by(study.c.session)
    rows, most = list(db.execute(wanted)), load_config("review.yaml")["limits"]["visits"]
    here = next(i for i, row in enumerate(rows) if row.study == name)
    first = max(0, min(here, len(rows) - most))
    return rows[first : first + most]


def _stands(db: Connection, found: StudyFolder) -> dict[str, Any]:
    """Read what the last edit made of a visit, or what the run said."""
    kept = what_stands(db, found.name).kept
    return {
        what: json.loads(get_document(db, kept[what]) or b"{}")
        if what in kept
        else _read(found, what)
        for what in ("assessment", "findings", "clinical")
    }


def _read(found: StudyFolder, what: str) -> dict[str, Any]:
    try:
        return found.read_json(what) or {}
    except InputError:  # damaged: the other visits can still be shown
        return {}


def _record(content: Mapping[str, Any]) -> ClinicalRecord:
    try:
        return ClinicalRecord.model_validate(content)
    except ValidationError:
        return ClinicalRecord()


def _visit(row: Any, stands: Mapping[str, Any], name: str) -> dict[str, Any]:
    classification = stands["assessment"].get("classification", {})
    return {
        "id": row.id,
        "session": row.session,
        "day": day_of(row.session),
        "here": row.study == name,
        "label": classification.get("label"),
        "probabilities": classification.get("probabilities"),
        "lesion_ml": stands["findings"].get("lesion_ml"),
    }


def _values(
    visits: list[dict[str, float]], ranges: tuple[ValueRange, ...]
) -> Iterator[dict[str, Any]]:
    fields = load_config("clinical.yaml")["fields"]
    for name in load_config("review.yaml")["course"]:
        points = [visit.get(name) for visit in visits]
        if any(point is not None for point in points):
            yield {
                "field": name,
                "label": fields[name]["label"],
                "unit": fields[name]["unit"],
                "points": points,
                "ranges": [each.model_dump() for each in ranges if each.field == name],
            }
