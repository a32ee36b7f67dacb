"""The record and what it decided, as files for others: JSON, CSV, BIDS derivatives, a manifest."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from presight.errors import InputError
from presight.report.atomic import write_atomically, write_text
from presight.report.bids import sidecar, to_json, write_dataset
from presight.review.chain import Entry
from presight.review.decisions import as_json, what_stands
from presight.review.record import entries, get_document, verify
from presight.review.results import IMAGES, StudyFolder
from presight.review.tables import standing, study
from presight.train.datasets.manifest import manifest_cases

_REVIEWED_MASK = "space-orig_label-L_desc-reviewed_mask"
_COLUMNS = ("seq", "at", "actor", "kind", "study", "diagnosis", "reasons", "text", "label_before",
            "label_after", "lesion_ml_before", "lesion_ml_after", "hash")  # fmt: skip


def export_json(db: Connection, out: Path) -> int:
    """Write the whole record with its proof to one JSON file; return how many entries it has."""
    chain = [as_json(entry) for entry in entries(db)]
    proof = verify(db)
    content = {"head": proof.head, "faults": list(proof.faults), "entries": chain}
    write_text(out, to_json(content))
    return len(chain)


def export_csv(db: Connection, out: Path) -> int:
    """Write one row a decision to a CSV file; return how many rows."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS)
    writer.writeheader()
    rows = [_row(entry) for entry in entries(db) if entry.study and entry.kind != "opened"]
    writer.writerows(rows)
    write_text(out, text.getvalue())
    return len(rows)


def export_bids(db: Connection, results: Path, out: Path) -> int:
    """Write the outline and the answer of every accepted or edited study as BIDS derivatives.

    Raises
    ------
    InputError
        A study of the record is no longer in the results folder.
    """
    write_dataset(out)
    written = [_write_reviewed(db, found, entry, out) for found, entry in _settled(db, results)]
    return len(written)


def export_manifest(db: Connection, results: Path, out: Path) -> int:
    """Write what ``presight train`` takes: FLAIR and reviewed outline of each settled study.

    The outlines are written beside the table as BIDS derivatives. The FLAIR is the kept brain of
    the scan: without skull and bias field.
    """
    folder = out.parent / f"{out.stem}_reviewed"
    write_dataset(folder)
    rows = []
    for found, entry in _settled(db, results):
        mask, flair = _write_reviewed(db, found, entry, folder), found.path("flair")
        if flair is not None:
            rows.append(_manifest_row(found, flair, mask.relative_to(out.parent.resolve())))
    text = io.StringIO()
    writer = csv.DictWriter(text, ["dataset", "subject", "flair", "mask", "site", "licence"])
    writer.writeheader()
    writer.writerows(rows)
    write_text(out, text.getvalue())
    manifest_cases(out)  # what training would read: a manifest that it refuses is not handed out
    return len(rows)


def _row(entry: Entry) -> dict[str, Any]:
    content = json.loads(entry.content)
    before, after = content.get("shown", {}), content.get("result", {})
    row = {
        "seq": entry.seq,
        "at": entry.at,
        "actor": entry.actor,
        "kind": entry.kind,
        "study": entry.study,
        "diagnosis": content.get("diagnosis", ""),
        "reasons": " ".join(content.get("reasons", ())),
        "text": content.get("text", ""),
        "label_before": before.get("label"),
        "label_after": after.get("label"),
        "lesion_ml_before": before.get("lesion_ml"),
        "lesion_ml_after": after.get("lesion_ml"),
        "hash": entry.hash,
    }
    return {name: _safe_cell(value) for name, value in row.items()}


def _safe_cell(value: Any) -> Any:
    """Keep a spreadsheet from taking a text for a formula."""
    return (
        f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@")) else value
    )


def _settled(db: Connection, results: Path) -> Iterator[tuple[StudyFolder, Entry]]:
    """Every study that stands accepted or edited, with the decision that it stands at."""
    wanted = (
        sql.select(standing.c.study, study.c.folder, standing.c.state)
        .join(study, study.c.study == standing.c.study)
        .where(standing.c.state.in_(("accepted", "edited")))
        .order_by(standing.c.study)
    )
    for name, folder, state in db.execute(wanted).all():
        kind = {"accepted": "accept", "edited": "edit"}[state]
        decided = [entry for entry in entries(db, study=name) if entry.kind in ("accept", "edit")]
        if decided and decided[-1].kind == kind:
            yield StudyFolder(results, results / folder, name), decided[-1]


def _write_reviewed(db: Connection, found: StudyFolder, entry: Entry, out: Path) -> Path:
    """Write the outline that stands for a study, and the answer that goes with it."""
    folder = out.resolve() / found.folder.relative_to(found.results)
    kept = what_stands(db, found.name).kept
    mask = folder / f"{found.name}_{_REVIEWED_MASK}.nii.gz"
    write_atomically(mask, lambda file: file.write(_outline(db, found, kept)))
    about = sidecar("Hyperintensity on FLAIR, reviewed", [IMAGES["flair"]], Type="Lesion")
    write_text(folder / f"{found.name}_{_REVIEWED_MASK}.json", to_json(about))
    answer = (
        json.loads(_document(db, kept["assessment"])) if "assessment" in kept else found.assessment
    )
    reviewed = {**answer, "review": as_json(entry)}
    write_text(folder / f"{found.name}_desc-reviewed_assessment.json", to_json(reviewed))
    return mask


def _outline(db: Connection, found: StudyFolder, kept: Mapping[str, str]) -> bytes:
    if "mask" in kept:
        return _document(db, kept["mask"])
    path = found.path("mask")
    if path is None:
        raise InputError("the outline is missing", where=found.name, action="Run it again")
    return path.read_bytes()


def _document(db: Connection, digest: str) -> bytes:
    content = get_document(db, digest)
    if content is None:
        raise InputError("a document of the record is missing", action="Run presight review verify")
    return content


def _manifest_row(found: StudyFolder, flair: Path, mask: Path) -> dict[str, str]:
    return {
        "dataset": "reviewed",
        "subject": found.name.removeprefix("sub-"),
        "flair": str(flair),
        "mask": str(mask),
        "site": "",
        "licence": "",
    }
