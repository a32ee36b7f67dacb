"""Interacting drugs are recognised by name, brand and in a sentence, with their direction."""

import pytest

from presight.measure.findings import Findings
from presight.score import assess
from presight.score.drugs import interactions, on_board, unknown_names
from presight.study.clinical import ClinicalRecord, Drug

TACROLIMUS = (Drug(name="tacrolimus"),)


@pytest.mark.parametrize(
    ("written", "drug", "direction"),
    [
        ("Fluconazole 200 mg", "fluconazole", "raises_level"),
        ("Diflucan", "fluconazole", "raises_level"),
        ("diltiazem", "diltiazem", "raises_level"),
        ("nicardipine", "nicardipine", "raises_level"),
        ("Paxlovid", "ritonavir", "raises_level"),
        ("Darunavir", "darunavir", "raises_level"),
        ("azole antifungal", "azole antifungal", "raises_level"),
        ("calcium channel blockers", "calcium channel blocker", "raises_level"),
        ("phenytoin", "phenytoin", "lowers_level"),
        ("Rifampin", "rifampicin", "lowers_level"),
        ("St. John's wort", "St John's wort", "lowers_level"),
    ],
)
def test_interaction_is_recognised(written: str, drug: str, direction: str) -> None:
    record = ClinicalRecord(drugs=TACROLIMUS, interacting_drugs=(written,))
    (hit,) = interactions(record)
    assert (hit.drug, hit.direction) == (drug, direction)
    assert hit.source


def test_a_part_of_a_word_is_no_drug() -> None:
    record = ClinicalRecord(interacting_drugs=("levofloxacin", "preverapamil"))
    assert interactions(record) == ()
    assert unknown_names(record) == ("levofloxacin", "preverapamil")


def test_a_drug_that_no_list_names_is_said_to_be_unknown() -> None:
    record = ClinicalRecord(interacting_drugs=("levofloxacin", "fluconazole", "Prograf"))
    readings = [each for each in assess(Findings(), record).laboratory if each.source == ("ours",)]
    assert [each.value for each in readings] == ["levofloxacin"]
    assert "not known" in readings[0].reading
    assert unknown_names(record) == ("levofloxacin",)


def test_the_calcineurin_inhibitor_itself_is_no_interaction() -> None:
    assert interactions(ClinicalRecord(drugs=(Drug(name="cyclosporine"),))) == ()


@pytest.mark.parametrize("written", ["Tacrolimus", "Prograf", "FK506", "ciclosporin", "Neoral"])
def test_calcineurin_inhibitor_by_name_and_brand(written: str) -> None:
    assert on_board(ClinicalRecord(drugs=(Drug(name=written),)), "calcineurin_inhibitor")


def test_an_interaction_is_named_in_the_advice_with_its_direction() -> None:
    record = ClinicalRecord(drugs=TACROLIMUS, interacting_drugs=("voriconazole",))
    answer = assess(Findings(), record)
    assert any("interacting drug can be changed" in each.action for each in answer.recommendations)
    reading = next(each for each in answer.laboratory if each.name == "interacting drug")
    assert reading.value == "voriconazole"
    assert "raises the level" in reading.reading


def test_an_antiseizure_drug_that_lowers_the_level_is_warned_of() -> None:
    record = ClinicalRecord(drugs=TACROLIMUS, seizure=True, visual_disturbance=True)
    answer = assess(Findings(involved_regions={"occipital": True}), record)
    advice = next(each for each in answer.recommendations if "antiseizure" in each.action)
    assert "lower the tacrolimus level" in advice.against
