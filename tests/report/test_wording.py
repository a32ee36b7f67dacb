"""Numbers as they are said: no false certainty, no lost unit."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presight.report import wording


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.0, "0 %"), (0.0003, "<1 %"), (0.0562, "6 %"), (0.9951, ">99 %"), (1.0, "100 %")],
)
def test_percent(share, said):
    assert wording.percent(share).replace("\xa0", " ") == said


@given(st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_what_is_not_certain_is_never_said_to_be(share):
    assert wording.percent(share).replace("\xa0", " ") not in {"0 %", "100 %"}


@pytest.mark.parametrize(
    ("ml", "said"),
    [(0.0, "0"), (0.004, "<0.01"), (0.346, "0.35"), (12.34, "12.3"), (1310.2, "1310")],
)
def test_volume(ml, said):
    assert wording.volume(ml) == said


@pytest.mark.parametrize(
    ("ratio", "said"), [(6, "×6.0"), (1 / 6, "÷6.0"), (1, "×1"), (1.05, "×1.05"), (60, "×60")]
)
def test_factor(ratio, said):
    assert wording.factor(math.log(ratio)) == said


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (None, ""),
        ((0, 1), "within 1 day"),
        ((0, 3), "within 3 days"),
        ((0, 0.25), "within 6 hours"),
        ((7, 14), "in 1 to 2 weeks"),
        ((14, 14), "in 2 weeks"),
        ((10, 14), "in 10 to 14 days"),
    ],
)
def test_window(days, said):
    assert wording.window(days).replace("\xa0", " ") == said


@pytest.mark.parametrize(
    ("field", "value", "name", "said"),
    [
        ("systolic_mmhg", 182.0, "systolic", "182 mmHg"),
        ("magnesium_mmol_l", 0.58, "magnesium", "0.58 mmol/L"),
        ("csf_cells_per_ul", 4.0, "CSF cells", "4/µL"),
        ("platelets_10e9_l", 212.0, "platelets", "212 10⁹/L"),
        ("lesion_ml", 31.42, "lesion", "31.4 mL"),
        ("deep_share", 0.61, "deep share", "61 %"),
        ("seizure", False, "seizure", "no"),
        ("tsh_mu_l", 2.5, "TSH", "2.5 mU/L"),
    ],
)
def test_a_field_is_said_with_its_unit(field, value, name, said):
    assert wording.field_name(field) == name
    assert wording.field_value(field, value).replace("\xa0", " ") == said


@pytest.mark.parametrize(
    ("citation", "address"),
    [
        ("Doe J. doi:10.1000/x.1.", "https://doi.org/10.1000/x.1"),
        ("Doe J. (10.1016/S0140-6736(00)12345-6)", "https://doi.org/10.1016/S0140-6736(00)12345-6"),
        ("Doe J. PMC123", "https://pmc.ncbi.nlm.nih.gov/articles/PMC123/"),
        ("Doe J. PMID 123", "https://pubmed.ncbi.nlm.nih.gov/123/"),
        ("Label, https://example.org/a?b=1.", "https://example.org/a?b=1"),
        ("Textbook", ""),
        ("javascript:alert(1)", ""),
    ],
)
def test_a_citation_leads_to_its_source(citation, address):
    before, text, target, after = wording.link(citation)
    assert target == address
    assert before + text + after == citation
