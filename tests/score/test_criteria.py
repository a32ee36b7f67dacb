"""Named criteria and sub-types are reported item by item."""

from presight.measure.findings import Findings
from presight.score import Assessment, assess
from presight.score.assessment import Criterion
from presight.study.clinical import ClinicalRecord, Drug


def named(answer: Assessment, word: str) -> Criterion:
    return next(each for each in (*answer.criteria, *answer.subtypes) if word in each.name)


def test_criteria_are_unknown_where_nothing_is_known() -> None:
    answer = assess(Findings(), ClinicalRecord())
    for criterion in (*answer.criteria, *answer.subtypes):
        assert {item.state for item in criterion.items} == {"unknown"}
        assert criterion.result in ("unknown", None)


def test_criteria_are_met_item_by_item() -> None:
    answer = assess(
        Findings(involved_regions={"occipital": True}, adc="high"),
        ClinicalRecord(seizure=True, systolic_mmhg=210, diastolic_mmhg=120),
    )
    assert named(answer, "Fugate").result == "met"
    assert [item.state for item in named(answer, "della Faille model").items] == [
        "met",
        "unknown",
        "unknown",
        "met",
        "unknown",
    ]
    assert named(answer, "della Faille model").result is None


def test_one_item_that_is_not_met_is_enough() -> None:
    answer = assess(
        Findings(involved_regions={"occipital": True}, adc="low"),
        ClinicalRecord(seizure=True, acute_hypertension=True),
    )
    assert named(answer, "Fugate").result == "not met"


def test_the_delayed_form_needs_exposure_tempo_and_deep_white_matter() -> None:
    findings = Findings(involved_regions={"deep_wm": True, "pons": True}, symmetric=True)
    record = ClinicalRecord(drugs=(Drug(name="tacrolimus"),), onset="chronic")
    assert named(assess(findings, record), "delayed").result == "met"
    acute = record.model_copy(update={"onset": "acute"})
    assert named(assess(findings, acute), "delayed").result == "not met"
    unexposed = record.model_copy(update={"drugs": ()})
    assert named(assess(findings, unexposed), "delayed").result == "unknown"


def test_items_that_the_result_depends_on_are_marked() -> None:
    answer = assess(Findings(), ClinicalRecord())
    for criterion in (*answer.criteria, *answer.subtypes):
        assert any(item.needed for item in criterion.items) == (criterion.result is not None)
    assert not all(item.needed for item in named(answer, "delayed").items)


def test_the_acute_toxic_form_needs_restricted_deep_white_matter() -> None:
    regions = {"deep_wm": True, "cortex": False, "thalamus": False}
    restricted = Findings(involved_regions=regions, restricted_diffusion="whole", symmetric=True)
    free = restricted.model_copy(update={"restricted_diffusion": "none"})
    assert named(assess(restricted, ClinicalRecord()), "acute toxic form").result == "met"
    assert named(assess(free, ClinicalRecord()), "acute toxic form").result == "not met"
