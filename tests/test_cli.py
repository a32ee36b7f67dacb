"""The command line as a person meets it: exit codes, sentences, what is left behind."""

from __future__ import annotations

import csv
import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from presight.cli import COMMANDS, main


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def study_files(out: Path) -> dict[str, bytes]:
    return {str(p.relative_to(out)): p.read_bytes() for p in out.glob("sub-*/**/*") if p.is_file()}


@pytest.fixture(scope="module")
def finished(patient_file, tmp_path_factory):
    """A run that went well, to look at from several sides."""
    out = tmp_path_factory.mktemp("run") / "out"
    assert main(["run", str(patient_file), "--out", str(out), "--device", "cpu"]) == 0
    return out


def test_a_run_leaves_every_file_of_the_contract(finished, patient_file):
    names = {path.name for path in finished.rglob("*") if path.is_file()}
    stem = "sub-synth00001"
    assert {
        "dataset_description.json",
        "findings.tsv",
        "assessments.tsv",
        "failures.tsv",
        "run.json",
        f"{stem}_space-orig_label-L_desc-hyperintensity_mask.nii.gz",
        f"{stem}_space-orig_label-L_desc-hyperintensity_probseg.nii.gz",
        f"{stem}_space-orig_desc-anatomy_dseg.nii.gz",
        f"{stem}_space-orig_desc-anatomy_dseg.tsv",
        f"{stem}_space-orig_res-working_desc-anatomy_dseg.nii.gz",
        f"{stem}_space-orig_desc-brain_mask.nii.gz",
        f"{stem}_desc-presight_findings.json",
        f"{stem}_desc-presight_assessment.json",
        f"{stem}_desc-presight_report.html",
    } <= names
    flair = nib.load(patient_file)
    for image in finished.glob("sub-*/anat/*.nii.gz"):
        if "_res-working_" in image.name:
            continue
        assert nib.load(image).shape == flair.shape
        np.testing.assert_allclose(nib.load(image).affine, flair.affine, atol=1e-4)


def test_run_json_tells_seconds_and_memory(finished):
    run = json.loads((finished / "run.json").read_text())
    assert set(run["seconds"]["sub-synth00001"]) == {
        "read", "preprocess", "segment", "measure", "score", "report",
    }  # fmt: skip
    assert run["peak_memory_mb"] > 100


def test_run_json_tells_how_brain_and_regions_are_found_and_why(finished):
    anatomy = json.loads((finished / "run.json").read_text())["anatomy"]
    assert anatomy["method"] == "registration"
    assert "network" in anatomy["because"]


def test_what_would_come_out_the_same_is_kept(finished, patient_file, capsys):
    before = study_files(finished)
    args = ["run", str(patient_file), "--out", str(finished), "--device", "cpu", "--json"]
    assert main(args) == 0
    assert json.loads(capsys.readouterr().out)[0]["kept"] is True
    assert study_files(finished) == before


def test_running_again_gives_the_same_bytes(finished, patient_file, tmp_path):
    assert main(["run", str(patient_file), "--out", str(tmp_path), "--device", "cpu"]) == 0
    assert study_files(tmp_path) == study_files(finished)


def test_changed_labs_are_scored_anew(finished, patient_file, tmp_path, capsys):
    out = tmp_path / "out"
    shutil.copytree(finished, out)
    clinical = tmp_path / "labs.csv"
    clinical.write_text("seizure,altered_mental_status\nyes,yes\n")
    args = ["run", str(patient_file), "--out", str(out), "--clinical", str(clinical), "--json"]
    assert main([*args, "--device", "cpu"]) == 0
    (study,) = json.loads(capsys.readouterr().out)
    assert study["kept"] is False
    before = json.loads(next(finished.glob("sub-*/anat/*assessment.json")).read_text())
    now = study["classification"]["probabilities"]
    assert now["pres"] > before["classification"]["probabilities"]["pres"]


