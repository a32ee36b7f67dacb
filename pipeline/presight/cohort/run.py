"""Run a plan of studies into one output folder."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from presight.cohort.fingerprint import fingerprint
from presight.errors import InputError, PresightError
from presight.report.bids import write_dataset
from presight.report.derivatives import study_files, write_study
from presight.report.tables import Failure, write_failures, write_run_json, write_tables
from presight.run import Stopwatch, peak_memory_mb, run_study
from presight.score import Assessment, assess
from presight.segment import Bundle
from presight.segment.device import select_device
from presight.study import ClinicalRecord, StudyInput, load_study
from presight.study.inputs import Plan

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunOptions:
    """How to run.

    Attributes
    ----------
    out : Path
        Folder for the results.
    device : {"auto", "cpu", "cuda"}
    resume : bool
        Keep a study whose result already stands there and was made from the same input files,
        clinical values, weights and settings.
    settings : mapping
        What stands over the shipped configuration.
    setting : str or None
        Prior to start from, of ``configs/evidence/prior.yaml``.
    without : tuple of str
        Facts to leave out of the score.
    """

    out: Path
    device: str = "auto"
    resume: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict)
    setting: str | None = None
    without: tuple[str, ...] = ()

    @property
    def that_matter(self) -> dict[str, Any]:
        """What a result depends on: written beside it, and part of its fingerprint."""
        chosen = {"setting": self.setting, "without": list(self.without)}
        return {**self.settings, **{key: value for key, value in chosen.items() if value}}


@dataclass(frozen=True)
class Outcome:
    """What became of one study: an assessment, or a failure."""

    study: StudyInput
    seconds: Mapping[str, float]
    assessment: Assessment | None = None
    failure: Failure | None = None
    kept: bool = False  # its result was there already
    report: Path | None = None


Progress = Callable[[StudyInput, str], None]


def run_cohort(
    plan: Plan,
    clinical: Callable[[StudyInput], ClinicalRecord],
    bundle: Bundle,
    options: RunOptions,
    progress: Progress = lambda _study, _stage: None,
) -> list[Outcome]:
    """Run every study of a plan, write its results, and the tables of all of them at the end.

    Parameters
    ----------
    plan : Plan
    clinical : callable
        Gives the clinical record of a study.
    bundle : Bundle
        The segmentation model.
    options : RunOptions
    progress : callable of (study, stage)
        Told whenever a study enters a stage.

    Returns
    -------
    list of Outcome
        One for each study and each refused input, in the order of the plan.

    Raises
    ------
    OutputError
        The output folder cannot be written to.
    """
    select_device(options.device)
    write_dataset(options.out)  # an output folder that cannot be written is found out at once
    outcomes = [_refused(path, error) for path, error in plan.refused]
    try:
        for study in plan.studies:
            outcomes.append(_run_one(study, clinical, bundle, options, progress))
    finally:  # also after Ctrl-C: the tables tell what is there
        _write_summary(outcomes, bundle, options)
    return outcomes


def _run_one(
    files: StudyInput,
    clinical: Callable[[StudyInput], ClinicalRecord],
    bundle: Bundle,
    options: RunOptions,
    progress: Progress,
) -> Outcome:
    clock = Stopwatch(lambda stage: progress(files, stage))
    try:
        record = clinical(files)
        mark = fingerprint(files, record, bundle.sha256, options.that_matter)
        if options.resume and (kept := _kept(files, mark, options.out)):
            return kept
        _forget(files, options.out)
        result = run_study(
            lambda: load_study(files, record),
            bundle,
            clock,
            score=partial(assess, setting=options.setting, without=options.without),
            device=options.device,
            settings=options.that_matter,
            fingerprint=mark,
        )
        with clock("report"):
            written = write_study(result, options.out)
    except PresightError as error:
        return _failed(files, clock, error)
    except Exception as error:  # a cohort goes on whatever one study does
        _log.debug("study stopped in %s", clock.stage, exc_info=True)
        return _failed(files, clock, _unforeseen(error))
    return Outcome(files, clock.seconds, result.assessment, report=written.report)


def _kept(files: StudyInput, mark: str, out: Path) -> Outcome | None:
    """Return the result of an earlier run, if it was made from just the same things."""
    written = study_files(files, out)
    with suppress(OSError, ValueError, KeyError):
        content = json.loads(written.assessment.read_text(encoding="utf-8"))
        if content.pop("provenance")["fingerprint"] == mark:
            assessment = Assessment.model_validate(content)
            return Outcome(files, {}, assessment, kept=True, report=written.report)
    return None


def _forget(files: StudyInput, out: Path) -> None:
    """Take away the mark of completeness of an older result: it no longer belongs to this input."""
    with suppress(OSError):
        study_files(files, out).assessment.unlink(missing_ok=True)


def _failed(files: StudyInput, clock: Stopwatch, error: PresightError) -> Outcome:
    failure = Failure(
        study=files.stem,
        input=files.flair.name,
        stage=clock.stage,
        kind=type(error).__name__,
        sentence=_without_folders(error),
    )
    return Outcome(files, clock.seconds, failure=failure)


def _refused(path: Path, error: InputError) -> Outcome:
    study = StudyInput("unnamed", path)
    failure = Failure(
        study="n/a",
        input=path.name,
        stage="read",
        kind=type(error).__name__,
        sentence=_without_folders(error),
    )
    return Outcome(study, {}, failure=failure)


def _without_folders(error: PresightError) -> str:
    """Keep the file's name alone: a folder on somebody's disk can carry a patient's name."""
    if not isinstance(error.where, Path):
        return str(error)
    return str(error).replace(str(error.where), error.where.name)


def _unforeseen(error: Exception) -> PresightError:
    return PresightError(
        f"something unforeseen happened ({type(error).__name__}: {error})",
        action="Run again with --verbose and report what it prints",
    )


def _write_summary(outcomes: list[Outcome], bundle: Bundle, options: RunOptions) -> None:
    write_tables(options.out)
    write_failures(options.out, [o.failure for o in outcomes if o.failure])
    write_run_json(
        options.out,
        bundle=bundle,
        device=str(select_device(options.device)),
        settings=options.that_matter,
        seconds={o.study.stem: o.seconds for o in outcomes if o.assessment},
        peak_memory_mb=peak_memory_mb(),
    )
