"""The worklist, a study with its images, and what is decided about it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import FileResponse, Response
from sqlalchemy.engine import Connection

from presight.errors import InputError
from presight.review.accounts import Role
from presight.review.api.bodies import DecisionBody, Edit, Filter, ImageName, Sha256, StudyId
from presight.review.api.desk import REFUSALS, Anybody, AtDesk, InStore, Reviewer
from presight.review.chain import sha256
from presight.review.course import course
from presight.review.decisions import (
    Current,
    Decision,
    decide,
    drop_draft,
    get_draft,
    history,
    note_opened,
    preview,
    put_draft,
    what_stands,
    where_it_stands,
)
from presight.review.masks import MEDIA, parse_outline
from presight.review.record import get_document
from presight.review.rescore import own_outline
from presight.review.results import StudyFolder
from presight.review.worklist import (
    Wanted,
    end_presence,
    find_study,
    others_at,
    show_presence,
    worklist,
)

router = APIRouter(responses=REFUSALS)


def _study(study: StudyId, desk: AtDesk) -> StudyFolder:
    with desk.store.read() as db:
        return find_study(db, study, desk.results)


async def _body(request: Request) -> bytes:
    return await request.body()


Study = Annotated[StudyFolder, Depends(_study)]
Uploaded = Annotated[bytes, Depends(_body)]


@router.post("/worklist")
def list_studies(body: Filter, _found: Anybody, store: InStore) -> dict[str, Any]:
    """Return a page of the worklist."""
    with store.read() as db:
        return worklist(db, Wanted(**body.model_dump()))


@router.get("/studies/{study}")
def open_study(found_study: Study, found: Anybody, store: InStore) -> dict[str, Any]:
    """Open a study: everything that is shown of it. That it was opened goes into the record."""
    with store.write() as db:
        note_opened(db, found_study, found.name, reviews=found.role >= Role.REVIEWER)
        show_presence(db, found_study.name, found.name)
        draft = get_draft(db, found_study.name, found.name)
        standing = where_it_stands(db, found_study.name)
        decided = history(db, found_study.name)
        others = others_at(db, found_study.name, found.name)
        edited = _edited(db, what_stands(db, found_study.name))
    return {
        "name": found_study.name,
        "assessment": found_study.assessment,
        "findings": found_study.findings,
        "clinical": found_study.read_json("clinical"),
        **edited,
        "run": found_study.assessment["classification"] if edited else None,
        "change": found_study.read_json("change_report"),
        "images": found_study.images,
        "seen": found_study.hashes(),
        "standing": standing,
        "history": decided,
        "others": others,
        "draft": draft[1] if draft else None,
    }


@router.get("/studies/{study}/images/{image}.nii.gz", response_class=Response)
def get_image(image: ImageName, found_study: Study, _found: Anybody) -> FileResponse:
    """Send an image of a study."""
    path = found_study.path(image)
    if path is None:
        raise InputError("the study has no such image")
    return FileResponse(path, media_type=MEDIA)


@router.get("/studies/{study}/course")
def show_course(found_study: Study, _found: Anybody, desk: AtDesk) -> dict[str, Any]:
    """Give the visits of the patient: verdicts, volumes and laboratory values over time."""
    with desk.store.read() as db:
        return course(db, desk.results, found_study.name)


@router.get("/studies/{study}/kept/{digest}", response_class=Response)
def get_kept(digest: Sha256, found_study: Study, _found: Anybody, store: InStore) -> Response:
    """Send a document that a decision on this study named: an edited outline or its result."""
    with store.read() as db:
        named = {
            name
            for entry in history(db, found_study.name)
            for name in entry["content"].get("kept", {}).values()
        }
        content = get_document(db, digest) if digest in named else None
    if content is None:
        raise InputError("no decision on this study names such a document")
    return Response(content, media_type=MEDIA if content[:2] == b"\x1f\x8b" else "application/json")


@router.get("/studies/{study}/presence")
def be_present(found_study: Study, found: Anybody, store: InStore) -> dict[str, Any]:
    """Say that the study is still open here; hear who else has it and where it stands."""
    with store.write() as db:
        show_presence(db, found_study.name, found.name)
        others = others_at(db, found_study.name, found.name)
        return {"others": others, "standing": where_it_stands(db, found_study.name)}


@router.post("/studies/{study}/close")
def close_study(found_study: Study, found: Anybody, store: InStore) -> dict[str, Any]:
    """Say that the study is no longer open here."""
    with store.write() as db:
        end_presence(db, found_study.name, found.name)
    return {}


@router.put(
    "/studies/{study}/draft",
    openapi_extra={
        "requestBody": {
            "content": {
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
            }
        }
    },
)
def save_draft(
    content: Uploaded, found_study: Study, found: Reviewer, store: InStore
) -> dict[str, str]:
    """Keep the outline that somebody is working on, so that no mishap takes it away."""
    parse_outline(content, own_outline(found_study)[1])
    with store.write() as db:
        put_draft(db, found_study.name, found.name, content, sha256(content))
    return {"sha256": sha256(content)}


@router.delete("/studies/{study}/draft")
def discard_draft(found_study: Study, found: Reviewer, store: InStore) -> dict[str, Any]:
    """Let go of one's own draft."""
    with store.write() as db:
        drop_draft(db, found_study.name, found.name)
    return {}


@router.get("/studies/{study}/draft.nii.gz", response_class=Response)
def load_draft(found_study: Study, found: Reviewer, store: InStore) -> Response:
    """Send back one's own draft."""
    with store.read() as db:
        draft = get_draft(db, found_study.name, found.name)
    if draft is None:
        raise InputError("there is no draft of this study")
    return Response(draft[0], media_type=MEDIA)


@router.post("/studies/{study}/rescore")
def rescore(body: Edit, found_study: Study, found: Reviewer, store: InStore) -> dict[str, Any]:
    """Measure and score an edit without recording it."""
    with store.read() as db:
        current = what_stands(db, found_study.name)
    outline = _outline(body, found_study, found.name, store)
    again, changed = preview(found_study, current, outline, body.changes)
    return {
        "assessment": again.assessment.model_dump(mode="json"),
        "findings": again.findings.model_dump(mode="json"),
        "clinical": again.clinical.model_dump(mode="json"),
        "changed": changed,
    }


@router.post("/studies/{study}/decisions")
def save_decision(
    body: DecisionBody, found_study: Study, found: Reviewer, store: InStore
) -> dict[str, Any]:
    """Record a decision."""
    decision = Decision(
        kind=body.kind,
        version=body.version,
        seen=body.seen.model_dump(exclude_none=True),
        reasons=body.reasons,
        diagnosis=body.diagnosis,
        text=body.text,
        outline=_outline(body, found_study, found.name, store),
        changes=body.changes,
    )
    return asdict(decide(store, found_study, found.name, decision))


def _edited(db: Connection, current: Current) -> dict[str, Any]:
    """Give what the last edit made of a study; empty where there is none."""
    texts = ("assessment", "findings", "clinical")
    found = {name: get_document(db, current.kept[name]) for name in texts if name in current.kept}
    return {name: json.loads(content) for name, content in found.items() if content}


def _outline(body: Edit, study: StudyFolder, actor: str, store: InStore) -> bytes | None:
    if not body.draft:
        return None
    with store.read() as db:
        draft = get_draft(db, study.name, actor)
    if draft is None:
        raise InputError("there is no edited outline", action="Draw it and save it again")
    return draft[0]
