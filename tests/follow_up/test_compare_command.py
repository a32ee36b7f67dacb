"""``presight run --prior`` and ``presight compare`` from the command line, on files."""

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from presight.cli import main
from presight.errors import InputError
from presight.follow_up.sources import day_of, find_prior, find_sources, load_source
from presight.study import StudyInput

FIRST, SECOND = "sub-x_ses-20240101", "sub-x_ses-20240131"


@pytest.fixture(scope="module")
def results(patient_file, tmp_path_factory) -> Path:
    """Two visits of one patient with the same scan, the second run with the first as its prior."""
    folder = tmp_path_factory.mktemp("visits")
    out = folder / "results"
    for stem in (FIRST, SECOND):
        shutil.copy(patient_file, folder / f"{stem}_FLAIR.nii.gz")
    assert main(["run", str(folder / f"{FIRST}_FLAIR.nii.gz"), "--out", str(out)]) == 0
    again = [str(folder / f"{SECOND}_FLAIR.nii.gz"), "--out", str(out), "--prior", str(out)]
    assert main(["run", *again]) == 0
    return out


def read(out: Path, stem: str, what: str) -> dict:
    path = next(out.glob(f"sub-*/ses-*/anat/{stem}_desc-presight_{what}.json"))
    return json.loads(path.read_text())


def test_the_prior_enters_the_findings_the_score_and_the_results(results):
    findings = read(results, SECOND, "findings")
    assert (findings["change"], findings["days_since_prior"]) == ("unchanged", 30)
    assert read(results, FIRST, "findings")["change"] is None
    assert "100% of" in read(results, SECOND, "assessment")["trend"]
    assert read(results, FIRST, "assessment")["trend"] is None
    report = read(results, SECOND, "change")
    assert report["trend"] == "unchanged"
    assert report["volume_ml"]["new"] == report["volume_ml"]["resolved"] == 0
    assert (results / "sub-x/ses-20240131/anat" / f"{SECOND}_desc-presight_change.html").exists()


def test_a_folder_of_results_is_compared_visit_by_visit(results, tmp_path, capsys):
    assert main(["compare", str(results), "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "20240101 to 20240131: Unchanged within the error of measurement" in said
    with (tmp_path / "sub-x" / "sub-x_desc-presight_trend.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert [row["day"] for row in rows] == ["0.0", "30.0"]
    assert float(rows[1]["percent_of_first"]) == pytest.approx(100)
    image = next(tmp_path.glob("sub-x/ses-20240131/anat/*desc-change_dseg.nii.gz"))
    flair = next(results.glob("sub-x/ses-20240131/anat/*desc-brain_FLAIR.nii.gz"))
    assert nib.load(image).shape == nib.load(flair).shape


def test_what_a_run_leaves_is_read_back_as_it_was(results, patient):
    source = find_sources(results / "sub-x" / "ses-20240101")[0]
    point = load_source(source, None)
    assert point.day == day_of("20240101")
    assert point.flair.grid.matches(patient.flair.grid)
    inside = point.brain & (patient.flair.data > 0)
    ratio = point.flair.data[inside] / patient.flair.data[inside]
    assert np.std(ratio) / np.mean(ratio) < 0.2  # the scan itself, but for the bias field
    assert np.median(point.flair.data[inside]) == pytest.approx(1, abs=0.2)
    outside = point.flair.data[~point.brain]
    assert (outside == 0).mean() > 0.8  # no face


def test_the_prior_of_a_study_is_the_visit_before_it(results):
    def prior(session: str | None):
        return find_prior(results, StudyInput("x", Path(), session))

    assert prior("20240131").files.session == "20240101"
    assert prior("20240301").files.session == "20240131"
    assert prior("20240101") is None
    assert find_prior(results, StudyInput("y", Path(), "1")) is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["{one}"], "1 scan was found"),
        (["{all}", "--days", "1"], "1 values were given with --days for 2 scans"),
        (["{all}", "--days", "30", "0"], "run backwards"),
        (["{all}", "--masks", "{one}", "{one}"], "a mask was given for a result that has one"),
        (["{none}", "{one}"], "there is no such file"),
    ],
)
def test_what_cannot_be_compared_is_said_in_a_sentence(results, tmp_path, capsys, words, said):
    places = {
        "one": results / "sub-x" / "ses-20240101",
        "all": results,
        "none": tmp_path / "nothing",
    }
    words = [word.format(**places) for word in words]
    assert main(["compare", *words, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error


def test_a_result_without_its_flair_is_refused(results, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(results, copy)
    next(copy.glob("sub-x/ses-20240101/anat/*_desc-brain_FLAIR.nii.gz")).unlink()
    source = find_sources(copy / "sub-x" / "ses-20240101")[0]
    with pytest.raises(InputError, match="holds no FLAIR to align by"):
        load_source(source, None)


def test_a_mask_that_does_not_belong_to_its_flair_is_refused(results, tmp_path):
    source = find_sources(results)[0]
    copy = tmp_path / "copy"
    shutil.copytree(results, copy)
    mask = next(copy.glob("sub-x/ses-20240101/anat/*hyperintensity_mask.nii.gz"))
    image = nib.load(mask)
    nib.save(nib.Nifti1Image(np.asarray(image.dataobj), image.affine + np.eye(4, k=3)), mask)
    with pytest.raises(InputError, match="does not lie where its FLAIR lies"):
        load_source(replace(source, results=copy), None)


def test_a_session_is_a_date_only_where_it_is_one():
    assert day_of("20240301") - day_of("20240228") == 2
    assert [day_of(name) for name in ("20241301", "02", "a", None)] == [None] * 4