@pytest.fixture
def mixed_folder(tmp_path, patient_file):
    """One good FLAIR and three that are broken, each in its own way."""
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(patient_file, folder / "good.nii.gz")
    (folder / "empty.nii.gz").touch()
    (folder / "cut.nii.gz").write_bytes(patient_file.read_bytes()[:20_000])
    with gzip.open(folder / "text.nii.gz", "wt") as file:
        file.write("not an image")
    return folder


def test_broken_inputs_do_not_stop_the_good_one(mixed_folder, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["run", str(mixed_folder), "--out", str(out), "--device", "cpu"]) == 1
    assert [row["input"] for row in rows(out / "failures.tsv")] == [
        "cut.nii.gz", "empty.nii.gz", "text.nii.gz",
    ]  # fmt: skip
    assert [row["participant_id"] for row in rows(out / "assessments.tsv")] == ["sub-good"]
    assert sorted(path.name for path in out.glob("sub-*")) == ["sub-good"]
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["run", "--out", "OUT"],
        ["run", "nowhere-folder/", "--out", "OUT", "--bundle", "no-such-bundle"],
        ["run", ".", "--out", "OUT", "--table", "t.csv"],
        ["run", "a.nii", "--out", "OUT", "--clinical", "no-such-table.csv"],
        ["run", "a.nii", "--out", "OUT", "--config", "no-such-settings.yaml"],
        ["run", "a.nii", "--out", "OUT", "--device", "abacus"],
    ],
)
def test_what_cannot_be_run_is_said_in_one_line(words, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([word.replace("OUT", str(tmp_path / "out")) for word in words]) == 2
    said = capsys.readouterr().err.strip()
    assert said.startswith("presight: ")
    assert "\n" not in said


def test_a_missing_file_is_a_failed_study(tmp_path):
    out = tmp_path / "out"
    assert main(["run", str(tmp_path / "gone.nii.gz"), "--out", str(out)]) == 1
    assert "no such file" in rows(out / "failures.tsv")[0]["sentence"]


def test_a_clinical_table_of_other_patients_is_refused(tmp_path, patient_file, capsys):
    table = tmp_path / "labs.csv"
    table.write_text("subject,seizure\nsomebody,yes\n")
    out = tmp_path / "out"
    words = ["run", str(patient_file), "--out", str(out), "--clinical", str(table)]
    assert main(words) == 2
    assert "somebody" in capsys.readouterr().err


def test_an_adc_from_elsewhere_is_refused(tmp_path, patient_file):
    image = nib.load(patient_file)
    affine = image.affine.copy()
    affine[:3, 3] += 700
    nib.save(nib.Nifti1Image(image.get_fdata(dtype=np.float32), affine), tmp_path / "adc.nii.gz")
    out = tmp_path / "out"
    words = ["run", str(patient_file), "--adc", str(tmp_path / "adc.nii.gz"), "--out", str(out)]
    assert main(words) == 1
    (failure,) = rows(out / "failures.tsv")
    assert "the ADC covers 0% of the brain" in failure["sentence"]
    assert failure["stage"] == "preprocess"
    assert not list(out.glob("sub-*"))


def test_a_head_cut_off_is_refused(tmp_path, patient_file):
    image = nib.load(patient_file)
    third = image.shape[2] // 3
    nib.save(image.slicer[:, :, :third], tmp_path / "cut.nii.gz")
    out = tmp_path / "out"
    assert main(["run", str(tmp_path / "cut.nii.gz"), "--out", str(out)]) == 1
    assert "the head is cut off" in rows(out / "failures.tsv")[0]["sentence"]


def as_somebody_without_rights(words: list[str]) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user who owns nothing, since root may do anything."""
    script = (
        "import os, sys\n"
        "import presight.cohort.page.write\n"  # loaded late, maybe from where only root reads
        "import presight.commands.run\n"
        "if os.geteuid() == 0:\n"
        "    os.setuid(65534)\n"
        "from presight.cli import main\n"
        f"sys.exit(main({words!r}))\n"
    )
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )


def test_an_output_folder_without_permission_is_said_at_once(tmp_path, patient_file):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    flair = shutil.copy(patient_file, tmp_path)
    for folder in [tmp_path, *tmp_path.parents]:
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    done = as_somebody_without_rights(["run", str(flair), "--out", str(locked / "out")])
    assert done.returncode == 2
    assert "permission denied" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_input_without_permission_is_a_failed_study(tmp_path, patient_file):
    hidden, out = tmp_path / "hidden", tmp_path / "out"
    hidden.mkdir()
    flair = shutil.copy(patient_file, hidden)
    out.mkdir()
    for folder in [tmp_path, *tmp_path.parents]:
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    hidden.chmod(0)
    out.chmod(0o777)
    done = as_somebody_without_rights(["run", flair, "--out", str(out)])
    hidden.chmod(0o755)
    assert done.returncode == 1, done.stderr
    assert "permission denied" in rows(out / "failures.tsv")[0]["sentence"].lower()
    assert "Traceback" not in done.stderr


def test_a_full_disk_is_a_sentence_and_leaves_no_result(tmp_path, patient_file, capsys):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        code = main(["run", str(patient_file), "--out", str(disk / "out"), "--device", "cpu"])
        left = [path.name for path in disk.rglob("*") if "desc-" in path.name]
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    assert code == 1
    assert "space" in capsys.readouterr().err
    assert left == []


def test_demo_prints_the_answer_and_the_page(tmp_path, capsys):
    assert main(["demo", "--out", str(tmp_path), "--device", "cpu"]) == 0
    said = capsys.readouterr().out
    assert "Verdict" in said
    assert "probability" in said
    page = Path(said.split("page: ")[1].strip())
    assert page.is_file()


def test_info_and_the_clinical_template(capsys, tmp_path):
    assert main(["info", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in facts["bundles"]] == ["brain_anatomy", "flair_hyperintensity"]
    assert main(["info", "--clinical-template"]) == 0
    template = capsys.readouterr().out
    assert "tacrolimus" in template


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command, capsys):
    with pytest.raises(SystemExit) as done:
        main([command, "--help"])
    assert done.value.code == 0
    assert f"example:\n  presight {command}" in capsys.readouterr().out


def test_score_reads_a_table_and_writes_one(tmp_path, capsys):
    table, scored = tmp_path / "readings.csv", tmp_path / "scored.tsv"
    table.write_text(
        "case_id,flair_regions,region_basis,bilateral,seizure,onset_speed,systolic_mmhg,diastolic_mmhg\n"
        "a,parietal;occipital;subcortical_wm,named,1,1,acute,180,100\n"
        "b,parietal;occipital,named,1,1,acute,100,180\n"
    )
    assert main(["score", str(table), "--out", str(scored)]) == 1
    first, second = rows(scored)
    assert first["label"] == "pres"
    assert "diastolic" in second["error"]
    assert "1 of 2 rows were scored" in capsys.readouterr().err


def test_score_leaves_out_what_is_asked(tmp_path):
    table = tmp_path / "readings.csv"
    table.write_text("case_id,seizure,organ_or_context\na,1,liver transplant\n")
    probabilities = []
    for extra in ([], ["--without", "seizure"]):
        assert main(["score", str(table), "--out", str(tmp_path / "o.tsv"), *extra]) == 0
        probabilities.append(float(rows(tmp_path / "o.tsv")[0]["p_pres"]))
    assert probabilities[0] > probabilities[1]


def test_score_into_an_unknown_format_is_refused(tmp_path, capsys):
    assert main(["score", "t.csv", "--out", str(tmp_path / "o.xlsx")]) == 2
    assert ".csv, .tsv or .json" in capsys.readouterr().err
