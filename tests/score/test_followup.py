"""A second study: each fact counts once, resolution speaks, the advice follows the trend."""

import pytest

from presight.measure.findings import Findings
from presight.score import Assessment, Label, assess
from presight.study.clinical import ClinicalRecord

RECORD = ClinicalRecord(seizure=True, onset="acute", headache=True)
FIRST = Findings(
    lesion_ml=50,
    parieto_occipital_share=0.6,
    deep_share=0.1,
    infratentorial_share=0,
    volume_asymmetry=0.1,
)


def later(lesion_ml: float) -> Findings:
    return Findings(lesion_ml=lesion_ml, days_since_prior=30, sequences=("flair",))


def pres(answer: Assessment) -> float:
    return answer.classification.probabilities[Label.PRES]


def actions(answer: Assessment) -> str:
    return " ".join(each.action for each in answer.recommendations)


def test_reversal_supports_pres_and_growth_speaks_against_it() -> None:
    alone = pres(assess(FIRST, RECORD))
    resolved = pres(assess(later(1), RECORD, previous=FIRST))
    grown = pres(assess(later(90), RECORD, previous=FIRST))
    assert resolved > alone > grown


def test_where_a_resolved_lesion_was_still_counts_once() -> None:
    answer = assess(later(1), RECORD, previous=FIRST)
    names = [each.feature for each in answer.classification.contributions]
    assert names.count("parieto_occipital") == 1
    assert answer.classification.label is Label.PRES
    assert answer.classification.probabilities[Label.NO_FINDING] < 0.05


def test_the_same_study_twice_adds_nothing_but_the_missing_change() -> None:
    twice = assess(FIRST.model_copy(update={"days_since_prior": 30}), RECORD, previous=FIRST)
    moved = {each.feature for each in twice.classification.contributions}
    once = {each.feature for each in assess(FIRST, RECORD).classification.contributions}
    assert moved - once == {"resolved"}


def test_a_lesion_that_only_the_second_study_shows_is_judged_as_it_is_now() -> None:
    early = Findings(lesion_ml=0.5, parieto_occipital_share=0, deep_share=0.9)
    answer = assess(FIRST, RECORD, previous=early)
    assert pres(answer) == pytest.approx(pres(assess(FIRST, RECORD)))


def test_a_background_that_shrinks_is_no_resolution() -> None:
    little = Findings(lesion_ml=2, parieto_occipital_share=0.6)
    followed = assess(later(0.1), RECORD, previous=little)
    assert "resolved" not in {each.feature for each in followed.classification.contributions}


def test_a_finding_that_only_the_second_study_looked_at_is_used() -> None:
    second = later(40).model_copy(update={"restricted_diffusion": "whole"})
    with_it, without = (assess(each, RECORD, previous=FIRST) for each in (second, later(40)))
    assert pres(with_it) < pres(without)


def test_the_trend_is_said_in_volumes() -> None:
    trend = assess(later(5), RECORD, previous=FIRST).trend
    assert trend == "Lesion volume 5.0 mL after 30 days, 10% of 50.0 mL before"
    assert assess(FIRST, RECORD).trend is None
    assert assess(Findings(change="improved"), RECORD).trend == "Lesion improved"


@pytest.mark.parametrize(
    ("lesion_ml", "said", "unsaid"),
    [
        (1, "ending follow-up", "2 to 6 weeks"),
        (25, "2 to 6 weeks", "ending follow-up"),
        (100, "question the diagnosis", "ending follow-up"),
    ],
)
def test_the_advice_follows_the_trend(lesion_ml: float, said: str, unsaid: str) -> None:
    text = actions(assess(later(lesion_ml), RECORD, previous=FIRST))
    assert said in text
    assert unsaid not in text
