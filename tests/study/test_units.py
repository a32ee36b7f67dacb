import pytest
from hypothesis import given
from hypothesis import strategies as st

from presight.errors import ConfigError
from presight.study.units import Quantity, Substance, convert, read_quantity, slug

CREATININE = Substance(113.12)
MAGNESIUM = Substance(24.305, valence=2)


@pytest.mark.parametrize(
    ("value", "unit", "to", "substance", "expected"),
    [
        (88.4, "umol/L", "mg/dL", CREATININE, 1.0),
        (1.8, "mg/dL", "mmol/L", MAGNESIUM, 0.7406),
        (1.5, "milliequivalent/L", "mmol/L", MAGNESIUM, 0.75),
        (1.5, "milliequivalent/L", "mg/dL", MAGNESIUM, 1.8229),
        (8.3, "ug/L", "ng/mL", Substance(), 8.3),
        (150_000, "1/uL", "1e9/L", Substance(), 150),
        (16, "kPa", "mmHg", Substance(), 120.01),
        (1, "ukat/L", "U/L", Substance(), 60),
        (1.7, "g/L", "mg/dL", Substance(), 170),
    ],
)
def test_known_conversions(value, unit, to, substance, expected):
    assert convert(value, unit, to, substance) == pytest.approx(expected, rel=1e-4)


def test_a_mass_is_no_amount_without_a_molar_mass():
    with pytest.raises(ConfigError, match="units"):
        convert(1.0, "mg/dL", "mmol/L")


def test_a_charge_is_no_amount_without_a_valence():
    with pytest.raises(ConfigError, match="units"):
        convert(1.0, "milliequivalent/L", "mmol/L", Substance(24.305))


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("1.2 mg/dL", 1.2, "mg/dL"),
        ("106umol/L", 106, "umol/L"),
        ("106 µmol/L", 106, "umol/L"),  # micro sign
        ("106 μmol/L", 106, "umol/L"),  # Greek mu
        ("150 ×10⁹/L", 150, "x10^9/L"),
        (" 0,755 mmol/L ", 0.755, "mmol/L"),
        ("7.5e-1", 0.75, ""),
        ("−3", -3, ""),
    ],
)
def test_number_and_unit_are_parted(text, value, unit):
    assert read_quantity(text) == Quantity(value, unit)


@pytest.mark.parametrize("text", ["", "high", "<5", "> 500", "1.2.3", "1,234.5", "1 2,", "ca. 5"])
def test_what_is_not_one_number_is_not_guessed(text):
    assert read_quantity(text) is None or read_quantity(text).unit


@pytest.mark.parametrize(
    ("text", "decimal_comma", "value"),
    [
        ("1,234", False, None),  # 1.234 or 1234?
        ("1.234", False, 1.234),
        ("1,234", True, 1.234),
        ("1.234", True, None),
        ("0.234", True, 0.234),
        ("1,2", False, 1.2),
        ("120.000 /µL", True, None),
    ],
)
def test_a_thousands_mark_is_not_taken_for_a_decimal_one(text, decimal_comma, value):
    quantity = read_quantity(text, decimal_comma=decimal_comma)
    assert (quantity.value if quantity else None) == value


@given(st.floats(-1e6, 1e6, allow_nan=False), st.sampled_from(["", " mg/dL", "/µL", " 10^9/L"]))
def test_what_python_writes_is_read_back(value, unit):
    assert read_quantity(f"{value!r}{unit}").value == value


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text):
    quantity = read_quantity(text)
    assert quantity is None or isinstance(quantity.value, float)


@pytest.mark.parametrize(
    "name",
    ["Creatinine [µmol/L]", "creatinine_umol_l", "CREATININE (umol per L)", "creatinine µmol/l"],
)
def test_one_column_has_many_spellings(name):
    assert slug(name) == "creatinine_umol_l"


@pytest.mark.parametrize("unit", ["µg/L", "μg/L", "ug/l", "mcg/L", "UG per L"])
def test_micro_has_many_signs(unit):
    assert slug(unit) == "ug_l"
