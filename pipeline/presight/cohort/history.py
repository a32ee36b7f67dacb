"""What the ledgers of all runs say together about each study."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from presight.cohort.ledger import BEGUN, DONE, FAILED, KEPT, RunRecord
from presight.report.tables import Failure
from presight.study import StudyInput

Event = Mapping[str, Any]


@dataclass(frozen=True)
class History:
    """The last that is known of each study, by its stem.

    Attributes
    ----------
    last : mapping of str to mapping
        The event by which the last run that came to its end left it: done, kept or failed.
    done : mapping of str to mapping
        The event of the run that made its result.
    interrupted : frozenset of str
        Studies during which a run ended that never came back to them.
    """

    last: Mapping[str, Event] = field(default_factory=dict)
    done: Mapping[str, Event] = field(default_factory=dict)
    interrupted: frozenset[str] = frozenset()

    @classmethod
    def of(cls, runs: Iterable[RunRecord]) -> History:
        """Read the runs from the oldest to the newest."""
        last: dict[str, Event] = {}
        done: dict[str, Event] = {}
        open_: set[str] = set()
        for run in runs:
            for event in run.events:
                study = event["study"]
                if event["event"] == BEGUN:
                    open_ |= set() if run.alive else {study}
                    continue
                open_.discard(study)
                last[study] = event
                if event["event"] == DONE:
                    done[study] = event
        return cls(last, done, frozenset(open_))

    def made_from(self, study: str) -> dict[str, str]:
        """Hashes of what the study's result was made from, as far as that is known."""
        return dict(self.done.get(study, {}).get("made_from", {}))

    def interrupted_last(self, studies: Iterable[StudyInput]) -> list[StudyInput]:
        """Put studies that were interrupted behind the others: one of them may kill every run."""
        return sorted(studies, key=lambda study: study.stem in self.interrupted)

    def failures(self) -> list[Failure]:
        """Studies whose last run failed."""
        return [
            Failure(**event["failure"]) for event in self.last.values() if event["event"] == FAILED
        ]

    def seconds(self) -> dict[str, dict[str, float]]:
        """Time of each stage of each study, from the run that made its result."""
        return {study: event.get("seconds", {}) for study, event in self.done.items()}

    def peak_memory_mb(self) -> float | None:
        """Most memory that a process held which ran studies."""
        peaks = [event.get("peak_memory_mb") for event in self.done.values()]
        return max((peak for peak in peaks if peak is not None), default=None)


def is_end(event: Event) -> bool:
    """Whether the event ends the work on a study."""
    return event["event"] in (DONE, KEPT, FAILED)
