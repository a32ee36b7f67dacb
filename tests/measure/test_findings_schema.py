"""One schema for what was measured and what a person read, with who said it."""

import json

import pytest

from presight.errors import InputError
from presight.measure import Findings
from presight.measure.reading import merge_reading, read_findings, who_said
from presight.score import read_table, score_table


def test_a_reading_stands_over_a_measurement_and_says_who_said_it():
    measured = Findings(lesion_ml=20.0, haemorrhage=False, mirror_overlap=0.4)
    reading = Findings(source="Dr A", haemorrhage=True, u_fibre=False)
    both = merge_reading(measured, reading)
    assert (both.lesion_ml, both.haemorrhage, both.u_fibre) == (20.0, True, False)
    assert who_said(both, "haemorrhage") == "Dr A"
    assert who_said(both, "lesion_ml") == "measured"
    assert any("haemorrhage: Dr A says yes, measured no" in s for s in both.quality_doubts)


def test_what_a_reader_left_open_stays_as_it_was_measured():
    measured = Findings(haemorrhage=True, not_assessed={"enhancement": "needs T1"})
    both = merge_reading(measured, Findings(source="Dr A", enhancement=False))
    assert both.haemorrhage is True
    assert both.not_assessed == {}
    assert both.quality_doubts == ()


def test_findings_of_a_run_can_be_read_again():
    found = Findings(lesion_ml=3.2, pattern_numbers={"lesion_ml": 3.2})
    assert read_findings(found.model_dump_json()) == found


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "not JSON"),
        ('{"lesions_ml": 3}', "lesions_ml"),
        ('{"lesion_ml": "much"}', "lesion_ml"),
    ],
)
def test_what_is_no_reading_is_refused_in_one_sentence(content, said):
    with pytest.raises(InputError, match=said):
        read_findings(content, "row 2")


def test_a_reading_in_the_schema_scores_like_the_same_words_in_columns(tmp_path):
    words = {"id": "a", "flair_regions": "parietal;occipital", "bilateral": "1", "reader": "Dr A"}
    words |= {"region_basis": "named"}
    schema = {
        "source": "Dr A",
        "bilateral": True,
        "involved_regions": dict.fromkeys(("parietal", "occipital"), True)
        | dict.fromkeys(
            ("frontal", "temporal", "insula", "deep_grey", "brainstem", "cerebellum"), False
        ),
    }
    rows = [words | {"seizure": "yes"}, {"id": "b", "seizure": "yes", "findings": schema}]
    path = tmp_path / "readings.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    first, second = score_table(read_table(path))
    assert first["error"] == second["error"] == ""
    assert first["p_pres"] == second["p_pres"]


def test_a_column_stands_over_the_findings_of_a_run():
    whole = Findings(volume_asymmetry=0.0, adc_ratio=1.8).model_dump(mode="json")
    plain, corrected = score_table(
        [{"id": "a", "findings": whole}, {"id": "b", "findings": whole, "adc": "low"}]
    )
    assert float(corrected["p_pres"]) < float(plain["p_pres"])
