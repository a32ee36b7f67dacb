"""The worklist: every study of the results folder, the urgent ones first."""

from __future__ import annotations

import hmac
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from presight.config import load_config
from presight.errors import InputError
from presight.review.results import StudyFolder, find_studies
from presight.review.store import Store
from presight.review.tables import presence, standing, study

NEW = "new"
_STATE = sql.func.coalesce(standing.c.state, NEW)
_AT_ONCE = 200
_SHOWN = (
    study.c.id,
    study.c.subject,
    study.c.session,
    study.c.study,
    study.c.label,
    study.c.pres,
    study.c.toxic,
    study.c.alerts,
    study.c.uncertainty,
    study.c.lesion_ml,
    study.c.doubts,
    study.c.date,
    _STATE.label("state"),
    standing.c.reviewer,
    standing.c.at.label("decided"),
)
_ORDERS = {
    "urgency": (
        study.c.alerts.desc(),
        study.c.urgent.desc(),
        sql.func.coalesce(study.c.uncertainty, 0).desc(),
    ),
    "id": (),
    "date": (study.c.date.desc(),),
    "pres": (study.c.pres.desc(),),
    "toxic": (study.c.toxic.desc(),),
    "lesion_ml": (sql.func.coalesce(study.c.lesion_ml, -1).desc(),),
    "uncertainty": (sql.func.coalesce(study.c.uncertainty, -1).desc(),),
    "state": (_STATE, study.c.alerts.desc(), study.c.urgent.desc()),
}
ORDERS = tuple(_ORDERS)


@dataclass(frozen=True)
class Wanted:
    """What of the worklist is asked for; empty is everything."""

    find: str = ""  # part of the study's name
    label: str = ""
    state: str = ""
    reviewer: str = ""
    since: str = ""  # dates of the result, YYYY-MM-DD
    until: str = ""
    doubtful: bool | None = None
    order: str = "urgency"
    offset: int = 0
    limit: int = 100


def refresh(store: Store, results: Path) -> int:
    """Bring the index up to date with the folder; return how many studies were read.

    Raises
    ------
    InputError
        There is no such folder.
    """
    secret = store.secret()
    with store.read() as db:
        rows = db.execute(sql.select(study.c.study, study.c.stamp))
        known = {row.study: row.stamp for row in rows}
    there = {found.name: (found, stamp) for found, stamp in find_studies(results)}
    changed = [pair for name, pair in there.items() if known.get(name) != pair[1]]
    for start in range(0, len(changed), _AT_ONCE):
        _write(
            store,
            [row for pair in changed[start : start + _AT_ONCE] for row in _row(*pair, secret)],
        )
    gone = [name for name in known if name not in there]
    with store.write() as db:
        for start in range(0, len(gone), _AT_ONCE):
            db.execute(study.delete().where(study.c.study.in_(gone[start : start + _AT_ONCE])))
    return len(changed)


def worklist(db: Connection, wanted: Wanted) -> dict[str, Any]:
    """Return a page of the worklist, how many studies there are, and who has which one open."""
    joined = study.outerjoin(standing, standing.c.study == study.c.study)
    conditions = list(_conditions(wanted))
    total = sql.select(sql.func.count()).select_from(joined).where(*conditions)
    page = (
        sql.select(*_SHOWN)
        .select_from(joined)
        .where(*conditions)
        .order_by(*_ORDERS[wanted.order], study.c.study)
        .offset(wanted.offset)
        .limit(wanted.limit)
    )
    rows = [dict(row) for row in db.execute(page).mappings()]
    open_by = _open_by(db, [row["study"] for row in rows])
    for row in rows:
        row["open_by"] = open_by.get(row.pop("study"), [])
    return {
        "total": db.execute(total).scalar_one(),
        "rows": rows,
        "progress": progress(db),
        "reviewers": _reviewers(db),
    }


def progress(db: Connection) -> dict[str, int]:
    """Count the studies in each state."""
    joined = study.outerjoin(standing, standing.c.study == study.c.study)
    counted = sql.select(_STATE, sql.func.count()).select_from(joined).group_by(_STATE)
    found = {row[0]: row[1] for row in db.execute(counted)}
    return {state: found.get(state, 0) for state in load_config("review.yaml")["states"]}


def _reviewers(db: Connection) -> list[str]:
    """Name those who were the last at any study."""
    named = sql.select(standing.c.reviewer).where(standing.c.reviewer.is_not(None)).distinct()
    return sorted(db.execute(named).scalars())


