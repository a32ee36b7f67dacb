"""Alerts, differential diagnosis, severity and recommendations."""

import pytest

from presight.measure.findings import Findings
from presight.score import Assessment, assess
from presight.study.clinical import ClinicalRecord, Drug

TACROLIMUS = ClinicalRecord(drugs=(Drug(name="tacrolimus"),))


def reading(**fields: object) -> Findings:
    return Findings(source="reading", **fields)


def alerted(answer: Assessment) -> str:
    return " ".join(alert.text for alert in answer.alerts)


@pytest.mark.parametrize(
    ("findings", "clinical", "word"),
    [
        (reading(arterial_territory=True, adc="low"), ClinicalRecord(), "infarct"),
        (reading(u_fibre=True, symmetric=False), TACROLIMUS, "JC virus PCR"),
        (reading(involved_regions={"pons": True}), ClinicalRecord(sodium_mmol_l=128), "osmotic"),
        (reading(), ClinicalRecord(glucose_mg_dl=40), "Glucose"),
        (reading(sinus_thrombosis=True), ClinicalRecord(), "thrombosis"),
        (reading(ring_enhancement=True), ClinicalRecord(), "lymphoma"),
        (reading(involved_regions={"dentate": True}), ClinicalRecord(), "metronidazole"),
        (reading(), ClinicalRecord(csf_cells_per_ul=40), "infection"),
        (reading(), ClinicalRecord(infection_pcr={"HSV": True}), "infection"),
        (reading(involved_regions={"pulvinar": True}, adc="low"), ClinicalRecord(), "EEG"),
        (reading(vessel_irregularity=True), ClinicalRecord(), "vasoconstriction"),
        (reading(bilateral=False), ClinicalRecord(), "one side"),
    ],
)
def test_alert_is_raised(findings: Findings, clinical: ClinicalRecord, word: str) -> None:
    assert word in alerted(assess(findings, clinical))


def test_nothing_known_raises_no_alert_and_no_diagnosis() -> None:
    answer = assess(Findings(), ClinicalRecord())
    assert answer.alerts == ()
    assert answer.differential == ()
    assert answer.severity.grade is None


@pytest.mark.parametrize(
    ("sign", "grade"),
    [("tremor", "mild"), ("visual_disturbance", "moderate"), ("psychosis", "severe")],
)
def test_severity_follows_the_worst_known_sign(sign: str, grade: str) -> None:
    record = ClinicalRecord(**{"headache": True, sign: True})
    assert assess(Findings(), record).severity.grade == grade


def test_a_study_with_every_sequence_is_asked_for_none() -> None:
    everything = Findings(sequences=("flair", "t1", "t1_post", "t2", "dwi", "adc", "swi"))
    actions = " ".join(each.action for each in assess(everything, ClinicalRecord()).recommendations)
    assert "adding" not in actions
    assert "T1 after contrast" not in actions


def test_a_flair_alone_is_asked_for_the_rest_of_the_protocol() -> None:
    answer = assess(Findings(sequences=("flair",)), ClinicalRecord())
    actions = " ".join(each.action for each in answer.recommendations)
    for sequence in ("DWI", "SWI", "T1"):
        assert sequence in actions


def test_pres_is_followed_after_two_to_six_weeks_and_earlier_after_haemorrhage() -> None:
    record = ClinicalRecord(seizure=True, visual_disturbance=True, mean_arterial_mmhg=140)
    lobes = {"parietal": True, "occipital": True}
    plain = assess(reading(involved_regions=lobes, restricted_diffusion="none"), record)
    bloody = assess(reading(involved_regions=lobes, haemorrhage=True), record)
    assert (14, 42) in {each.window_days for each in plain.recommendations}
    assert (7, 14) in {each.window_days for each in bloody.recommendations}


def test_toxic_form_is_followed_over_months_and_shows_where_sources_disagree() -> None:
    findings = reading(involved_regions={"deep_wm": True}, symmetric=True, confluent_diffuse=True)
    record = TACROLIMUS.model_copy(update={"onset": "chronic"})
    answer = assess(findings, record)
    windows = {each.window_days for each in answer.recommendations}
    assert {(28, 42), (90, 180), (365, 548)} <= windows
    dose = next(each for each in answer.recommendations if "lowering the dose" in each.action)
    assert "no strategy was better" in dose.against
    assert "infection" in next(
        each.action for each in answer.recommendations if "steroid" in each.action
    )


def test_every_recommendation_is_worded_as_something_to_consider() -> None:
    from presight.config import load_config

    for entry in load_config("evidence/recommendations.yaml").values():
        assert "onsider" in entry["action"]


def test_the_most_urgent_come_first() -> None:
    order = [each.urgency for each in assess(Findings(), TACROLIMUS).recommendations]
    assert order == sorted(order, key=["now", "soon", "routine"].index)


def test_toxic_without_a_known_exposure_asks_for_one() -> None:
    findings = reading(
        involved_regions={"deep_wm": True, "cortex": False},
        symmetric=True,
        confluent_diffuse=True,
        restricted_diffusion="whole",
    )
    assert "ask for drugs" in alerted(assess(findings, ClinicalRecord()))
    assert "ask for drugs" not in alerted(assess(findings, TACROLIMUS))
