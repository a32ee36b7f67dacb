"""What a reviewer decides about a study, checked, measured anew where needed, and recorded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from presight.config import load_config
from presight.errors import InputError, PresightError
from presight.review.chain import Entry, canonical, sha256
from presight.review.masks import MEDIA, as_bytes, difference, parse_outline
from presight.review.record import append, entries, get_document, now, put_document
from presight.review.rescore import Reassessed, own_outline, reassess
from presight.review.results import StudyFolder
from presight.review.store import Store
from presight.review.tables import draft, standing

JSON = "application/json"


@dataclass(frozen=True)
class Decision:
    """What somebody decided, and what they had before their eyes.

    Attributes
    ----------
    kind : str
        One of the decisions of ``configs/review.yaml``.
    version : int
        Number of the decision that the study stood at when they looked; 0 where there was none.
    seen : mapping of str to str
        Sha256 of the assessment, findings and outline that were shown.
    reasons : tuple of str
        Codes of ``configs/review.yaml``.
    diagnosis : str
        The reviewer's own, one of the classes; may be empty.
    text : str
    outline : bytes or None
        An edited outline, as NIfTI.
    changes : mapping
        Edited clinical values, by field.
    """

    kind: str
    version: int
    seen: Mapping[str, str]
    reasons: tuple[str, ...] = ()
    diagnosis: str = ""
    text: str = ""
    outline: bytes | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Current:
    """What stands for a study: the run's own result, or what the last edit made of it.

    Attributes
    ----------
    outline : bytes or None
        The last edited outline; ``None`` where it is the run's own.
    changes : mapping
        Clinical values that differ from the run's, by field.
    kept : mapping of str to str
        Sha256 of the edited assessment, findings and record; empty where there is no edit.
    """

    outline: bytes | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    kept: Mapping[str, str] = field(default_factory=dict)


class ConflictError(PresightError):
    """Somebody else was faster, or the result is not the one that was looked at."""


def decide(store: Store, study: StudyFolder, actor: str, decision: Decision) -> Entry:
    """Record a decision. Whatever was decided before stays in the record as it was.

    Raises
    ------
    InputError
        The decision lacks something, or what it changes cannot be used.
    ConflictError
        Another decision came in since this reviewer looked, or the study was run again.
    OutputError
        The disk is full; nothing was saved.
    """
    _check(decision)
    if dict(decision.seen) != study.hashes():
        raise ConflictError(
            "the study was run again since you opened it", action="Open it again and look anew"
        )
    with store.read() as db:
        current = what_stands(db, study.name)
    content, documents = _content(study, current, decision)
    with store.write() as db:
        before = where_it_stands(db, study.name)
        if before["version"] != decision.version:
            raise ConflictError(
                f"{before['reviewer']} has decided on this study since you opened it",
                action="Look at their decision, then save yours again",
            )
        for document, media in documents:
            put_document(db, document, media)
        entry = append(db, actor, decision.kind, study.name, content)
        becomes = load_config("review.yaml")["decisions"][decision.kind]["becomes"]
        _stand(db, study.name, entry, becomes or before["state"])
        drop_draft(db, study.name, actor)
    return entry


def note_opened(db: Connection, study: StudyFolder, actor: str, *, reviews: bool) -> None:
    """Record that somebody looked at a study; a new one is in review from now on."""
    before = where_it_stands(db, study.name)
    append(db, actor, "opened", study.name, {"seen": study.hashes(), "made_by": study.versions()})
    if reviews and before["state"] == "new":
        _put_standing(db, study.name, 0, "in_review", actor, now())


def where_it_stands(db: Connection, name: str) -> dict[str, Any]:
    """State of a study, the number of its last decision, and whose that was."""
    row = db.execute(sql.select(standing).where(standing.c.study == name)).mappings().first()
    return dict(row) if row else {"version": 0, "state": "new", "reviewer": None, "at": None}


def what_stands(db: Connection, name: str) -> Current:
    """Find what the last edit of a study made of it."""
    edits = [entry for entry in entries(db, study=name) if entry.kind == "edit"]
    if not edits:
        return Current()
    content = json.loads(edits[-1].content)
    mask = content["kept"].get("mask")
    outline = get_document(db, mask) if mask else None
    return Current(outline, content["values"], content["kept"])


def history(db: Connection, name: str) -> list[dict[str, Any]]:
    """Everything that was decided about a study, the newest first."""
    kinds = load_config("review.yaml")["decisions"]
    found = [entry for entry in entries(db, study=name) if entry.kind in kinds]
    return [as_json(entry) for entry in reversed(found)]


def as_json(entry: Entry) -> dict[str, Any]:
    """Give an entry of the record with its content read."""
    return {**asdict(entry), "content": json.loads(entry.content)}


def put_draft(db: Connection, name: str, actor: str, content: bytes, digest: str) -> None:
    """Keep the outline that somebody is working on, in place of their last draft."""
    mine = (draft.c.study == name) & (draft.c.account == actor)
    db.execute(draft.delete().where(mine))
    db.execute(
        draft.insert().values(study=name, account=actor, sha256=digest, content=content, at=now())
    )


def get_draft(db: Connection, name: str, actor: str) -> tuple[bytes, str] | None:
    """Return somebody's draft of a study and when it was saved."""
    wanted = sql.select(draft.c.content, draft.c.at)
    row = db.execute(wanted.where(draft.c.study == name, draft.c.account == actor)).first()
    return (row.content, row.at) if row else None


