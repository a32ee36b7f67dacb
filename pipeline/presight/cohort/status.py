"""How far the work on an output folder is, also while it goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from presight.cohort.history import History, is_end
from presight.cohort.ledger import BEGUN, DONE, FAILED, KEPT, RunRecord, read_ledger
from presight.errors import InputError


@dataclass(frozen=True)
class Status:
    """Where a cohort stands.

    Attributes
    ----------
    planned : int
        Studies that any run planned.
    complete, failed : int
        As the last run left them that came to their end.
    running : tuple of str
        Studies that a run is at work on now.
    waiting : int
        Studies planned by a run that goes on, and not yet begun.
    left : int
        Studies that no run has brought to an end.
    runs : tuple of str
        One sentence a run that goes on; or on the last one where none does.
    per_minute : float or None
        Studies finished a minute by the runs that go on, those that were kept not counted.
    minutes_left : float or None
    failures : mapping of (str, str) to int
        By stage and kind of error.
    """

    planned: int
    complete: int
    failed: int
    running: tuple[str, ...]
    waiting: int
    left: int
    runs: tuple[str, ...]
    per_minute: float | None
    minutes_left: float | None
    failures: dict[tuple[str, str], int]


def status_of(out: Path) -> Status:
    """Read the ledgers of an output folder; nothing is written.

    Raises
    ------
    InputError
        No run has been here.
    """
    runs = read_ledger(out)
    if not runs:
        raise InputError("no run has been here", where=out, expected="a folder given with --out")
    planned = {study for run in runs for study in run.header.get("studies", [])}
    history = History.of(runs)
    ends = {study: event["event"] for study, event in history.last.items()}
    alive = [run for run in runs if run.alive]
    waiting = _waiting(alive)
    rate = _per_minute(alive)
    return Status(
        planned=len(planned | ends.keys()),
        complete=sum(end in (DONE, KEPT) for end in ends.values()),
        failed=sum(end == FAILED for end in ends.values()),
        running=tuple(sorted(set().union(*map(_running, alive)))),
        waiting=len(waiting),
        left=len(planned - ends.keys()),
        runs=tuple(_sentence(run) for run in alive or runs[-1:]),
        per_minute=rate,
        minutes_left=len(waiting) / rate if rate else None,
        failures=dict(Counter((f.stage, f.kind) for f in history.failures())),
    )


def _running(run: RunRecord) -> set[str]:
    studies: set[str] = set()
    for event in run.events:
        if event["event"] == BEGUN:
            studies.add(event["study"])
        elif is_end(event):
            studies.discard(event["study"])
    return studies


def _waiting(alive: Iterable[RunRecord]) -> set[str]:
    """Studies that a run still has before it; another run beside it may have finished some."""
    runs = list(alive)
    ended = {event["study"] for run in runs for event in run.events if is_end(event)}
    return {study for run in runs for study in run.header.get("studies", [])} - ended


def _per_minute(alive: Iterable[RunRecord]) -> float | None:
    rates = [_rate(run) for run in alive]
    return sum(rates) or None


def _rate(run: RunRecord) -> float:
    """Studies a minute, from the run's own clock: its system clock may have been set."""
    worked = [event for event in run.events if event["event"] in (DONE, FAILED)]
    seconds = worked[-1]["t"] if worked else 0
    return 60 * len(worked) / seconds if seconds else 0.0


def _sentence(run: RunRecord) -> str:
    counts = Counter(event["event"] for event in run.events)
    state = "is going on" if run.alive else "has ended"
    begun = f"{run.header.get('at', 'an unknown time')} on {run.header.get('host', '?')}"
    return (
        f"Run {run.number}, begun {begun}, {state}: {counts[DONE]} done, {counts[KEPT]} kept, "
        f"{counts[FAILED]} failed of {len(run.header.get('studies', []))}."
    )
