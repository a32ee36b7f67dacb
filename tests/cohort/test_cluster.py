"""A real Dask scheduler with two worker processes, one of which dies."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from presight.cohort.cluster import run_on_cluster
from presight.cohort.outcome import Outcome
from presight.errors import ConfigError

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def address():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address


def note_and_return(work) -> Outcome:
    """Leave a line for every time that the study is run."""
    with Path(work.files.flair).with_suffix(".runs").open("a") as file:
        file.write(f"{os.getpid()}\n")
    time.sleep(0.1)
    return Outcome(work.files, why=str(os.getpid()))


def die_once(work) -> Outcome:
    """Kill the worker while study 03 is run for the first time."""
    outcome = note_and_return(work)
    mark = Path(work.files.flair).with_suffix(".tried")
    if work.files.subject == "03" and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return outcome


def die_always(work) -> Outcome:
    if work.files.subject == "01":
        os.kill(os.getpid(), signal.SIGKILL)
    return Outcome(work.files, why="well")


def test_a_dead_worker_loses_nothing_and_what_others_did_is_not_done_again(make_works, address):
    works = make_works(12)
    seen = []
    outcomes = list(run_on_cluster(works, lambda f, s: seen.append((f.stem, s)), address, die_once))
    assert sorted(outcome.study.stem for outcome in outcomes) == [w.files.stem for w in works]
    assert not any(outcome.failure for outcome in outcomes)
    runs = {
        work.files.stem: work.files.flair.with_suffix(".runs").read_text().split() for work in works
    }
    dead = runs["sub-03"][0]
    again = [stem for stem, processes in runs.items() if len(processes) > 1]
    assert "sub-03" in again
    assert all(runs[stem][0] == dead for stem in again)
    assert [stage for stem, stage in seen if stem == "sub-00"] == ["read", "done"]


def test_a_study_that_kills_every_worker_is_given_up_alone(make_works, address):
    with distributed.Client(address) as client:
        client.run_on_scheduler(_one_death_is_enough)
    outcomes = {o.study.stem: o for o in run_on_cluster(make_works(4), ignore, address, die_always)}
    assert "KilledWorker" in outcomes["sub-01"].failure.sentence
    assert [o.why for stem, o in sorted(outcomes.items()) if stem != "sub-01"] == ["well"] * 3


def _one_death_is_enough(dask_scheduler) -> None:
    dask_scheduler.allowed_failures = 0


def ignore(_study, _stage) -> None:
    pass


def test_a_scheduler_that_is_not_there_is_said(make_works):
    with pytest.raises(ConfigError, match="the scheduler does not answer"):
        list(run_on_cluster(make_works(1), ignore, "tcp://127.0.0.1:9"))
