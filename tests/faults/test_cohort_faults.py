"""A small cohort through kills and oddities: what was whole stays whole, the rest is explained."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from broken_cohort import LIGHT_SETTINGS, contents, differences, make_cohort

from presight.cli import main
from presight.cohort.ledger import read_ledger
from presight.cohort.status import status_of

PRESIGHT = Path(sys.executable).with_name("presight")


@pytest.fixture(scope="module")
def dataset(patient_file, tmp_path_factory):
    """Three good subjects and two bad ones."""
    folder = tmp_path_factory.mktemp("dataset")
    make_cohort(folder, [patient_file], whole=3, broken=2)
    return folder


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    path = tmp_path_factory.mktemp("settings") / "light.yaml"
    path.write_text(LIGHT_SETTINGS)
    return path


def start(dataset: Path, out: Path, settings: Path) -> subprocess.Popen[str]:
    words = ["run", dataset, "--out", out, "--config", settings, "--jobs", "2", "--device", "cpu"]
    return subprocess.Popen(
        [PRESIGHT, *words], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


@pytest.fixture(scope="module")
def calm(dataset, settings, tmp_path_factory):
    """An undisturbed run."""
    out = tmp_path_factory.mktemp("calm") / "out"
    process = start(dataset, out, settings)
    said, _ = process.communicate()
    assert process.returncode == 1, said
    assert "Traceback" not in said
    return out


def test_what_is_whole_is_complete_and_the_rest_is_explained(calm):
    status = status_of(calm)
    assert (status.complete, status.failed, status.left) == (3, 2, 0)
    with (calm / "failures.tsv").open() as file:
        failures = list(csv.DictReader(file, delimiter="\t"))
    assert sorted("empty" in row["sentence"] for row in failures) == [False, True]
    assert sorted("damaged" in row["sentence"] for row in failures) == [False, True]
    assert (calm / "cohort.html").exists()


def test_the_official_validator_has_nothing_to_say(calm):
    validator = Path(sys.executable).with_name("bids-validator-deno")
    done = subprocess.run(
        [validator, calm, "--format", "json"], capture_output=True, text=True, check=False
    )
    issues = json.loads(done.stdout)["issues"]["issues"]
    assert [issue for issue in issues if issue.get("severity") == "error"] == []
    assert done.returncode == 0


def wait_until_complete(out: Path, count: int, process: subprocess.Popen[str]) -> None:
    while process.poll() is None and len(list(out.glob("sub-*/anat/*_assessment.json"))) < count:
        time.sleep(0.05)


def test_killed_and_resumed_gives_the_same_bytes(calm, dataset, settings, tmp_path):
    out = tmp_path / "out"
    for complete in (1, 2):
        process = start(dataset, out, settings)
        wait_until_complete(out, complete, process)
        assert process.poll() is None, "there was nothing left to kill"
        process.kill()
        process.communicate()
        complete_ones = {path.parent for path in out.glob("sub-*/anat/*_assessment.json")}
        assert {path.parent for path in out.glob("sub-*/anat/*_mask.nii.gz")} == complete_ones
    process = start(dataset, out, settings)
    process.communicate()
    assert process.returncode == 1
    assert differences(contents(calm), contents(out)) == []
    assert len(read_ledger(out)) in (2, 3)  # a run killed before it began leaves none


def test_a_second_run_keeps_all_and_a_changed_setting_none(calm, dataset, tmp_path, capsys):
    out = tmp_path / "out"
    shutil.copytree(calm, out)
    changed = tmp_path / "other.yaml"
    changed.write_text(LIGHT_SETTINGS.replace("[10]", "[11]"))
    light = tmp_path / "light.yaml"
    light.write_text(LIGHT_SETTINGS)
    words = ["run", str(dataset), "--out", str(out), "--dry-run", "--config"]
    assert main([*words, str(light)]) == 0
    assert capsys.readouterr().out.count("keep") == 3
    assert main([*words, str(changed)]) == 0
    assert capsys.readouterr().out.count("(changed: settings)") == 3


def test_names_of_every_kind_are_told_in_one_line_each(tmp_path, capsys):
    folder = tmp_path / "in"
    folder.mkdir()
    names = ["a b", "naïve–ü", "two\nlines", "--out", "'quoted'", "日本", "x" * 200, "%s{}"]
    for name in names:
        (folder / f"{name}.nii").write_bytes(b"broken")
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    out = tmp_path / "out"
    assert main(["run", str(folder), "--out", str(out), "--jobs", "1"]) == 1
    with (out / "failures.tsv").open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert len(rows) == len(names)
    assert "Traceback" not in capsys.readouterr().err
    assert not list(out.glob("sub-*"))
