"""Entries that each carry the hash of the one before, so that none can be changed unseen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

GENESIS = "0" * 64


@dataclass(frozen=True)
class Entry:
    """One thing that happened.

    Attributes
    ----------
    seq : int
        1, 2, 3, ... without a gap.
    at : str
        UTC time, ISO 8601.
    actor : str
        Name of the account.
    kind : str
        What happened: ``"accept"``, ``"account_created"``, ...
    study : str or None
        Name of the study in the results folder.
    content : str
        Canonical JSON.
    previous, hash : str
        Sha256 of the entry before and of this one.
    """

    seq: int
    at: str
    actor: str
    kind: str
    study: str | None
    content: str
    previous: str
    hash: str


def seal(
    last: Entry | None, *, at: str, actor: str, kind: str, study: str | None, content: Any
) -> Entry:
    """Make the entry that follows ``last``."""
    seq, previous = (last.seq + 1, last.hash) if last else (1, GENESIS)
    entry = Entry(seq, at, actor, kind, study, canonical(content), previous, "")
    return Entry(**{**asdict(entry), "hash": _hash(entry)})


def canonical(content: Any) -> str:
    """JSON with one spelling for one content: sorted keys, no spaces, no NaN."""
    return json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )


def sha256(content: bytes) -> str:
    """Sha256 of some bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def faults(entries: Iterable[Entry]) -> Iterator[str]:
    """Say every way in which a chain is not whole, in a sentence each; nothing if it is."""
    last: Entry | None = None
    for entry in entries:
        expected = last.seq + 1 if last else 1
        if entry.seq != expected:
            yield f"entry {expected} is missing: entry {entry.seq} comes in its place"
        elif entry.previous != (last.hash if last else GENESIS):
            yield f"entry {entry.seq} does not follow the entry before it"
        if entry.hash != _hash(entry):
            yield f"entry {entry.seq} was changed after it was written"
        last = entry


def _hash(entry: Entry) -> str:
    signed = {key: value for key, value in asdict(entry).items() if key != "hash"}
    return sha256(canonical(signed).encode())
