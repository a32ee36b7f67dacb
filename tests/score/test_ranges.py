"""Values and ranges as numbers: the same that the readings are made of."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presight.measure import Findings
from presight.score import assess
from presight.score.ranges import numbers, value_ranges
from presight.study import ClinicalRecord
from presight.study.clinical import Drug


def test_numbers_are_those_that_are_known() -> None:
    tacrolimus = Drug(name="tacrolimus", level_ng_ml=9.1)
    record = ClinicalRecord(
        systolic_mmhg=180, diastolic_mmhg=90, drugs=(tacrolimus,), seizure=True, organ="kidney"
    )
    known = {"tacrolimus_ng_ml": 9.1, "systolic_mmhg": 180, "diastolic_mmhg": 90}
    assert numbers(record) == known | {"mean_arterial_mmhg": 120}
    assert numbers(ClinicalRecord()) == {}


@settings(deadline=None)
@given(level=st.floats(1, 40), days=st.floats(1, 2000))
def test_the_words_agree_with_the_ranges(level: float, days: float) -> None:
    drug = Drug(name="tacrolimus", level_ng_ml=level)
    record = ClinicalRecord(organ="kidney", days_since_transplant=days, drugs=(drug,))
    ranges = [each for each in value_ranges(record) if each.field == "tacrolimus_ng_ml"]
    (reading,) = assess(Findings(), record).laboratory
    assert {source for each in ranges for source in each.source} <= set(reading.source)
    for each in ranges:
        assert each.low is not None
        assert each.high is not None
        where = "below" if level < each.low else "above" if level > each.high else "within"
        assert f"{where} {each.low:g}-{each.high:g} ({each.label})" in reading.reading


def test_creatinine_is_seen_against_the_own_baseline_alone() -> None:
    fields = [each.field for each in value_ranges(ClinicalRecord())]
    assert "creatinine_mg_dl" not in fields
    own = ClinicalRecord(baseline_creatinine_mg_dl=1.2)
    (limit,) = (each for each in value_ranges(own) if each.field == "creatinine_mg_dl")
    assert (limit.low, limit.high) == (None, pytest.approx(1.8))
