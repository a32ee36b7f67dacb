"""One study of a cohort, from its files to its results: the same in every process that runs one."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

from presight.cohort.fingerprint import changes, file_sha256, fingerprint, ingredients
from presight.cohort.locks import Busy, lock
from presight.cohort.options import RunOptions
from presight.cohort.outcome import Outcome, answer, failed
from presight.cohort.staging import staged
from presight.config import load_config, overridden
from presight.dicom.folder import discard_dicom
from presight.dicom.stack import Stack
from presight.errors import ConfigError, InputError, PresightError
from presight.follow_up.sources import Source, days_to, find_prior, load_source
from presight.follow_up.trend import trend
from presight.follow_up.write import discard_change, write_change
from presight.preprocess.anatomy_bundle import anatomy_weights
from presight.report.derivatives import StudyFiles, discard_study, study_files, write_study
from presight.report.result import StudyResult
from presight.run import Prior, Stopwatch, peak_memory_mb, run_study
from presight.score import Assessment, assess
from presight.segment import Bundle, load_bundle
from presight.study import ClinicalRecord, Contrast, StudyInput, load_study
from presight.warm import importing, make_ready

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Work:
    """One study and all that a process needs to run it; travels between processes.

    Attributes
    ----------
    files : StudyInput
    record : ClinicalRecord
    options : RunOptions
    weights_sha256 : str
        Of the model that the run began with.
    before : mapping of str to str
        What the last result was made from, as far as the ledger knows.
    wait : bool
        Whether to wait where another run is at work on the study.
    """

    files: StudyInput
    record: ClinicalRecord
    options: RunOptions
    weights_sha256: str
    before: Mapping[str, str] = field(default_factory=dict)
    wait: bool = False


def do(work: Work, watch: Callable[[str], None] = lambda _stage: None) -> Outcome:
    """Run a study, unless its result is there already or another run is at work on it.

    Whatever goes wrong becomes a failure of this study: nothing is raised but what ends a process.

    Parameters
    ----------
    work : Work
    watch : callable of str
        Told the name of every stage as it begins.
    """
    clock = Stopwatch(watch)
    try:
        with (
            overridden(work.options.settings),
            lock(work.options.out, work.files.stem, wait=work.wait),
        ):
            return _do(work, clock)
    except Busy:
        return Outcome(work.files)
    except PresightError as error:
        return failed(work.files, error, clock.stage, clock.seconds)
    except Exception as error:  # a cohort goes on whatever one study does
        _log.debug("study stopped in %s", clock.stage, exc_info=True)
        return failed(work.files, _unforeseen(error), clock.stage, clock.seconds)


def look(work: Work) -> Outcome:
    """Say what :func:`do` would do, and do nothing: kept, or why it is to be run.

    Raises
    ------
    InputError
        A file cannot be read.
    """
    made_from = _made_from(work, _prior_source(work))
    if kept := _kept(work, made_from):
        return kept
    return Outcome(work.files, why=_why(work, made_from), made_from=made_from)


def _do(work: Work, clock: Stopwatch) -> Outcome:
    files, options = work.files, work.options
    earlier = _prior_source(work)
    made_from = _made_from(work, earlier)
    if kept := _kept(work, made_from):
        return kept
    why = _why(work, made_from)
    _discard(work)  # an older result no longer belongs to this input
    with _loading(work) as model:
        result = run_study(
            lambda: load_study(files, work.record),
            model,
            clock,
            score=partial(assess, setting=options.setting, without=options.without),
            prior=_prior(work, earlier, model) if earlier else None,
            device=options.device,
            settings=options.that_matter,
            fingerprint=fingerprint(made_from),
        )
    with clock("report"):
        written = _write(result, work)
    return Outcome(
        files,
        clock.seconds,
        answer(result.assessment),
        why=why,
        made_from=made_from,
        report=written.report,
        peak_memory_mb=peak_memory_mb(),
    )


def _write(result: StudyResult, work: Work) -> StudyFiles:
    """Write a result, what changed since the prior scan and the DICOM objects: all or none."""
    out = work.options.out
    try:
        with staged(out, work.files.stem) as aside:
            if comparison := result.comparison:
                course = trend((comparison.before, comparison.after), (comparison,))
                write_change(comparison, aside, course)
            if work.options.dicom:
                _write_dicom(result, work, aside)
            write_study(result, aside)
    except BaseException:
        _discard(work)
        raise
    return study_files(result.study, out)


def _discard(work: Work) -> None:
    """Take away what there is of a study, of this run or an older one."""
    files, out = work.files, work.options.out
    discard_study(files, out)
    discard_change(files.subject, files.session, out)
    discard_dicom(files, out)


def _write_dicom(result: StudyResult, work: Work, out: Path) -> None:
    stack = work.files.images.get(Contrast.FLAIR)
    if not isinstance(stack, Stack):
        raise InputError(
            "DICOM results were asked for, and the FLAIR did not come as DICOM",
            where=work.files.flair,
            action="Give the DICOM series, or leave out --dicom",
        )
    # highdicom takes a second to import, which other runs need not wait for
    from presight.dicom.write import write_dicom  # noqa: PLC0415

    write_dicom(result, stack, out, with_anatomy=work.options.dicom_anatomy)


def _made_from(work: Work, earlier: Source | None) -> dict[str, str]:
    parts = ingredients(work.files, work.record, work.weights_sha256, work.options.that_matter)
    with overridden(work.options.settings):
        parts["anatomy weights"] = anatomy_weights(load_config("preprocess.yaml")["anatomy"])
    if earlier:
        parts["prior"] = _prior_sha256(earlier)
    return parts


def _prior_source(work: Work) -> Source | None:
    return find_prior(work.options.prior, work.files) if work.options.prior else None


def _prior_sha256(source: Source) -> str:
    if source.results:
        return file_sha256(study_files(source.files, source.results).assessment)
    return fingerprint(ingredients(source.files, ClinicalRecord(), "", {}))


def _prior(work: Work, earlier: Source, model: Callable[[], Bundle]) -> Prior:
    """Say how the earlier scan of the study's patient is read, and how long ago it was.

    The days are those that a person said, else those between the dates in headers or sessions.
    """
    said = work.options.days_since_prior
    days = said if said is not None else days_to(earlier, work.files)
    return Prior(lambda: load_source(earlier, model(), work.options.device), days)


def _kept(work: Work, made_from: Mapping[str, str]) -> Outcome | None:
    """Return the result of an earlier run, if it was made from just the same things."""
    if not work.options.resume:
        return None
    written = study_files(work.files, work.options.out)
    with suppress(OSError, ValueError, KeyError):
        content = json.loads(written.assessment.read_text(encoding="utf-8"))
        if content.pop("provenance")["fingerprint"] == fingerprint(made_from):
            found = answer(Assessment.model_validate(content))
            return Outcome(
                work.files,
                classification=found,
                kept=True,
                made_from=made_from,
                report=written.report,
            )
    return None


def _why(work: Work, made_from: Mapping[str, str]) -> str:
    if not study_files(work.files, work.options.out).complete:
        return "new"
    if not work.options.resume:
        return "asked for"
    if not work.before:
        return "changed: no record of what the result was made from"
    return f"changed: {', '.join(changes(work.before, made_from)) or 'the result itself'}"


@contextmanager
def _loading(work: Work) -> Iterator[Callable[[], Bundle]]:
    """Load the model beside the first stages, which do without it: its libraries take seconds."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        model = pool.submit(_model, work.options.bundle, work.weights_sha256, work.options.device)
        pool.submit(make_ready)
        yield model.result


@lru_cache(maxsize=1)
def _model(folder: Path, sha256: str, device: str) -> Bundle:
    """Load the model once a process.

    Raises
    ------
    ConfigError
        It is not the one that the run began with.
    """
    with importing():
        bundle = load_bundle(folder, device)
    if bundle.sha256 != sha256:
        raise ConfigError(
            "the weights are not those that the run began with",
            where=folder,
            expected=f"sha256 {sha256[:12]}...",
            action="Install the same presight and the same bundle on every machine",
        )
    return bundle


def _unforeseen(error: Exception) -> PresightError:
    return PresightError(
        f"something unforeseen happened ({type(error).__name__}: {error})",
        action="Run again with --verbose and report what it prints",
    )
