"""The record and what it decided, as files for others: JSON, CSV, BIDS derivatives, a manifest."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from presight.errors import InputError
from presight.measure import Findings
from presight.report.atomic import write_atomically, write_text
from presight.report.bids import sidecar, to_json, write_dataset
from presight.review.chain import Entry
from presight.review.decisions import Current, as_json, what_stands
from presight.review.masks import Mask, parse_outline
from presight.review.record import entries, get_document, verify
from presight.review.rescore import own_outline
from presight.review.results import IMAGES, StudyFolder
from presight.review.tables import standing, study
from presight.score import Assessment
from presight.study import ClinicalRecord
from presight.study.volume import Grid
from presight.train.datasets.manifest import manifest_cases

_REVIEWED_MASK = "space-orig_label-L_desc-reviewed_mask"
_COLUMNS = ("seq", "at", "actor", "kind", "study", "diagnosis", "reasons", "text", "label_before",
            "label_after", "lesion_ml_before", "lesion_ml_after", "hash")  # fmt: skip


@dataclass(frozen=True)
class Reviewed:
    """A study that was accepted or edited, and what stands for it.

    Attributes
    ----------
    study : StudyFolder
    entry : Entry
        The decision that it stands at.
    current : Current
        What the last edit made of it.
    db : Connection
        Where edited documents are kept.
    """

    study: StudyFolder
    entry: Entry
    current: Current
    db: Connection

    @property
    def assessment(self) -> Assessment:
        """The answer that stands."""
        told = self.text("assessment")
        return Assessment.model_validate(
            {name: value for name, value in told.items() if name != "provenance"}
        )

    @property
    def findings(self) -> Findings:
        """The findings that stand."""
        return Findings.model_validate(self.text("findings"))

    @property
    def clinical(self) -> ClinicalRecord:
        """The clinical record that stands."""
        return ClinicalRecord.model_validate(self.text("clinical"))

    def text(self, what: str) -> dict[str, Any]:
        """Read the assessment, the findings or the clinical record as JSON."""
        if what not in self.current.kept:
            return self.study.read_json(what) or {}
        content: dict[str, Any] = json.loads(_document(self.db, self.current.kept[what]))
        return content

    def outline(self) -> tuple[Mask, Grid]:
        """Read the outline that stands, on the grid of the FLAIR that came in."""
        own, grid = own_outline(self.study)
        edited = self.current.outline
        return (own if edited is None else parse_outline(edited, grid)), grid

    def outline_bytes(self) -> bytes:
        """Return the outline that stands as ``.nii.gz``, the run's own byte by byte.

        Raises
        ------
        InputError
            It is missing.
        """
        if self.current.outline is not None:
            return self.current.outline
        path = self.study.path("mask")
        if path is None:
            raise InputError("the outline is missing", where=self.study.name, action="Run it again")
        return path.read_bytes()


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
    return len([_write_reviewed(reviewed, out) for reviewed in settled(db, results)])


def export_manifest(db: Connection, results: Path, out: Path) -> int:
    """Write what ``presight train`` takes: FLAIR and reviewed outline of each settled study.

    The outlines are written beside the table as BIDS derivatives. The FLAIR is the kept brain of
    the scan: without skull and bias field.
    """
    folder = out.parent / f"{out.stem}_reviewed"
    write_dataset(folder)
    rows = []
    for reviewed in settled(db, results):
        mask, flair = _write_reviewed(reviewed, folder), reviewed.study.path("flair")
        if flair is not None:
            row = _manifest_row(reviewed.study, flair, mask.relative_to(out.parent.resolve()))
            rows.append(row)
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


def settled(db: Connection, results: Path) -> Iterator[Reviewed]:
    """Yield every study that stands accepted or edited, with the decision that it stands at."""
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
            found = StudyFolder(results, results / folder, name)
            yield Reviewed(found, decided[-1], what_stands(db, name), db)


def _write_reviewed(reviewed: Reviewed, out: Path) -> Path:
    """Write the outline that stands for a study, and the answer that goes with it."""
    found = reviewed.study
    folder = out.resolve() / found.folder.relative_to(found.results)
    mask = folder / f"{found.name}_{_REVIEWED_MASK}.nii.gz"
    content = reviewed.outline_bytes()
    write_atomically(mask, lambda file: file.write(content))
    about = sidecar("Hyperintensity on FLAIR, reviewed", [IMAGES["flair"]], Type="Lesion")
    write_text(folder / f"{found.name}_{_REVIEWED_MASK}.json", to_json(about))
    answer = {**reviewed.text("assessment"), "review": as_json(reviewed.entry)}
    write_text(folder / f"{found.name}_desc-reviewed_assessment.json", to_json(answer))
    return mask


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