def find_study(db: Connection, identity: str, results: Path) -> StudyFolder:
    """Find a study by its opaque id; no path ever comes from outside.

    Raises
    ------
    InputError
        There is none.
    """
    wanted = sql.select(study.c.study, study.c.folder).where(study.c.id == identity)
    row = db.execute(wanted).first()
    if row is None:
        raise InputError("there is no such study", action="Go back to the worklist")
    return StudyFolder(results, results / row.folder, row.study)


def show_presence(db: Connection, name: str, person: str) -> None:
    """Note that somebody has a study open."""
    at = time.time()
    db.execute(presence.delete().where(presence.c.at < at - _presence_seconds()))
    mine = (presence.c.study == name) & (presence.c.account == person)
    db.execute(presence.delete().where(mine))
    db.execute(presence.insert().values(study=name, account=person, at=at))


def end_presence(db: Connection, name: str, person: str) -> None:
    """Note that somebody has closed a study."""
    db.execute(presence.delete().where(presence.c.study == name, presence.c.account == person))


def others_at(db: Connection, name: str, person: str) -> list[str]:
    """Name the others who have a study open."""
    return [other for other in _open_by(db, [name]).get(name, []) if other != person]


def identity_of(name: str, secret: bytes) -> str:
    """Name a study in addresses by what tells nothing of the patient."""
    return hmac.digest(secret, name.encode(), "sha256").hex()[:24]


def _open_by(db: Connection, names: list[str]) -> dict[str, list[str]]:
    since = time.time() - _presence_seconds()
    wanted = sql.select(presence).where(presence.c.study.in_(names), presence.c.at > since)
    found: dict[str, list[str]] = {}
    for row in db.execute(wanted.order_by(presence.c.account)):
        found.setdefault(row.study, []).append(row.account)
    return found


def _conditions(wanted: Wanted) -> Iterator[sql.ColumnElement[bool]]:
    for column, value in (
        (study.c.label, wanted.label),
        (_STATE, wanted.state),
        (standing.c.reviewer, wanted.reviewer),
    ):
        if value:
            yield column == value
    if wanted.find:
        yield study.c.study.icontains(wanted.find, autoescape=True)
    if wanted.since:
        yield study.c.date >= wanted.since
    if wanted.until:
        yield study.c.date <= wanted.until
    if wanted.doubtful is not None:
        yield (study.c.doubts > 0) == wanted.doubtful


def _row(found: StudyFolder, stamp: str, secret: bytes) -> Iterator[dict[str, Any]]:
    """Yield what the index keeps of a study, nothing where its result is damaged."""
    try:
        answer, measured = found.assessment, found.findings
        shares: Mapping[str, float] = answer["classification"]["probabilities"]
        urgent = load_config("review.yaml")["urgent_classes"]
        date = datetime.fromtimestamp(int(stamp.split()[1]) / 1e9, UTC).date().isoformat()
        subject, session = _entities(found.name)
        yield {
            "study": found.name,
            "id": identity_of(found.name, secret),
            "folder": str(found.folder.relative_to(found.results)),
            "subject": subject,
            "session": session,
            "label": answer["classification"]["label"],
            "pres": shares["pres"],
            "toxic": shares["toxic_leukoencephalopathy"],
            "urgent": max(shares[name] for name in urgent),
            "alerts": len(answer["alerts"]),
            "uncertainty": measured.get("uncertainty"),
            "lesion_ml": measured.get("lesion_ml"),
            "doubts": len(measured.get("quality_doubts", ())),
            "date": date,
            "stamp": stamp,
        }
    except (InputError, KeyError, TypeError, ValueError):
        return  # damaged or of another kind: the run has to make it again


def _write(store: Store, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    with store.write() as db:
        db.execute(study.delete().where(study.c.study.in_([row["study"] for row in rows])))
        db.execute(study.insert(), rows)


def _entities(name: str) -> tuple[str, str]:
    entities = dict(part.split("-", 1) for part in name.split("_") if "-" in part)
    more = [f"{key}-{value}" for key, value in entities.items() if key not in ("sub", "ses")]
    return entities["sub"], " ".join(filter(None, [entities.get("ses", ""), *more]))


def _presence_seconds() -> float:
    return float(load_config("review.yaml")["accounts"]["presence_seconds"])
