"""Laboratory values against ranges whose sources are named and may disagree."""

import pytest

from presight.measure.findings import Findings
from presight.score import assess
from presight.score.assessment import LaboratoryReading
from presight.study.clinical import ClinicalRecord, Drug


def read(word: str, **record: object) -> LaboratoryReading:
    answer = assess(Findings(), ClinicalRecord(**record))
    return next(each for each in answer.laboratory if word in each.name)


def tacrolimus(level: float, **record: object) -> str:
    return read("tacrolimus", drugs=(Drug(name="tacrolimus", level_ng_ml=level),), **record).reading


def test_nothing_is_said_of_a_value_that_is_not_known() -> None:
    assert assess(Findings(), ClinicalRecord()).laboratory == ()


def test_a_trough_is_compared_with_every_range_of_organ_and_time() -> None:
    early = tacrolimus(7.7, organ="kidney", days_since_transplant=30)
    assert "within 7-20 (US label, kidney, with azathioprine)" in early
    assert "below 10-20 (European label, kidney, early)" in early
    assert "within 5-12 (case report, kidney)" in early
    assert "liver" not in early


def test_ranges_change_with_time_and_organ() -> None:
    assert "above 4-11" in tacrolimus(14, organ="kidney", days_since_transplant=100)
    late = tacrolimus(14, organ="kidney", days_since_transplant=700)
    assert "US label" not in late
    assert "within 5-20 (US label, liver)" in tacrolimus(14, organ="liver")


def test_cyclosporine_has_its_own_ranges_and_says_where_none_fits() -> None:
    drugs = (Drug(name="cyclosporine", level_ng_ml=350),)
    early = read("cyclosporine", drugs=drugs, organ="kidney", days_since_transplant=20)
    assert early.reading == "within 200-400 (monitoring service, kidney)"
    assert read("cyclosporine", drugs=drugs, organ="lung").reading.startswith("no range fits")


def test_a_level_within_range_raises_the_alert_and_a_high_one_does_not() -> None:
    def alerts(level: float) -> str:
        drugs = (Drug(name="tacrolimus", level_ng_ml=level),)
        return " ".join(a.text for a in assess(Findings(), ClinicalRecord(drugs=drugs)).alerts)

    assert "therapeutic level excludes neither" in alerts(8)
    assert "therapeutic level" not in alerts(40)


@pytest.mark.parametrize(
    ("mean", "word"), [(95, "normal"), (110, "mildly raised"), (130, "severely raised")]
)
def test_mean_pressure_is_classed_and_compared_with_the_usual_one(mean: float, word: str) -> None:
    reading = read(
        "pressure", mean_arterial_mmhg=mean, usual_systolic_mmhg=120, usual_diastolic_mmhg=75
    ).reading
    assert reading.startswith(word)
    assert f"{mean - 90:+.0f} mmHg" in reading


def test_mean_pressure_follows_from_systolic_and_diastolic() -> None:
    assert read("pressure", systolic_mmhg=180, diastolic_mmhg=90).value == "120 mmHg"


@pytest.mark.parametrize(
    ("now", "word"),
    [(1.2, "no acute injury"), (1.6, "stage 1"), (2.5, "stage 2"), (3.5, "stage 3")],
)
def test_creatinine_is_staged_against_its_own_baseline(now: float, word: str) -> None:
    assert word in read("creatinine", creatinine_mg_dl=now, baseline_creatinine_mg_dl=1.0).reading


def test_creatinine_without_baseline_is_not_staged() -> None:
    assert read("creatinine", creatinine_mg_dl=5.0).reading == "no baseline to compare with"


def test_magnesium_and_cholesterol_say_what_sources_do_not_agree_on() -> None:
    assert read("magnesium", magnesium_mmol_l=0.5).reading == "low"
    assert "disagree" in read("magnesium", magnesium_mmol_l=0.8).note
    assert "No cut-off" in read("cholesterol", cholesterol_mg_dl=90).note


def test_an_implausible_csf_protein_is_doubted_and_not_believed() -> None:
    assert "check the unit" in read("CSF", csf_protein_mg_dl=1700).reading
    assert read("CSF", csf_protein_mg_dl=170).reading == "raised"
