"""The page of a cohort: what needs a look stands first, and numbers are those of the tables."""

from __future__ import annotations

import csv
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from presight.cohort.page.data import CLASSES, read_cohort
from presight.cohort.page.labels import calibrate, read_labels
from presight.cohort.page.outliers import find_outliers
from presight.cohort.page.write import write_page
from presight.errors import InputError
from presight.report.result import ModelInfo
from presight.report.tables import Failure, write_failures, write_run_json

PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 5 6"><rect width="5" height="6"/></svg>'
)


def table(path: Path, rows: list[dict[str, object]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def make_folder(out: Path, count: int) -> Path:
    """A folder as a run leaves it; the class turns with the number, and scan 5 is an odd one."""
    rng = np.random.default_rng(4)
    assessments, findings = [], []
    for number in range(count):
        ids = {"participant_id": f"sub-{number:02d}", "session_id": "n/a", "scan": "n/a"}
        label = CLASSES[number % 4]
        share = rng.uniform(0.5, 0.95)
        probabilities = {name: share if name == label else (1 - share) / 3 for name in CLASSES}
        shown = "indeterminate" if share < 0.55 else label
        assessments.append(
            {**ids, "label": shown, **probabilities, "because": "It leads.", "alerts": "n/a"}
        )
        volume = 0.0 if label == "no_finding" else float(rng.lognormal(2, 1.2))
        findings.append(
            {
                **ids,
                "brain_ml": 400 if number == 5 else rng.normal(1400, 60),
                "lesion_ml": volume,
                "contrast_ratio": rng.normal(1.5, 0.1) if volume else "n/a",
                "uncertainty": rng.normal(0.2, 0.03) if volume else "n/a",
                "quality_doubts": "Slices are 7 mm thick." if number == 2 else "n/a",
            }
        )
        thumbnail = out / ids["participant_id"] / "anat"
        thumbnail.mkdir(parents=True)
        name = f"{ids['participant_id']}_desc-presight_thumbnail.svg"
        (thumbnail / name).write_text(PICTURE)
    assessments[3]["alerts"] = "Seizure <with> a high trough"
    table(out / "assessments.tsv", assessments)
    table(out / "findings.tsv", findings)
    broken = [
        Failure(f"sub-x{n}", "x.nii", "read", "InputError", "It is <empty>.") for n in range(3)
    ]
    write_failures(out, broken)
    write_run_json(
        out,
        bundle=ModelInfo("flair_hyperintensity", "0.1.0", "ab" * 32),
        device="cpu",
        settings={},
        anatomy={},
        seconds={},
        peak_memory_mb=None,
    )
    return out


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_folder(tmp_path_factory.mktemp("cohort"), 40)


@pytest.fixture(scope="module")
def labels(folder, tmp_path_factory):
    path = tmp_path_factory.mktemp("labels") / "labels.csv"
    rows = [f"{n:02d},{CLASSES[n % 4]}" for n in range(40)]
    path.write_text("subject,label\n" + "\n".join(rows) + "\n")
    return path


@pytest.fixture(scope="module")
def page(folder, labels):
    return write_page(folder, labels).read_text()


def test_alerts_stand_first_then_pres_and_toxic_by_probability(folder):
    flagged = read_cohort(folder).flagged()
    assert flagged[0].study == "sub-03"
    rest = flagged[1:]
    assert {scan.label for scan in rest} == {"pres", "toxic_leukoencephalopathy"}
    assert [s.probability for s in rest] == sorted((s.probability for s in rest), reverse=True)


def test_a_brain_cut_off_is_an_outlier_and_a_doubt_is_told(folder):
    found = {
        outlier.scan.study: outlier.sentences for outlier in find_outliers(read_cohort(folder))
    }
    assert "Brain volume 400 mL" in found["sub-05"][0]
    assert found["sub-02"] == ("Slices are 7 mm thick.",)
    assert len(found) < 8


def test_the_page_tells_all_and_escapes_what_it_tells(page):
    assert page.count('class="card"') == len(re.findall(r'<a class="card"', page)) > 10
    assert "sub-03/anat/sub-03_desc-presight_report.html" in page
    assert "Seizure &lt;with&gt; a high trough" in page
    assert "It is &lt;empty&gt;." in page
    assert "3 at the stage" in page
    assert "<script" not in page
    assert "http://" not in re.sub(r'xmlns(:\w+)?="[^"]+"|<(!DOCTYPE|dc:|cc:|rdf:)[^>]*>', "", page)


def test_figures_are_drawings_that_come_out_the_same(folder, labels, page):
    before = {path.name: path.read_bytes() for path in (folder / "figures").glob("*.svg")}
    assert set(before) == {"classes.svg", "volumes.svg", "calibration.svg"}
    for content in before.values():
        assert ET.fromstring(content).tag.endswith("svg")  # noqa: S314 (it was drawn here)
    write_page(folder, labels)
    assert {p.name: p.read_bytes() for p in (folder / "figures").glob("*.svg")} == before


def test_the_methods_name_versions_and_every_citation_is_used(folder, page):
    text = (folder / "methods.md").read_text()
    assert "40 FLAIR images were analysed" in text
    assert "flair_hyperintensity 0.1.0" in text
    assert "3 inputs could not be analysed" in text
    run = json.loads((folder / "run.json").read_text())
    assert f"torch {run['libraries']['torch']}" in text
    cited = set(re.findall(r"\[(\d)\]", text))
    assert cited == set(re.findall(r"^(\d)\. ", text, re.MULTILINE))


def test_labels_that_always_agree_are_calibrated_where_sure(folder, labels):
    calibration = calibrate(read_cohort(folder), read_labels(labels))
    assert calibration.scans == 40
    assert 0 < calibration.brier < 0.5
    for bins in calibration.curves.values():
        assert bins.observed.sum() == 10


def test_too_few_labels_draw_no_curve(folder, labels):
    few = dict(list(read_labels(labels).items())[:5])
    assert calibrate(read_cohort(folder), few) is None


def test_a_label_that_is_no_class_is_named(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("subject,label\n01,pres\n02,maybe\n")
    with pytest.raises(InputError, match=r"labels\.csv, row 3.*'maybe'"):
        read_labels(path)


def test_a_single_study_has_no_page_of_a_cohort(tmp_path):
    folder = make_folder(tmp_path, 4)
    for name in ("assessments.tsv", "findings.tsv"):
        lines = (folder / name).read_text().splitlines()
        (folder / name).write_text("\n".join(lines[:2]) + "\n")
    write_failures(folder, [])
    assert write_page(folder) is None
