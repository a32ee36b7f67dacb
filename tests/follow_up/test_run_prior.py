"""``presight run --prior``: what changed since the earlier scan enters the answer."""

import json
import shutil
from pathlib import Path

from presight.cli import main


def read(out: Path, stem: str, what: str) -> dict:
    return json.loads(next(out.rglob(f"{stem}_desc-presight_{what}.json")).read_text())


def test_the_prior_enters_the_findings_the_score_and_the_results(patient_file, tmp_path):
    out, first, second = tmp_path / "results", "sub-x_ses-20240101", "sub-x_ses-20240131"
    for stem in (first, second):
        shutil.copy(patient_file, tmp_path / f"{stem}_FLAIR.nii.gz")
    assert main(["run", str(tmp_path / f"{first}_FLAIR.nii.gz"), "--out", str(out)]) == 0
    words = ["run", str(tmp_path / f"{second}_FLAIR.nii.gz"), "--prior", str(out)]
    assert main([*words, "--out", str(out)]) == 0
    findings = read(out, second, "findings")
    assert (findings["change"], findings["days_since_prior"]) == ("unchanged", 30)
    assert read(out, first, "findings")["change"] is None
    assert "100% of" in read(out, second, "assessment")["trend"]
    assert read(out, first, "assessment")["trend"] is None
    report = read(out, second, "change")
    assert report["trend"] == "unchanged"
    assert report["volume_ml"]["new"] == report["volume_ml"]["resolved"] == 0
    page = next(out.rglob(f"{second}_desc-presight_report.html")).read_text()
    assert f"{second}_desc-presight_change.html" in page
    assert next(out.rglob(f"{second}_desc-presight_change.html")).exists()
