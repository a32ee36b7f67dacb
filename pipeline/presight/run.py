"""One study the whole way: read, prepare, segment, measure, score. Writing is the caller's."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from presight.follow_up.comparison import Comparison, compare
from presight.follow_up.sources import from_study
from presight.follow_up.time_point import TimePoint
from presight.measure import Findings, measure
from presight.preprocess import preprocess
from presight.report.result import ModelInfo, StudyResult, make_provenance
from presight.score import Assessment, assess
from presight.segment import Bundle, segment
from presight.segment.device import device_name
from presight.study import Study

STAGES = ("read", "preprocess", "segment", "measure", "score", "report")


@dataclass
class Stopwatch:
    """Which stage a study is in, and how long each one took.

    Attributes
    ----------
    watch : callable of str
        Told the name of every stage as it begins, for a progress bar.
    seconds : dict of str to float
    stage : str
        The stage that runs now or failed.
    """

    watch: Callable[[str], None] = lambda _stage: None
    seconds: dict[str, float] = field(default_factory=dict)
    stage: str = STAGES[0]

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Time one stage."""
        self.stage = stage
        self.watch(stage)
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = time.perf_counter() - start


@dataclass(frozen=True)
class Prior:
    """An earlier scan of the patient: what changed since then counts too.

    Attributes
    ----------
    read : callable
        Gives the scan; called when it is compared with.
    days : float or None
        Since then; None where the names of the sessions are to say it.
    """

    read: Callable[[], TimePoint]
    days: float | None = None


def run_study(
    read: Callable[[], Study],
    load_model: Callable[[], Bundle],
    clock: Stopwatch,
    *,
    score: Callable[..., Assessment] = assess,
    prior: Prior | None = None,
    device: str = "auto",
    settings: Mapping[str, Any] = MappingProxyType({}),
    fingerprint: str = "",
) -> StudyResult:
    """Take one study through the stages.

    Parameters
    ----------
    read : callable
        Gives the study; called first, so that reading is timed and its errors belong to it.
    load_model : callable
        Gives the bundle; called when the network is needed, so it may be read meanwhile.
    clock : Stopwatch
    score : callable
        The scoring stage, with options of its own filled in.
    prior : Prior, optional
    device : {"auto", "cpu", "cuda", "openvino"}
    settings : mapping
        What stands over the shipped configuration; kept with the result.
    fingerprint : str
        Hash of everything that the result depends on; kept with it.

    Raises
    ------
    PresightError
        The study cannot be run; ``clock.stage`` says where it stopped.
    """
    with clock("read"):
        study = read()
    with clock("preprocess"):
        prepared = preprocess(study, device)
    with clock("segment"):
        bundle = load_model()
        lesions = segment(prepared, bundle, device)
    with clock("measure"):
        findings = measure(prepared, lesions, study.clinical)
        comparison = None
        if prior is not None:
            current = from_study(study, prepared, lesions, findings)
            comparison = compare(prior.read(), current, prior.days)
            findings = followed_by(findings, comparison)
    with clock("score"):
        previous = comparison.before.findings if comparison else None
        assessment = score(findings, study.clinical, previous=previous)
    provenance = make_provenance(
        study,
        ModelInfo(bundle.name, bundle.version, bundle.sha256),
        settings=settings,
        device=device_name(device),
        seconds=clock.seconds,
        fingerprint=fingerprint,
        peak_memory_mb=peak_memory_mb(),
    )
    return StudyResult(study, prepared, lesions, findings, assessment, provenance, comparison)


def followed_by(findings: Findings, comparison: Comparison) -> Findings:
    """Add to the findings what became of the lesions since the earlier scan."""
    report = comparison.report
    return findings.model_copy(update={"change": report.trend, "days_since_prior": report.days})


def peak_memory_mb() -> float:
    """Most memory this process has held so far, in megabytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10
