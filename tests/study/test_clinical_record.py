import pytest
from pydantic import ValidationError

from presight.study.clinical import ClinicalRecord, Drug


def test_an_empty_record_knows_nothing():
    known = ClinicalRecord().model_dump(exclude_none=True)
    assert known == {"drugs": (), "interacting_drugs": (), "infection_pcr": {}}
    assert ClinicalRecord().on_calcineurin_inhibitor is None


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (ClinicalRecord(drugs=(Drug(name="tacrolimus"),)), True),
        (ClinicalRecord(drugs=(Drug(name="metronidazole"),)), None),
        (ClinicalRecord(calcineurin_inhibitor=True), True),
        (ClinicalRecord(drugs=(Drug(name="metronidazole"),), calcineurin_inhibitor=False), False),
    ],
)
def test_exposure_is_known_by_name_or_as_stated(record, expected):
    assert record.on_calcineurin_inhibitor is expected


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
