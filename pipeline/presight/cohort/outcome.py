"""What became of one study of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from presight.errors import PresightError
from presight.report.tables import Failure
from presight.score import Assessment
from presight.score.assessment import Classification
from presight.study import StudyInput

DONE = "done"  # after the last of presight.run.STAGES
Progress = Callable[[StudyInput, str], None]


@dataclass(frozen=True)
class Outcome:
    """An answer, a failure, or neither where another run is at work on the study.

    It is small, because a cohort keeps one of every study: the rest is on disk.

    Attributes
    ----------
    study : StudyInput
    seconds : mapping of str to float
        Time of each stage.
    classification : Classification or None
        The answer, without what each fact contributed to it.
    failure : Failure or None
    kept : bool
        The result was there already, made from the very same things.
    why : str
        Why the study was run: ``"new"``, ``"changed: flair"``.
    made_from : mapping of str to str
        Hashes of what went in (:func:`presight.cohort.fingerprint.ingredients`).
    report : Path or None
        The page.
    peak_memory_mb : float or None
        Of the process, so far.
    """

    study: StudyInput
    seconds: Mapping[str, float] = field(default_factory=dict)
    classification: Classification | None = None
    failure: Failure | None = None
    kept: bool = False
    why: str = ""
    made_from: Mapping[str, str] = field(default_factory=dict)
    report: Path | None = None
    peak_memory_mb: float | None = None

    @property
    def busy(self) -> bool:
        """Whether another run holds the study."""
        return self.classification is None and self.failure is None


def answer(assessment: Assessment) -> Classification:
    """Return the classification alone: label, probabilities, intervals and the reason."""
    return assessment.classification.model_copy(update={"contributions": (), "weights": ()})


def failed(
    study: StudyInput, error: PresightError, stage: str, seconds: Mapping[str, float] | None = None
) -> Outcome:
    """Make the outcome of a study that could not be brought to its end."""
    sentence = _without_folders(error)
    failure = Failure(study.stem, study.flair.name, stage, type(error).__name__, sentence)
    return Outcome(study, seconds or {}, failure=failure)


def refused(path: Path, error: PresightError) -> Outcome:
    """Make the outcome of an input that is no study."""
    failure = Failure("n/a", path.name, "read", type(error).__name__, _without_folders(error))
    return Outcome(StudyInput("unnamed", path), failure=failure)


def _without_folders(error: PresightError) -> str:
    """Keep the file's name alone: a folder on somebody's disk can carry a patient's name."""
    if not isinstance(error.where, Path):
        return str(error)
    return str(error).replace(str(error.where), error.where.name)
