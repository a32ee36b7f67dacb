"""configs/clinical.yaml against the record, physics and itself."""

import re
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presight.config import load_config
from presight.score.drugs import interactions, on_board
from presight.study.clinical import ClinicalRecord, Drug
from presight.study.clinical_fields import (
    Kind,
    clinical_columns,
    clinical_fields,
    clinical_vocabulary,
    column_index,
    drug_parts,
)
from presight.study.units import slug

FIELDS = clinical_fields()
NUMBERS = [
    field for field in (*FIELDS.values(), *drug_parts().values()) if field.kind is Kind.NUMBER
]
ATOMIC_WEIGHTS = {  # IUPAC 2021, abridged
    "H": 1.008, "C": 12.011, "N": 14.007, "O": 15.999, "Mg": 24.305, "I": 126.90,
}  # fmt: skip


def _type_of(field):
    if field.path[0] == "drugs":
        annotation = Drug.model_fields[field.path[2]].annotation if len(field.path) > 1 else tuple
    elif field.path[0] == "infection_pcr":
        annotation = bool
    else:
        annotation = ClinicalRecord.model_fields[field.name].annotation
    return {kind for kind in get_args(annotation) if kind is not type(None)} or {annotation}


def test_every_field_of_the_record_can_be_written_in_a_table():
    assert {field.path[0] for field in FIELDS.values()} == set(ClinicalRecord.model_fields)


@pytest.mark.parametrize("field", FIELDS.values(), ids=lambda field: field.name)
def test_the_record_holds_what_the_field_says(field):
    kinds = _type_of(field)
    assert (float in kinds) == (field.kind is Kind.NUMBER)
    assert (bool in kinds) == (field.kind is Kind.FLAG)


@pytest.mark.parametrize("field", NUMBERS, ids=lambda field: field.name)
def test_every_number_has_a_unit_a_range_and_a_reason(field):
    low, high = field.range
    assert low < high
    assert "guard" in field.guard
    assert not field.accepts or len(set(field.units)) == len(field.units)


def test_no_two_fields_claim_one_column():
    assert len(clinical_columns()) > len(FIELDS)
    column_index(drug_parts().values())


@pytest.mark.parametrize("field", NUMBERS, ids=lambda field: field.name)
def test_no_spelling_means_two_units(field):
    written = clinical_vocabulary().written
    meant = {}
    for unit in field.units:
        for spelling in (unit, *written[unit]):
            assert meant.setdefault(slug(spelling), unit) == unit


@pytest.mark.parametrize(
    "field", [field for field in NUMBERS if field.molar_mass_g_mol], ids=lambda field: field.name
)
def test_molar_masses_follow_from_the_formulae(field):
    atoms = re.findall(r"([A-Z][a-z]?)(\d*)", field.formula)
    mass = sum(ATOMIC_WEIGHTS[symbol] * int(count or 1) for symbol, count in atoms)
    assert field.molar_mass_g_mol == pytest.approx(mass, rel=2e-4)
    assert field.molar_mass_source


@given(data=st.data())
def test_every_unit_converts_there_and_back(data):
    field = data.draw(st.sampled_from(NUMBERS))
    unit = data.draw(st.sampled_from(field.units))
    value = data.draw(st.floats(*field.range))
    back = field.to_canonical(field.from_canonical(value, unit), unit)
    assert back == pytest.approx(value, rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("field", NUMBERS, ids=lambda field: field.name)
def test_bare_numbers_are_for_units_that_nobody_confuses(field):
    allowed = {"year", "day", "mmHg", "mmol/L", "mIU/L", "/µL"}
    assert not field.bare or field.unit in allowed
    if field.bare and field.unit in {"mmol/L", "mIU/L", "/µL"}:
        assert all(field.to_canonical(1.0, unit) == pytest.approx(1.0) for unit in field.units)


def test_column_names_state_the_unit():
    assert FIELDS["creatinine_mg_dl"].column("µmol/L") == "creatinine_umol_l"
    assert FIELDS["age_years"].column("month") == "age_month"
    for field in FIELDS.values():
        for unit in field.units:
            assert clinical_columns()[slug(field.column(unit))] == (field, unit)


def test_drug_names_lead_to_one_name():
    vocabulary = clinical_vocabulary()
    assert vocabulary.drug_name(" FK506 ") == "tacrolimus"
    assert vocabulary.drug_name("Ciclosporin") == "cyclosporine"
    assert vocabulary.drug_name("Leflunomide") == "leflunomide"
    assert vocabulary.calcineurin_inhibitors <= set(vocabulary.drugs.values())


@pytest.mark.parametrize("name", ["tacrolimsu", "oral tacrolimus", "cyclosporin b"])
def test_a_slip_of_the_pen_is_noticed(name):
    assert clinical_vocabulary().almost_drug(name)


@pytest.mark.parametrize("name", ["temsirolimus", "pimecrolimus", "prednisolone", "co-trimoxazole"])
def test_another_drug_is_not_taken_for_a_slip(name):
    assert clinical_vocabulary().almost_drug(name) is None


def _evidence_names():
    classes = load_config("evidence/drugs.yaml")["classes"]
    for name, entry in classes.items():
        for drug, spellings in entry["members"].items():
            yield from ((name, drug, spelling) for spelling in spellings)


@pytest.mark.parametrize(("drug_class", "drug", "spelling"), _evidence_names())
def test_every_drug_that_the_score_knows_passes_the_door(drug_class, drug, spelling):
    name = clinical_vocabulary().drug_name(spelling)
    assert clinical_vocabulary().almost_drug(name) is None
    assert on_board(ClinicalRecord(drugs=(Drug(name=name),)), drug_class)


def test_every_interacting_drug_passes_the_door():
    directions = load_config("evidence/drugs.yaml")["interactions"].values()
    groups = [group for entry in directions for group in entry["groups"].values()]
    for spelling in (
        spelling for group in groups for names in group.values() for spelling in names
    ):
        name = clinical_vocabulary().drug_name(spelling)
        assert clinical_vocabulary().almost_drug(name) is None
        on = (Drug(name="tacrolimus"),)
        assert interactions(ClinicalRecord(drugs=on, interacting_drugs=(name,)))


def _manual_row(field):
    what = {
        Kind.FLAG: "yes or no",
        Kind.CHOICE: ", ".join(field.choices),
        Kind.LIST: "names",
        Kind.DRUGS: "names, with level and start",
    }
    low, high = field.range or (0, 0)
    value = what.get(field.kind) or f"{', '.join(field.units)}: {low:g} to {high:g} {field.unit}"
    others = ", ".join(f"`{alias}`" for alias in field.aliases)
    return f"| `{field.name}` | {field.label} | {value} | {others} |"


def test_the_manual_lists_every_field_as_the_configuration_has_it():
    manual = Path(__file__).resolve().parents[2] / "docs" / "clinical-table.md"
    rows = [line for line in manual.read_text(encoding="utf-8").splitlines() if line[:3] == "| `"]
    assert rows == [_manual_row(field) for field in FIELDS.values()]


def test_no_word_says_two_things():
    words = [word for said in load_config("clinical.yaml")["words"].items() if said[0] != "nothing"
             for word in said[1]]  # fmt: skip
    assert len(words) == len(set(words))
    assert all(word == word.casefold() for word in words)
