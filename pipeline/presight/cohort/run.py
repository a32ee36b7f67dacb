"""Run a plan of studies into one output folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import Any

from presight import __version__
from presight.cohort.cluster import run_on_cluster
from presight.cohort.group import write_group
from presight.cohort.here import run_in_processes, run_one_by_one
from presight.cohort.history import History
from presight.cohort.ledger import DONE, FAILED, KEPT, Ledger, open_ledger, read_ledger
from presight.cohort.options import RunOptions
from presight.cohort.outcome import Outcome, Progress, failed, refused
from presight.cohort.threads import jobs_for
from presight.cohort.work import Work, look
from presight.config import load_config
from presight.errors import PresightError
from presight.report.bids import write_dataset
from presight.run import STAGES
from presight.segment import BundleIdentity
from presight.segment.device import device_name
from presight.study import ClinicalRecord, StudyInput
from presight.study.inputs import Plan

Clinical = Callable[[StudyInput], ClinicalRecord]


def run_cohort(
    plan: Plan,
    clinical: Clinical,
    bundle: BundleIdentity,
    options: RunOptions,
    progress: Progress = lambda _study, _stage: None,
) -> list[Outcome]:
    """Run every study of a plan, write its results, and the tables of all of them at the end.

    Studies that another run on the same folder is at work on come last: by then their results are
    there. So do studies during which an earlier run was killed, so that one that kills every run
    does not stand in the way of the others.

    Parameters
    ----------
    plan : Plan
    clinical : callable
        Gives the clinical record of a study.
    bundle : BundleIdentity
        The segmentation model.
    options : RunOptions
    progress : callable of (study, stage)
        Told whenever a study enters a stage, and of the stage ``"done"`` at its end.

    Returns
    -------
    list of Outcome
        One for each refused input and each study, in the order of the plan.

    Raises
    ------
    ConfigError
        The device or the cluster is not there.
    OutputError
        The output folder cannot be written to.
    """
    # A cluster has devices of its own, which its workers look for.
    device = options.device if options.scheduler else device_name(options.device)
    write_dataset(options.out)  # an output folder that cannot be written is found out at once
    history = History.of(read_ledger(options.out))
    works, outcomes = _prepare(plan, clinical, bundle, options, history)
    about = _about(bundle, device, options, outcomes)
    with open_ledger(options.out, [work.files.stem for work in works], **about) as ledger:
        try:
            for outcome in _run_all(works, options, _noting(ledger, progress)):
                _note(ledger, outcome)
                outcomes.append(outcome)
        finally:  # also after Ctrl-C: the tables tell what is there
            if options.group:
                write_group(options.out, options.labels)
    places = {study.stem: place for place, study in enumerate(plan.studies)}
    return sorted(outcomes, key=lambda outcome: places.get(outcome.study.stem, -1))


def plan_cohort(
    plan: Plan, clinical: Clinical, bundle: BundleIdentity, options: RunOptions
) -> Iterator[Outcome]:
    """Say what :func:`run_cohort` would do with each study, and do nothing.

    Yields
    ------
    Outcome
        Kept; or with the reason why it would be run; or a failure that is clear already.
    """
    history = History.of(read_ledger(options.out))
    works, outcomes = _prepare(plan, clinical, bundle, options, history)
    yield from outcomes
    yield from (_looked(work) for work in works)


def _looked(work: Work) -> Outcome:
    try:
        return look(work)
    except PresightError as error:
        return failed(work.files, error, STAGES[0])


def _prepare(
    plan: Plan, clinical: Clinical, bundle: BundleIdentity, options: RunOptions, history: History
) -> tuple[list[Work], list[Outcome]]:
    """Sort a plan into what can be run, in order, and what is refused already."""
    works = []
    outcomes = [refused(path, error) for path, error in plan.refused]
    for files in history.interrupted_last(plan.studies):
        try:
            record = clinical(files)
        except PresightError as error:
            outcomes.append(failed(files, error, STAGES[0]))
        else:
            before = history.made_from(files.stem)
            works.append(Work(files, record, options, bundle.sha256, before))
    return works, outcomes


def _run_all(works: list[Work], options: RunOptions, progress: Progress) -> Iterator[Outcome]:
    """Run all, and at the end wait for those that another run is at work on."""
    elsewhere: set[str] = set()
    for outcome in _run(works, options, progress):
        if outcome.busy:
            elsewhere.add(outcome.study.stem)
        else:
            yield outcome
    patient = [replace(work, wait=True) for work in works if work.files.stem in elsewhere]
    yield from _run(patient, options, progress)


def _run(works: list[Work], options: RunOptions, progress: Progress) -> Iterator[Outcome]:
    if not works:
        return iter(())
    if options.scheduler:
        return run_on_cluster(works, progress, options.scheduler)
    jobs = min(options.jobs or jobs_for(len(works)), len(works))
    if jobs == 1:
        return run_one_by_one(works, progress)
    return run_in_processes(works, progress, jobs)


def _about(
    bundle: BundleIdentity, device: str, options: RunOptions, outcomes: list[Outcome]
) -> dict[str, Any]:
    """Facts of the run as a whole for the ledger."""
    anatomy = load_config("preprocess.yaml")["anatomy"]
    return {
        "presight": __version__,
        "bundle": {"name": bundle.name, "version": bundle.version, "sha256": bundle.sha256},
        "device": device,
        "settings": options.that_matter,
        "anatomy": {name: anatomy[name] for name in ("method", "because")},
        "refused": [asdict(outcome.failure) for outcome in outcomes if outcome.failure],
    }


def _noting(ledger: Ledger, progress: Progress) -> Progress:
    """Note in the ledger that a study begins, and pass everything on."""

    def note(study: StudyInput, stage: str) -> None:
        if stage == STAGES[0]:
            ledger.begun(study.stem)
        progress(study, stage)

    return note


def _note(ledger: Ledger, outcome: Outcome) -> None:
    if outcome.failure:
        about: dict[str, Any] = {"failure": asdict(outcome.failure)}
    elif outcome.kept:
        about = {}
    else:
        about = {
            "why": outcome.why,
            "label": outcome.classification.label if outcome.classification else None,
            "peak_memory_mb": outcome.peak_memory_mb,
            "made_from": dict(outcome.made_from),
        }
    seconds = {stage: round(value, 3) for stage, value in outcome.seconds.items()}
    ledger.write(_event(outcome), study=outcome.study.stem, seconds=seconds, **about)


def _event(outcome: Outcome) -> str:
    if outcome.failure:
        return FAILED
    return KEPT if outcome.kept else DONE
