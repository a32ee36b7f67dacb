import pytest
from pydantic import ValidationError

from presight.study.clinical import ClinicalRecord, Drug


def test_an_empty_record_knows_nothing():
    known = ClinicalRecord().model_dump(exclude_none=True)
    assert known == {"drugs": (), "interacting_drugs": (), "infection_pcr": {}}


def test_a_drug_is_found_by_its_name():
    record = ClinicalRecord(drugs=(Drug(name="metronidazole"), Drug(name="tacrolimus")))
    assert record.drug("tacrolimus") is record.drugs[1]
    assert record.drug("cyclosporine") is None


def test_a_record_shows_no_value():
    record = ClinicalRecord(age_years=61.5, drugs=(Drug(name="tacrolimus", level_ng_ml=7.7),))
    for text in (repr(record), str(record), repr(record.drugs[0])):
        assert "61.5" not in text
        assert "tacrolimus" not in text
        assert "7.7" not in text
    assert "age_years" in repr(record)


def test_an_error_of_the_record_shows_no_value():
    with pytest.raises(ValidationError) as caught:
        ClinicalRecord(age_years="sixty-one and a half")
    assert "sixty" not in str(caught.value)


def test_a_record_cannot_be_changed():
    with pytest.raises(ValidationError):
        ClinicalRecord().age_years = 3.0
