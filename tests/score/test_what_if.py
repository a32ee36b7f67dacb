"""What a page needs to weigh the facts anew gives what the score gives without them."""

import math
from collections.abc import Collection
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presight.measure.findings import Findings
from presight.score import Label, assess
from presight.score.assessment import Classification, Weight
from presight.study.clinical import ClinicalRecord, Drug, Onset

FINDINGS = Findings(
    source="reading",
    involved_regions={"deep_wm": True, "parietal": False, "occipital": False, "temporal": True}
    | {"pons": True, "cerebellum": True, "cortex": False, "deep_grey": False, "insula": False},
    bilateral=True,
    symmetric=True,
    confluent_diffuse=True,
    restricted_diffusion="partial",
    adc="low",
    enhancement=False,
)
RECORD = ClinicalRecord(
    drugs=(Drug(name="tacrolimus"),),
    seizure=True,
    altered_mental_status=True,
    headache=True,
    mean_arterial_mmhg=111,
    onset=Onset.SUBACUTE,
    infection_pcr={"jcv": False, "HSV": False},
)
LISTED = [each.feature for each in assess(FINDINGS, RECORD).classification.contributions]


def vector(weight: Weight, off: Collection[str], labels: list[Label]) -> list[float]:
    place = sum(2**bit for bit, name in enumerate(weight.read_from) if name in off)
    grade = weight.grades[place]
    if grade is None:
        return [0.0] * len(labels)
    return [grade * weight.present[x] + (1 - grade) * weight.absent[x] for x in labels]


def weighed_anew(verdict: Classification, off: Collection[str]) -> dict[Label, float]:
    """Sum each group, limit it to its strongest fact, add the prior: as the page does."""
    labels = list(verdict.prior)
    scores = [math.log(verdict.prior[label]) for label in labels]
    by_group = sorted(verdict.weights, key=lambda weight: weight.group)
    for _, group in groupby(by_group, key=lambda weight: weight.group):
        parts = [vector(weight, off, labels) for weight in group]
        for i, column in enumerate(zip(*parts, strict=True)):
            limit = max(abs(part) for part in column)
            scores[i] += max(-limit, min(limit, sum(column)))
    odds = [math.exp(score) for score in scores]
    return {label: part / sum(odds) for label, part in zip(labels, odds, strict=True)}


def test_the_case_holds_facts_that_are_read_from_others() -> None:
    weights = assess(FINDINGS, RECORD).classification.weights
    by_name = {weight.feature: weight for weight in weights}
    assert set(by_name["seizure_after_transplant"].read_from) == {
        "seizure",
        "seizure_after_transplant",
        "calcineurin_inhibitor",
    }
    assert by_name["hypertension_without_transplant"].grades == (None, 0.5)
    assert len(by_name["acute_toxic_pattern"].grades) > 4


def test_nothing_left_out_gives_the_answer_itself() -> None:
    verdict = assess(FINDINGS, RECORD).classification
    assert weighed_anew(verdict, ()) == pytest.approx(verdict.probabilities, abs=1e-12)


@pytest.mark.parametrize("feature", LISTED)
def test_each_fact_left_out_gives_what_the_score_gives_without_it(feature: str) -> None:
    verdict = assess(FINDINGS, RECORD).classification
    without = assess(FINDINGS, RECORD, without=[feature]).classification
    assert weighed_anew(verdict, [feature]) == pytest.approx(without.probabilities, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.sets(st.sampled_from(LISTED)))
def test_any_facts_left_out_together_do_too(off: set[str]) -> None:
    verdict = assess(FINDINGS, RECORD).classification
    without = assess(FINDINGS, RECORD, without=off).classification
    assert weighed_anew(verdict, off) == pytest.approx(without.probabilities, abs=1e-12)


def test_a_fact_left_out_from_the_start_stays_out() -> None:
    verdict = assess(FINDINGS, RECORD, without=["seizure"]).classification
    both = assess(FINDINGS, RECORD, without=["seizure", "symmetric"]).classification
    assert weighed_anew(verdict, ["symmetric"]) == pytest.approx(both.probabilities, abs=1e-12)


def test_the_change_since_a_previous_study_is_weighed_too() -> None:
    before = Findings(lesion_ml=50, parieto_occipital_share=0.6)
    now = Findings(lesion_ml=5, days_since_prior=30)
    verdict = assess(now, RECORD, previous=before).classification
    without = assess(now, RECORD, previous=before, without=["seizure"]).classification
    assert weighed_anew(verdict, ["seizure"]) == pytest.approx(without.probabilities, abs=1e-12)
