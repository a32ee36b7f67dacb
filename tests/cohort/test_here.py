"""Processes that run studies: each dies alone, and none outlives the one that started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from presight.cohort.here import run_in_processes
from presight.cohort.outcome import Outcome


def succeed(work, watch):
    watch("read")
    return Outcome(work.files, why=str(os.getpid()))


def die_once(work, watch):
    """Kill the own process while study 01 is run for the first time."""
    mark = Path(work.files.flair).with_suffix(".tried")
    if work.files.subject == "01" and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return Outcome(work.files, why="well")


def die_always(work, watch):
    if work.files.subject == "01":
        os.kill(os.getpid(), signal.SIGKILL)
    return Outcome(work.files, why="well")


def run(works, function, jobs=2):
    stages = []
    outcomes = run_in_processes(
        works, lambda files, s: stages.append((files.stem, s)), jobs, function
    )
    return {outcome.study.stem: outcome for outcome in outcomes}, stages


def test_every_study_is_run_once_and_progress_comes_through(make_works):
    outcomes, stages = run(make_works(5), succeed)
    assert sorted(outcomes) == [f"sub-{n:02d}" for n in range(5)]
    assert len({outcome.why for outcome in outcomes.values()}) == 2  # two processes, reused
    for stem in outcomes:
        assert [stage for study, stage in stages if study == stem] == ["read", "done"]


def test_a_study_whose_process_was_killed_is_tried_again(make_works):
    outcomes, _ = run(make_works(4), die_once)
    assert {outcome.why for outcome in outcomes.values()} == {"well"}


def test_a_study_that_kills_every_process_fails_alone(make_works):
    outcomes, _ = run(make_works(4), die_always)
    failure = outcomes["sub-01"].failure
    assert "signal 9" in failure.sentence
    assert "memory" in failure.sentence
    assert [o.why for stem, o in sorted(outcomes.items()) if stem != "sub-01"] == ["well"] * 3


SLEEPER = """
import sys, time
sys.path.insert(0, {folder!r})
from pathlib import Path
from presight.cohort.here import run_in_processes
from presight.cohort.options import RunOptions
from presight.cohort.outcome import Outcome
from presight.cohort.work import Work
from presight.study import ClinicalRecord, StudyInput
from sleeper import sleep

if __name__ == "__main__":
    options = RunOptions(Path("out"), Path("bundle"))
    works = [Work(StudyInput(str(n), Path("x")), ClinicalRecord(), options, "") for n in range(2)]
    list(run_in_processes(works, lambda *_: None, 2, sleep))
"""
SLEEP = """
import os, time
from pathlib import Path

def sleep(work, watch):
    Path(__file__).with_name(f"{os.getpid()}.pid").touch()
    time.sleep(600)
"""


def test_a_killed_run_leaves_no_process_behind(tmp_path):
    (tmp_path / "sleeper.py").write_text(SLEEP)
    script = tmp_path / "main.py"
    script.write_text(SLEEPER.format(folder=str(tmp_path)))
    parent = subprocess.Popen([sys.executable, str(script)])
    while len(pids := list(tmp_path.glob("*.pid"))) < 2:
        time.sleep(0.1)
    parent.kill()
    parent.wait()
    for _ in range(1200):
        if not any(Path(f"/proc/{path.stem}").exists() for path in pids):
            return
        time.sleep(0.05)
    raise AssertionError("a process outlived the run")
