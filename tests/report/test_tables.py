"""One row a study, rebuilt from what lies in the folder."""

import csv
import json
from dataclasses import replace

import pytest

from presight.errors import InputError
from presight.report.derivatives import write_study
from presight.report.result import ModelInfo
from presight.report.tables import Failure, write_failures, write_run_json, write_tables


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.fixture
def folder(result, tmp_path):
    """Two complete studies, the second without a session."""
    write_study(result, tmp_path)
    write_study(replace(result, study=replace(result.study, subject="a1", session=None)), tmp_path)
    return tmp_path


def test_one_row_a_study_sorted(folder):
    write_tables(folder)
    for name in ("findings.tsv", "assessments.tsv"):
        table = rows(folder / name)
        assert [row["participant_id"] for row in table] == ["sub-a1", "sub-demo01"]
        assert [row["session_id"] for row in table] == ["n/a", "ses-02"]


def test_probabilities_in_the_table_are_those_of_the_study(folder, result):
    write_tables(folder)
    row = rows(folder / "assessments.tsv")[0]
    for label, probability in result.assessment.classification.probabilities.items():
        assert float(row[label]) == probability
        assert float(row[f"{label}_low"]) == result.assessment.classification.interval[label].low
    assert row["label"] == "pres"
    assert row["recommendations"].startswith("Consider MRI again")


def test_volumes_in_the_table_add_up_and_unknown_is_said_so(folder, result):
    write_tables(folder)
    row = rows(folder / "findings.tsv")[0]
    regions = [float(v) for k, v in row.items() if k.endswith("_lesion_ml") and v != "n/a"]
    largest = float(row["largest_lesion_ml"])
    assert sum(regions) - largest <= float(row["lesion_ml"]) + 1e-6
    assert float(row["occipital_left_lesion_ml"]) > float(row["occipital_right_lesion_ml"])
    assert row["adc_ratio"] == "n/a"
    assert row["sequences"] == "flair"


def test_a_study_that_is_not_complete_has_no_row(folder):
    next(folder.glob("sub-a1/anat/*_assessment.json")).unlink()
    write_tables(folder)
    assert [row["participant_id"] for row in rows(folder / "findings.tsv")] == ["sub-demo01"]


def test_tables_without_a_study_have_a_heading(tmp_path):
    write_tables(tmp_path)
    assert (
        (tmp_path / "assessments.tsv")
        .read_text()
        .startswith("participant_id\tsession_id\tscan\tlabel")
    )
    assert rows(tmp_path / "assessments.tsv") == []


def test_two_scans_of_a_visit_have_a_row_each(folder, result):
    write_study(replace(result, study=replace(result.study, entities="run-2")), folder)
    write_tables(folder)
    scans = [(row["session_id"], row["scan"]) for row in rows(folder / "findings.tsv")]
    assert scans == [("n/a", "n/a"), ("ses-02", "n/a"), ("ses-02", "run-2")]


def test_parquet_holds_the_same_with_types(folder):
    parquet = pytest.importorskip("pyarrow.parquet")
    write_tables(folder)
    for name in ("findings", "assessments"):
        table = parquet.read_table(folder / f"{name}.parquet")
        text = rows(folder / f"{name}.tsv")
        assert table.column_names == list(text[0])
        assert table["participant_id"].to_pylist() == [row["participant_id"] for row in text]
    found = parquet.read_table(folder / "findings.parquet")
    assert found["lesion_ml"].to_pylist()[0] == float(rows(folder / "findings.tsv")[0]["lesion_ml"])
    assert str(found.schema.field("adc_ratio").type) == "double"  # though it is unknown everywhere
    assert found["sequences"].to_pylist()[0] == ["flair"]


def test_a_result_that_was_damaged_is_named(folder):
    path = next(folder.glob("sub-a1/anat/*_findings.json"))
    path.write_text("{")
    with pytest.raises(InputError, match=r"findings.json: the result cannot be read.*run it again"):
        write_tables(folder)


def test_failures_are_one_row_each_on_one_line(tmp_path):
    write_failures(
        tmp_path,
        [
            Failure("sub-b", "b.nii.gz", "read", "InputError", "not a NIfTI file.\n\tConvert it."),
            Failure("sub-a", "a.nii.gz", "segment", "PresightError", "it stopped"),
        ],
    )
    table = rows(tmp_path / "failures.tsv")
    assert [row["study"] for row in table] == ["sub-a", "sub-b"]
    assert table[1]["sentence"] == "not a NIfTI file. Convert it."


def test_no_failure_leaves_a_heading_alone(tmp_path):
    write_failures(tmp_path, [])
    assert (tmp_path / "failures.tsv").read_text() == "study\tinput\tstage\tkind\tsentence\n"


def test_run_json_says_how_long_each_stage_took(tmp_path):
    write_run_json(
        tmp_path,
        bundle=ModelInfo("flair_hyperintensity", "0.1.0", "ab" * 32),
        device="cpu",
        settings={"prior": "unstated"},
        anatomy={"method": "registration", "because": "it is the better one"},
        seconds={"sub-b": {"segment": 1.23456}, "sub-a": {"segment": 2.0}},
        peak_memory_mb=812.5,
    )
    content = json.loads((tmp_path / "run.json").read_text())
    assert content["seconds"] == {"sub-a": {"segment": 2.0}, "sub-b": {"segment": 1.235}}
    assert content["peak_memory_mb"] == 812.5
    assert content["bundle"]["sha256"] == "ab" * 32
    assert "torch" in content["libraries"]