def drop_draft(db: Connection, name: str, actor: str) -> None:
    """Let go of somebody's draft of a study."""
    db.execute(draft.delete().where(draft.c.study == name, draft.c.account == actor))


def preview(
    study: StudyFolder, current: Current, outline: bytes | None, changes: Mapping[str, Any]
) -> tuple[Reassessed, dict[str, Any]]:
    """Measure and score an edit of what stands, without recording it.

    Returns
    -------
    Reassessed
    dict
        What the edit changed: ``outline`` (pixel difference from what stood), ``from_run`` (from
        the run's own outline) and ``clinical`` (old and new).
    """
    own, grid = own_outline(study)
    stood = own if current.outline is None else parse_outline(current.outline, grid)
    drawn = outline if outline is not None else current.outline
    mask = parse_outline(drawn, grid) if drawn is not None else None
    again = reassess(study, mask=mask, changes={**current.changes, **changes})
    changed: dict[str, Any] = {}
    if outline is not None and mask is not None:
        changed["outline"] = asdict(difference(stood, mask, grid))
        changed["from_run"] = asdict(difference(own, mask, grid))
    if changes:
        old = {**(study.read_json("clinical") or {}), **current.changes}
        new = again.clinical.model_dump(mode="json")
        changed["clinical"] = {name: [old.get(name), new[name]] for name in changes}
    return again, changed


def _check(decision: Decision) -> None:
    settings = load_config("review.yaml")
    rule = settings["decisions"].get(decision.kind)
    if rule is None:
        raise InputError("there is no such decision", expected=", ".join(settings["decisions"]))
    if unknown := [code for code in decision.reasons if code not in settings["reasons"]]:
        raise InputError(f"there is no reason {unknown[0]!r}", expected="a code of the list")
    if rule.get("needs") == "reasons" and not decision.reasons:
        raise InputError("a rejection needs a reason", action="Choose at least one")
    if rule.get("needs") == "text" and not decision.text.strip():
        raise InputError("this needs a few words", action="Say what it is about")
    edited = decision.outline is not None or bool(decision.changes)
    if (decision.kind == "edit") != edited:
        raise InputError(
            "only an edit comes with an edited outline or clinical value, and it needs one",
            action="Save the edit, or discard it",
        )


def _content(
    study: StudyFolder, current: Current, decision: Decision
) -> tuple[dict[str, Any], list[tuple[bytes, str]]]:
    """Gather what goes into the record, and the documents that it names by their hashes."""
    content: dict[str, Any] = {
        "seen": dict(decision.seen),
        "made_by": study.versions(),
        "shown": _summary(study.assessment, study.findings),
        "after": decision.version,
        "reasons": sorted(set(decision.reasons)),
        "diagnosis": decision.diagnosis,
        "text": decision.text,
    }
    if decision.kind != "edit":
        return content, []
    again, changed = preview(study, current, decision.outline, decision.changes)
    kept = {
        "assessment": (canonical(again.assessment.model_dump(mode="json")).encode(), JSON),
        "findings": (canonical(again.findings.model_dump(mode="json")).encode(), JSON),
        "clinical": (canonical(again.clinical.model_dump(mode="json")).encode(), JSON),
    }
    outline = decision.outline or current.outline
    if outline is not None:
        grid = own_outline(study)[1]
        kept["mask"] = (as_bytes(parse_outline(outline, grid), grid), MEDIA)
    content["changed"] = changed
    content["values"] = {**current.changes, **decision.changes}
    content["result"] = _summary(
        again.assessment.model_dump(mode="json"), again.findings.model_dump(mode="json")
    )
    content["kept"] = {name: sha256(document) for name, (document, _) in kept.items()}
    return content, list(kept.values())


def _summary(assessment: Mapping[str, Any], findings: Mapping[str, Any]) -> dict[str, Any]:
    answer = assessment["classification"]
    return {
        "label": answer["label"],
        "probabilities": answer["probabilities"],
        "lesion_ml": findings.get("lesion_ml"),
    }


def _stand(db: Connection, name: str, entry: Entry, state: str) -> None:
    _put_standing(db, name, entry.seq, state, entry.actor, entry.at)


def _put_standing(
    db: Connection, name: str, version: int, state: str, reviewer: str, at: str
) -> None:
    db.execute(standing.delete().where(standing.c.study == name))
    db.execute(
        standing.insert().values(study=name, version=version, state=state, reviewer=reviewer, at=at)
    )
