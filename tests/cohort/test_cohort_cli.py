"""The command line for cohorts: the order of a BIDS App, parts, SLURM, what a dry run says."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from presight.cli import main
from presight.cohort.ledger import open_ledger
from presight.cohort.slurm import slurm_script
from presight.commands.cohort_options import part_of
from presight.study import StudyInput
from presight.study.inputs import Plan


@pytest.fixture
def dataset(tmp_path):
    """Two subjects whose images are broken, so that running them takes no time."""
    folder = tmp_path / "bids"
    for subject in ("01", "02"):
        flair = folder / f"sub-{subject}" / "anat" / f"sub-{subject}_FLAIR.nii.gz"
        flair.parent.mkdir(parents=True)
        flair.write_text("broken")
    (folder / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.9.0"}')
    return folder


def failures(out: Path) -> list[str]:
    return [line.split("\t")[0] for line in (out / "failures.tsv").read_text().splitlines()[1:]]


def test_the_order_of_a_bids_app_runs_participants_then_the_group(dataset, tmp_path):
    out = tmp_path / "out"
    order = ["run", str(dataset), str(out)]
    assert main([*order, "participant", "--participant_label", "01", "--jobs", "1"]) == 1
    assert not (out / "failures.tsv").exists()
    assert main([*order, "participant", "--participant-label", "02", "--jobs", "1"]) == 1
    assert main([*order, "group"]) == 0
    assert failures(out) == ["sub-01", "sub-02"]


def test_a_group_without_participants_is_said(dataset, tmp_path, capsys):
    assert main(["run", str(dataset), str(tmp_path / "out"), "group"]) == 2
    assert "no run has left results here" in capsys.readouterr().err


def test_choosing_of_what_is_no_dataset_is_said(tmp_path, capsys):
    (tmp_path / "a.nii").touch()
    words = ["run", str(tmp_path), "--out", str(tmp_path / "out"), "--session-label", "a"]
    assert main(words) == 2
    assert "the input is no BIDS dataset" in capsys.readouterr().err


def test_a_dry_run_says_what_it_would_do_and_leaves_nothing(dataset, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["run", str(dataset), "--out", str(out), "--dry-run"]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == ["run    sub-01  (new)", "run    sub-02  (new)"]
    assert "2 to run, 0 to keep, 0 refused." in said.err
    assert not out.exists()


def test_status_counts_failures_by_kind(dataset, tmp_path, capsys):
    out = tmp_path / "out"
    main(["run", str(dataset), "--out", str(out), "--jobs", "1"])
    capsys.readouterr()
    assert main(["status", str(out)]) == 0
    said = capsys.readouterr().out
    assert "0 of 2 studies are complete, 2 failed, 0 have not come to an end." in said
    assert "Failed at read with InputError: 2." in said
    assert main(["status", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["failures"] == [
        {"stage": "read", "kind": "InputError", "count": 2}
    ]


def test_status_tells_time_left_while_a_run_goes_on(tmp_path, capsys):
    with open_ledger(tmp_path, ["sub-1", "sub-2"]) as ledger:
        ledger.begun("sub-1")
        main(["status", str(tmp_path)])
    said = capsys.readouterr().out
    assert "At work on: sub-1." in said
    assert "is going on" in said


def test_parts_are_disjoint_and_together_everything():
    studies = tuple(StudyInput(f"{n}", Path(f"{n}.nii")) for n in range(11))
    parts = [part_of(Plan(studies), (number, 3)).studies for number in (1, 2, 3)]
    assert sorted(len(part) for part in parts) == [3, 4, 4]
    assert {s.stem for part in parts for s in part} == {s.stem for s in studies}


def test_the_slurm_script_is_bash_that_runs_every_part_and_then_the_group(tmp_path, capsys):
    odd = tmp_path / "a b's"
    words = ["run", str(odd), "--out", str(tmp_path / "out"), "--emit-slurm", "7"]
    assert main(words) == 0
    script = capsys.readouterr().out
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    assert "--array=1-7" in script
    assert "emit-slurm" not in script
    assert "group" in script


def test_the_slurm_script_submits_both_jobs(tmp_path):
    """Run it with a `sbatch` that keeps what it is given, as the queue would be given it."""
    (tmp_path / "sbatch").write_text('#!/bin/bash\necho "$@" >>calls\ncat >>calls\necho 42\n')
    (tmp_path / "sbatch").chmod(0o755)
    script = slurm_script(["run", "bids dir", "--out", "out"], Path("/data/out"), 3)
    subprocess.run(
        ["bash"], input=script, text=True, check=True, cwd=tmp_path,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
    )  # fmt: skip
    calls = (tmp_path / "calls").read_text()
    assert "presight run 'bids dir' --out out --part \"$SLURM_ARRAY_TASK_ID\"/3" in calls
    assert "--dependency=afterany:42" in calls
    assert "presight run . /data/out group" in calls
