"""The ledger tells of every run, whatever happened to it."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from presight.cohort.history import History
from presight.cohort.ledger import open_ledger, read_ledger
from presight.cohort.locks import Busy, is_held, lock
from presight.cohort.status import status_of
from presight.errors import InputError, OutputError

FAILURE = {"input": "x.nii", "stage": "read", "kind": "InputError", "sentence": "Broken."}


def hold(out: Path, name: str) -> None:
    with lock(out, name, wait=True):
        (out / f"{name}.held").touch()
        time.sleep(60)


def run_until_killed(out: Path, studies: list[str]) -> None:
    with open_ledger(out, studies) as ledger:
        ledger.begun(studies[0])
        ledger.write("done", study=studies[0], seconds={"read": 1.0}, made_from={"flair": "aa"})
        ledger.begun(studies[1])
        (out / "begun").touch()
        time.sleep(60)


@pytest.fixture
def start():
    """Start a function in a process of its own; it is killed at the end at the latest."""
    started = []

    def start(function, *args):
        process = multiprocessing.get_context("spawn").Process(target=function, args=args)
        process.start()
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.join()


def wait_for(path: Path) -> None:
    for _ in range(2400):
        if path.exists():
            return
        time.sleep(0.05)
    raise AssertionError(f"{path} never came")


def test_a_run_that_ends_well_is_told_whole(tmp_path):
    with open_ledger(tmp_path, ["sub-1", "sub-2"], bundle={"name": "b"}) as ledger:
        ledger.begun("sub-1")
        ledger.write("done", study="sub-1", seconds={"read": 1.0})
        ledger.write("failed", study="sub-2", failure={"study": "sub-2", **FAILURE})
    (run,) = read_ledger(tmp_path)
    assert (run.number, run.alive, run.header["bundle"]) == (1, False, {"name": "b"})
    history = History.of([run])
    assert history.seconds() == {"sub-1": {"read": 1.0}}
    assert [failure.study for failure in history.failures()] == ["sub-2"]
    assert history.interrupted == frozenset()


def test_later_runs_stand_over_earlier_ones(tmp_path):
    with open_ledger(tmp_path, ["sub-1"]) as ledger:
        ledger.write("failed", study="sub-1", failure={"study": "sub-1", **FAILURE})
    with open_ledger(tmp_path, ["sub-1"]) as ledger:
        ledger.write("done", study="sub-1", seconds={}, made_from={"flair": "bb"})
    history = History.of(read_ledger(tmp_path))
    assert history.failures() == []
    assert history.made_from("sub-1") == {"flair": "bb"}


def test_a_killed_run_is_seen_as_alive_before_and_as_interrupted_after(tmp_path, start):
    process = start(run_until_killed, tmp_path, ["sub-1", "sub-2", "sub-3"])
    wait_for(tmp_path / "begun")
    (run,) = read_ledger(tmp_path)
    assert run.alive
    status = status_of(tmp_path)
    assert (status.complete, status.running, status.left) == (1, ("sub-2",), 2)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    runs = read_ledger(tmp_path)
    assert not runs[0].alive
    assert History.of(runs).interrupted == {"sub-2"}
    assert status_of(tmp_path).running == ()


def test_a_line_cut_off_by_a_crash_harms_no_other(tmp_path):
    with open_ledger(tmp_path, ["sub-1"]) as ledger:
        ledger.write("done", study="sub-1", seconds={})
    path = next((tmp_path / ".presight/runs").glob("*.jsonl"))
    path.write_bytes(path.read_bytes() + b'{"event": "done", "stu\xff')
    (run,) = read_ledger(tmp_path)
    assert [event["study"] for event in run.events] == ["sub-1"]


def test_two_runs_beside_each_other_have_a_ledger_each(tmp_path):
    with open_ledger(tmp_path, ["sub-1"]) as one, open_ledger(tmp_path, ["sub-2"]) as other:
        other.write("done", study="sub-2", seconds={})
        one.write("done", study="sub-1", seconds={})
    assert [run.number for run in read_ledger(tmp_path)] == [1, 2]
    assert status_of(tmp_path).complete == 2


def test_the_rate_comes_from_the_runs_own_clock(tmp_path, monkeypatch):
    with open_ledger(tmp_path, [f"sub-{n}" for n in range(4)]) as ledger:
        for n in range(2):
            ledger.write("done", study=f"sub-{n}", seconds={})
        path = next((tmp_path / ".presight/runs").glob("*.jsonl"))
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        lines[0]["at"] = "1970-01-01T00:00:00+00:00"  # somebody set the clock back
        lines[-1]["t"] = 30.0
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        status = status_of(tmp_path)
    assert status.per_minute == pytest.approx(4)
    assert status.minutes_left == pytest.approx(0.5)


def test_a_lock_keeps_others_out_until_its_process_dies(tmp_path, start):
    process = start(hold, tmp_path, "sub-1")
    wait_for(tmp_path / "sub-1.held")
    assert is_held(tmp_path, "sub-1")
    with pytest.raises(Busy), lock(tmp_path, "sub-1", wait=False):
        pass
    with lock(tmp_path, "sub-2", wait=False):
        pass
    os.kill(process.pid, signal.SIGKILL)
    with lock(tmp_path, "sub-1", wait=True):
        pass


def test_an_output_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError), open_ledger(tmp_path / "file" / "out", []):
        pass


def test_a_folder_that_no_run_has_been_in_is_said(tmp_path):
    with pytest.raises(InputError, match="no run has been here"):
        status_of(tmp_path)
