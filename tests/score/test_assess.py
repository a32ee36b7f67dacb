"""What a reader relies on: sums that add up, unknowns that do nothing, verdicts that hold."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presight.errors import ConfigError
from presight.measure.findings import Findings
from presight.score import Assessment, Label, assess
from presight.score.evidence import features
from presight.study.clinical import ClinicalRecord, Drug

TEXTBOOK = (
    Findings(
        source="reading",
        involved_regions={"parietal": True, "occipital": True, "cortex": True},
        bilateral=True,
        restricted_diffusion="none",
        adc="high",
    ),
    ClinicalRecord(
        seizure=True,
        visual_disturbance=True,
        onset="acute",
        systolic_mmhg=200,
        diastolic_mmhg=115,
    ),
)

DELAYED = (
    Findings(
        source="reading",
        involved_regions={"deep_wm": True, "brainstem": True, "pons": True},
        bilateral=True,
        symmetric=True,
        confluent_diffuse=True,
        swelling=True,
        restricted_diffusion="none",
        adc="normal",
    ),
    ClinicalRecord(
        age_years=60,
        sex="F",
        organ="kidney",
        days_since_transplant=240,
        drugs=(Drug(name="tacrolimus", level_ng_ml=7.7),),
        headache=True,
        focal_deficit=False,
        onset="chronic",
        days_since_onset=120,
        csf_protein_mg_dl=1700,
        oligoclonal_bands=True,
        infection_pcr={"JCV": False, "HSV": False, "CMV": False},
    ),
)

FACTS = st.fixed_dictionaries(
    {},
    optional={
        name: st.booleans()
        for name in (
            "seizure",
            "headache",
            "visual_disturbance",
            "focal_deficit",
            "altered_mental_status",
            "oligoclonal_bands",
            "chemotherapy",
        )
    }
    | {
        "onset": st.sampled_from(["acute", "subacute", "chronic"]),
        "mean_arterial_mmhg": st.floats(60, 180),
        "csf_cells_per_ul": st.floats(0, 50),
    },
)
READING = st.fixed_dictionaries(
    {},
    optional={
        name: st.booleans()
        for name in (
            "bilateral",
            "symmetric",
            "confluent_diffuse",
            "enhancement",
            "haemorrhage",
            "ring_enhancement",
            "arterial_territory",
        )
    }
    | {
        "restricted_diffusion": st.sampled_from(["none", "partial", "whole"]),
        "adc": st.sampled_from(["low", "normal", "high"]),
        "involved_regions": st.dictionaries(
            st.sampled_from(["parietal", "occipital", "deep_wm", "cortex", "thalamus", "pons"]),
            st.booleans(),
        ),
    },
)


def probabilities(findings: Findings, clinical: ClinicalRecord, **more: Any) -> dict[Label, float]:
    return assess(findings, clinical, **more).classification.probabilities


def test_textbook_pres_is_pres() -> None:
    assert assess(*TEXTBOOK).classification.label is Label.PRES


def test_delayed_calcineurin_inhibitor_case_is_toxic_leukoencephalopathy() -> None:
    answer = assess(*DELAYED)
    assert answer.classification.label is Label.TOXIC
    moved = {
        each.feature: max(each.log_lr.values()) for each in answer.classification.contributions
    }
    assert moved["oligoclonal_bands"] == 0
    assert moved["raised_csf_protein"] == 0
    said = " ".join(alert.text for alert in answer.alerts)
    assert "work-up" in said
    assert "therapeutic level excludes neither" in said
    assert any("check the unit" in each.reading for each in answer.laboratory)


def test_headache_alone_is_indeterminate() -> None:
    assert assess(Findings(), ClinicalRecord(headache=True)).classification.label is (
        Label.INDETERMINATE
    )


def test_nothing_known_gives_back_the_prior() -> None:
    verdict = assess(Findings(), ClinicalRecord()).classification
    assert verdict.probabilities == pytest.approx(verdict.prior)
    assert verdict.label is Label.INDETERMINATE
    assert verdict.contributions == ()


@settings(max_examples=40, deadline=None)
@given(FACTS, READING)
def test_prior_and_contributions_add_up_to_the_probabilities(
    facts: dict[str, Any], reading: dict[str, Any]
) -> None:
    verdict = assess(Findings(**reading), ClinicalRecord(**facts)).classification
    scores = {
        label: math.log(verdict.prior[label])
        + sum(each.log_lr[label] for each in verdict.contributions)
        for label in verdict.probabilities
    }
    total = sum(math.exp(score) for score in scores.values())
    expected = {label: math.exp(score) / total for label, score in scores.items()}
    assert verdict.probabilities == pytest.approx(expected)


@settings(max_examples=40, deadline=None)
@given(FACTS, READING)
def test_every_interval_holds_its_probability(
    facts: dict[str, Any], reading: dict[str, Any]
) -> None:
    verdict = assess(Findings(**reading), ClinicalRecord(**facts)).classification
    assert sum(verdict.probabilities.values()) == pytest.approx(1)
    for label, probability in verdict.probabilities.items():
        assert 0 <= verdict.interval[label].low <= probability <= verdict.interval[label].high <= 1


UNKNOWN: dict[str, Any] = {
    "age_years": 50,
    "sex": "F",
    "sodium_mmol_l": 140,
    "platelets_10e9_l": 200,
    "tremor": None,
    "cholesterol_mg_dl": 180,
    "headache": True,
    "magnesium_mmol_l": 0.9,
    "glucose_mg_dl": 90,
    "oligoclonal_bands": True,
    "crp_mg_l": 3,
    "bilirubin_mg_dl": 0.5,
}  # facts that carry no weight: knowing them or not must be all one


@settings(max_examples=40, deadline=None)
@given(FACTS, READING, st.sets(st.sampled_from(sorted(UNKNOWN))))
def test_which_neutral_facts_are_missing_does_not_move_the_score(
    facts: dict[str, Any], reading: dict[str, Any], known: set[str]
) -> None:
    neutral = {name: UNKNOWN[name] for name in known if name not in facts}
    findings = Findings(**reading)
    assert probabilities(findings, ClinicalRecord(**facts)) == pytest.approx(
        probabilities(findings, ClinicalRecord(**facts, **neutral)), abs=1e-12
    )


@settings(max_examples=40, deadline=None)
@given(FACTS, READING, st.randoms())
def test_an_explicit_unknown_and_the_order_of_facts_do_nothing(
    facts: dict[str, Any], reading: dict[str, Any], random: Any
) -> None:
    every = dict.fromkeys(ClinicalRecord.model_fields)
    unknown = {
        name: None
        for name in every
        if ClinicalRecord.model_fields[name].default is None and name not in facts
    }
    shuffled = list((facts | unknown).items())
    random.shuffle(shuffled)
    assert probabilities(Findings(**reading), ClinicalRecord(**facts)) == probabilities(
        Findings(**reading), ClinicalRecord(**dict(shuffled))
    )


def test_leaving_a_fact_out_equals_never_having_known_it() -> None:
    findings, clinical = TEXTBOOK
    never = clinical.model_copy(update={"seizure": None})
    assert probabilities(findings, clinical, without=["seizure"]) == probabilities(findings, never)


def test_leaving_a_group_out_leaves_each_of_its_features_out() -> None:
    members = [name for name, feature in features().items() if feature.group == "site"]
    assert probabilities(*TEXTBOOK, without=["site"]) == probabilities(*TEXTBOOK, without=members)


def test_a_feature_that_does_not_exist_cannot_be_left_out() -> None:
    with pytest.raises(ConfigError, match="no feature or group 'seizures'"):
        assess(*TEXTBOOK, without=["seizures"])


def test_a_setting_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigError, match="no setting 'clinic'"):
        assess(*TEXTBOOK, setting="clinic")


def test_the_setting_moves_the_probability_and_is_printed() -> None:
    verdict = assess(*TEXTBOOK, setting="suspected_pres").classification
    assert verdict.prior[Label.PRES] == pytest.approx(37 / 220)
    assert "37 of 220" in verdict.prior_source
    assert verdict.probabilities[Label.PRES] < probabilities(*TEXTBOOK)[Label.PRES]


def test_facts_of_one_group_never_weigh_more_than_the_strongest() -> None:
    def weight(**facts: Any) -> float:
        found = assess(Findings(), ClinicalRecord(**facts)).classification.contributions
        return sum(each.log_lr[Label.PRES] for each in found)

    together = weight(seizure=True, altered_mental_status=True)
    assert together == pytest.approx(weight(seizure=True))
    assert weight(altered_mental_status=True) > 0


def test_pressure_and_seizure_count_by_what_is_known_of_recipients() -> None:
    def weight(**facts: Any) -> float:
        found = assess(Findings(), ClinicalRecord(**facts)).classification.contributions
        return sum(each.log_lr[Label.PRES] for each in found)

    recipient = {"organ": "liver", "days_since_transplant": 20}
    high, normal = {"mean_arterial_mmhg": 140}, {"mean_arterial_mmhg": 95}
    assert 0 < weight(**high, **recipient) < weight(**high)
    assert weight(**normal, **recipient) == 0 > weight(**normal)
    assert weight(seizure=True, **recipient) > weight(seizure=True)
    assert weight(**recipient) == 0


def test_the_same_input_gives_the_same_assessment() -> None:
    assert assess(*DELAYED) == assess(*DELAYED)


@pytest.mark.parametrize(("lesion_ml", "label"), [(0.0, Label.NO_FINDING), (60.0, None)])
def test_no_finding_follows_the_measured_load(lesion_ml: float, label: Label | None) -> None:
    verdict = assess(Findings(lesion_ml=lesion_ml), ClinicalRecord()).classification
    assert (verdict.label is label) == (label is not None)
    assert verdict.label is label or verdict.probabilities[Label.NO_FINDING] < 0.01


def test_a_normal_scan_on_tacrolimus_says_that_toxicity_is_not_excluded() -> None:
    record = ClinicalRecord(drugs=(Drug(name="tacrolimus"),), seizure=True)
    answer = assess(Findings(hyperintensity=False), record)
    assert any("does not exclude" in alert.text for alert in answer.alerts)


def test_a_measured_scan_and_a_reading_of_it_give_the_same_verdict() -> None:
    _, clinical = TEXTBOOK
    measured = Findings(
        lesion_ml=60,
        largest_lesion_ml=15,
        parieto_occipital_share=0.7,
        deep_share=0.1,
        infratentorial_share=0.0,
        volume_asymmetry=0.2,
    )
    assert assess(measured, clinical).classification.label is Label.PRES


def test_a_graded_share_moves_the_score_step_by_step() -> None:
    def pres(share: float) -> float:
        return probabilities(
            Findings(lesion_ml=40, parieto_occipital_share=share), ClinicalRecord()
        )[Label.PRES]

    steps = [pres(share) for share in (0.0, 0.2, 0.3, 0.4, 0.9)]
    assert steps == sorted(steps)
    assert len(set(steps)) > 3


def test_missing_facts_name_what_would_count_and_none_that_is_known() -> None:
    answer = assess(*TEXTBOOK)
    missing = {fact.feature for fact in answer.missing}
    assert "seizure" not in missing
    assert "pleocytosis" in missing
    assert "headache" not in missing  # carries no weight


def test_every_source_of_the_assessment_is_cited() -> None:
    answer = assess(*DELAYED)
    named = {
        source
        for part in (
            answer.classification.contributions,
            answer.alerts,
            answer.differential,
            answer.recommendations,
            answer.laboratory,
            (answer.severity,),
        )
        for each in part
        for source in each.source
    }
    assert named <= set(answer.sources)
    assert all(answer.sources.values())


def test_the_record_of_an_assessment_can_be_written_and_read_back() -> None:
    answer = assess(*DELAYED)
    assert Assessment.model_validate_json(answer.model_dump_json()) == answer
