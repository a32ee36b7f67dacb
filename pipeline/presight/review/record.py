"""The record in the store: entries are added, read and verified, never changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from presight.review.chain import GENESIS, Entry, faults, seal, sha256
from presight.review.tables import document, record, standing

_ENTRY = list(record.c)


@dataclass(frozen=True)
class Verdict:
    """Whether the record is whole.

    Attributes
    ----------
    entries : int
    head : str
        Hash of the last entry: who keeps it elsewhere can tell later that nothing was cut off.
    faults : tuple of str
        Sentences; empty where the record is whole.
    """

    entries: int
    head: str
    faults: tuple[str, ...]


def append(db: Connection, actor: str, kind: str, study: str | None, content: Any) -> Entry:
    """Add an entry to the end of the record, within the writer's transaction."""
    entry = seal(last(db), at=now(), actor=actor, kind=kind, study=study, content=content)
    db.execute(record.insert().values(**asdict(entry)))
    return entry


def last(db: Connection) -> Entry | None:
    """Return the newest entry, ``None`` where there is none."""
    row = db.execute(sql.select(*_ENTRY).order_by(record.c.seq.desc()).limit(1)).first()
    return Entry(*row) if row else None


def entries(db: Connection, *, study: str | None = None) -> Iterator[Entry]:
    """Yield all entries, or those of a study, from the oldest."""
    wanted = sql.select(*_ENTRY).order_by(record.c.seq)
    if study is not None:
        wanted = wanted.where(record.c.study == study)
    for row in db.execute(wanted):
        yield Entry(*row)


def newest(
    db: Connection, *, before: int | None = None, limit: int, actor: str = "", kind: str = ""
) -> list[Entry]:
    """Return the newest entries before a number, the newest first."""
    wanted = sql.select(*_ENTRY).order_by(record.c.seq.desc()).limit(limit)
    for condition in (
        record.c.seq < before if before else None,
        record.c.actor == actor if actor else None,
        record.c.kind == kind if kind else None,
    ):
        if condition is not None:
            wanted = wanted.where(condition)
    return [Entry(*row) for row in db.execute(wanted)]


def put_document(db: Connection, content: bytes, media: str) -> str:
    """Keep some bytes for good, once; return their sha256."""
    digest = sha256(content)
    if get_document(db, digest) is None:
        db.execute(document.insert().values(sha256=digest, media=media, content=content))
    return digest


def get_document(db: Connection, digest: str) -> bytes | None:
    """Return the bytes with this sha256, ``None`` where there are none."""
    wanted = sql.select(document.c.content).where(document.c.sha256 == digest)
    content: bytes | None = db.execute(wanted).scalar()
    return content


def verify(db: Connection, expected_head: str = "") -> Verdict:
    """Check that the record is whole.

    Every entry is checked against the one before it and every document against its hash; each
    study has to stand where its last decision left it.

    Parameters
    ----------
    db : Connection
    expected_head : str, optional
        Hash that was the last one at an earlier time: it has to be there still.
    """
    chain = list(entries(db))
    found = [*faults(chain), *_document_faults(db, chain), *_standing_faults(db, chain)]
    if expected_head and expected_head not in {entry.hash for entry in chain}:
        found.append("the entry with the expected hash is gone: the end of the record was cut off")
    return Verdict(len(chain), chain[-1].hash if chain else GENESIS, tuple(found))


def now() -> str:
    """Time as it is written in the record."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _document_faults(db: Connection, chain: list[Entry]) -> Iterator[str]:
    whole = set()
    for digest, content in db.execute(sql.select(document.c.sha256, document.c.content)):
        if isinstance(content, bytes) and sha256(content) == digest:
            whole.add(digest)
        else:
            yield f"the document {digest[:12]} was changed after it was written"
    for entry in chain:
        for digest in _named(entry):
            if digest not in whole:
                yield f"entry {entry.seq} names the document {digest[:12]}, which is not there"


def _named(entry: Entry) -> list[str]:
    try:
        content = json.loads(entry.content)
    except ValueError:  # changed by hand: the chain tells
        return []
    kept = content.get("kept", {}) if isinstance(content, dict) else {}
    return list(kept.values())


def _standing_faults(db: Connection, chain: list[Entry]) -> Iterator[str]:
    known = {entry.seq: entry for entry in chain}
    for row in db.execute(sql.select(standing)):
        entry = known.get(row.version) if row.version else None
        if row.version and (entry is None or entry.study != row.study):
            yield f"a study stands where entry {row.version} left it, which is not in the record"
