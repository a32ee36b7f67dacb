"""The ledger of an output folder: what every run planned, began, finished, and why.

One file of JSON lines a run, ``.presight/runs/0001.jsonl``, written by that run alone, so that
runs beside each other cannot spoil it and a line that was cut off by a crash harms nothing. Runs
are numbered, and time is counted from a run's beginning by a clock that nobody can set: a changed
system clock changes no order and no rate. Whether a study is complete is never read here: its
``assessment.json`` says that.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from presight.cohort.locks import STATE, is_held, lock
from presight.report.atomic import output_error

_log = logging.getLogger(__name__)
BEGUN, DONE, KEPT, FAILED = "begun", "done", "kept", "failed"


class Ledger:
    """The open ledger of one run. Threads may share it.

    Attributes
    ----------
    number : int
        Of the run, from 1.
    """

    def __init__(self, path: Path) -> None:
        self.number = int(path.stem)
        self._path = path
        self._start = time.monotonic()
        self._writing = threading.Lock()

    def begun(self, study: str) -> None:
        """Note that the work on a study begins."""
        self.write(BEGUN, study=study)

    def write(self, event: str, **content: Any) -> None:
        """Append one line and flush it to disk.

        A line that cannot be written is lost, with a warning: the results do not depend on it.
        """
        elapsed = round(time.monotonic() - self._start, 3)
        line = json.dumps({"event": event, "t": elapsed, **content}, ensure_ascii=False) + "\n"
        try:
            with self._writing, self._path.open("a", encoding="utf-8") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            _log.warning("the ledger cannot be written (%s)", error.strerror)


@dataclass(frozen=True)
class RunRecord:
    """What the ledger holds of one run.

    Attributes
    ----------
    number : int
    alive : bool
        Whether the run is going on at this moment.
    header : mapping
        The first line: when, where, versions, settings, the stems of the studies planned.
    events : tuple of mapping
        The other lines in order.
    """

    number: int
    alive: bool
    header: Mapping[str, Any] = field(default_factory=dict)
    events: tuple[Mapping[str, Any], ...] = ()

    @property
    def name(self) -> str:
        """What people call it: ``run 3``."""
        return f"run {self.number}"


@contextmanager
def open_ledger(out: Path, studies: Iterable[str], **about: Any) -> Iterator[Ledger]:
    """Begin a run: give it the next number, and keep a lock for as long as it lives.

    Parameters
    ----------
    out : Path
    studies : iterable of str
        Stems of the studies that are planned.
    **about
        Further facts of the run, JSON-able.

    Raises
    ------
    OutputError
        The output folder cannot be written to.
    """
    path = _next_file(out)
    with lock(out, _lock_name(path), wait=True):
        ledger = Ledger(path)
        began = datetime.now(UTC).isoformat(timespec="seconds")
        host = {"host": platform.node(), "process": os.getpid()}
        ledger.write("run", at=began, **host, **about, studies=list(studies))
        yield ledger
        ledger.write("end")


def read_ledger(out: Path) -> list[RunRecord]:
    """Every run of an output folder, oldest first; none where there was none."""
    paths = sorted((out / STATE / "runs").glob("*.jsonl"), key=lambda path: int(path.stem))
    return [_read(out, path) for path in paths]


def _read(out: Path, path: Path) -> RunRecord:
    lines: list[dict[str, Any]] = []
    with suppress(OSError), path.open(encoding="utf-8", errors="replace") as file:
        for text in file:
            with suppress(ValueError):  # cut off by a crash
                lines.append(json.loads(text))
    header = lines[0] if lines and lines[0].get("event") == "run" else {}
    events = tuple(line for line in lines if line.get("study"))
    ended = bool(lines) and lines[-1].get("event") == "end"
    alive = not ended and is_held(out, _lock_name(path))
    return RunRecord(int(path.stem), alive, header, events)


def _next_file(out: Path) -> Path:
    folder = out / STATE / "runs"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        number = max((int(path.stem) for path in folder.glob("*.jsonl")), default=0)
        while True:
            number += 1
            with suppress(FileExistsError):
                path = folder / f"{number:04d}.jsonl"
                path.touch(exist_ok=False)
                return path
    except OSError as error:
        raise output_error(folder, error) from error


def _lock_name(path: Path) -> str:
    return f"run-{path.stem}"
