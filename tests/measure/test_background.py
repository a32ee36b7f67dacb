"""What white matter carries anyway: published volumes, ages and kidneys, and nothing invented."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presight.citations import citations
from presight.config import load_config
from presight.measure.background import background, estimated_gfr, expected_ml, fazekas_grades
from presight.measure.diffusion import kind_of
from presight.measure.gradings import gradings
from presight.measure.pattern import named_patterns
from presight.study.clinical import ClinicalRecord

FILES = ("settings", "sites", "patterns", "background", "gradings")


def named_sources(value):
    """Every source id below a value."""
    if isinstance(value, dict):
        for key, part in value.items():
            if str(key).endswith("source"):
                yield from [part] if isinstance(part, str) else part
            else:
                yield from named_sources(part)
    elif isinstance(value, list):
        for part in value:
            yield from named_sources(part)


@pytest.mark.parametrize("name", FILES)
def test_every_source_has_a_citation(name):
    assert all(citations(named_sources(load_config(f"measure/{name}.yaml"))).values())


def test_every_listed_source_is_used():
    used = {s for name in FILES for s in named_sources(load_config(f"measure/{name}.yaml"))}
    assert set(load_config("measure/sources.yaml")) <= used


@pytest.mark.parametrize(
    ("load_ml", "grades"),
    [(0.05, (0,)), (3.0, (1,)), (7.0, (1, 2)), (12.0, (2,)), (16.0, (2, 3)), (40.0, (3,))],
)
def test_a_volume_fits_every_grade_it_was_published_with(load_ml, grades):
    assert fazekas_grades(load_ml) == grades


def test_more_than_was_published_with_any_grade_is_no_grade():
    found = background(150.0, ClinicalRecord())
    assert found.grades == ()
    assert "more than was published" in found.said[0]
    assert gradings(found)[0].grade is None


def test_published_medians_are_met_at_their_ages():
    assert expected_ml(ClinicalRecord(age_years=40, sex="M")) == pytest.approx(0.25)
    assert expected_ml(ClinicalRecord(age_years=85, sex="M")) == pytest.approx(7.3)
    assert expected_ml(ClinicalRecord(age_years=88, sex="F")) == pytest.approx(12.8)


@given(st.integers(18, 95), st.integers(18, 95))
def test_more_is_expected_of_the_older(one, other):
    young, old = sorted((one, other))
    assert expected_ml(ClinicalRecord(age_years=young)) <= expected_ml(
        ClinicalRecord(age_years=old)
    )


def test_what_is_unknown_is_left_out():
    found = background(3.0, ClinicalRecord())
    assert found.expected_ml is None
    assert found.egfr is None
    assert len(found.said) == 1
    assert estimated_gfr(ClinicalRecord(age_years=10, sex="F", creatinine_mg_dl=0.5)) is None


def test_filtration_follows_the_published_equation():
    woman = ClinicalRecord(age_years=50, sex="F", creatinine_mg_dl=0.7)
    man = ClinicalRecord(age_years=60, sex="M", creatinine_mg_dl=1.2)
    assert estimated_gfr(woman) == pytest.approx(105.3, abs=0.2)
    assert estimated_gfr(man) == pytest.approx(69.2, abs=0.2)


def test_the_kidneys_of_years_count_and_not_those_of_today():
    record = ClinicalRecord(
        age_years=50, sex="F", creatinine_mg_dl=4.0, baseline_creatinine_mg_dl=0.7
    )
    assert estimated_gfr(record) == pytest.approx(105.3, abs=0.2)


def test_gradings_whose_text_was_not_seen_are_not_given():
    graded = {each.name: each.grade for each in gradings(background(12.0, ClinicalRecord()))}
    assert [grade for grade in graded.values() if grade] == ["2"]
    assert all("McKinney" not in name or grade is None for name, grade in graded.items())


def test_a_tenth_of_low_adc_is_mixed_whatever_the_rest():
    assert kind_of(0.1, 1.8) == "mixed"
    assert kind_of(0.0, 1.8) == "vasogenic"
    assert kind_of(0.0, 1.0) == "unchanged"
    assert kind_of(0.9, 0.6) == "cytotoxic"


def test_a_number_that_is_missing_never_makes_a_pattern():
    assert named_patterns({"lesion_ml": 20.0}) == ()
    assert named_patterns({"lesion_ml": 0.05, "dentate_share": 1.0}) == ()
    (found,) = named_patterns({"lesion_ml": 5.0, "dentate_share": 0.8})
    assert found.name == "dentate"
    assert "0.80" in found.because
