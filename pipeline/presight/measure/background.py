"""What white matter carries anyway at this age and with these kidneys, as far as published."""

from __future__ import annotations

from typing import Any

import numpy as np

from presight.config import load_config
from presight.measure.details import Background
from presight.study.clinical import ClinicalRecord


def background(load_ml: float, clinical: ClinicalRecord) -> Background:
    """Compare the periventricular and deep load with what age and kidney function let expect.

    Parameters
    ----------
    load_ml : float
        Deep and periventricular hyperintensity of the cerebrum.
    clinical : ClinicalRecord
        Age, sex and creatinine are read; what is unknown is left out.
    """
    table = load_config("measure/background.yaml")
    expected = expected_ml(clinical)
    egfr = estimated_gfr(clinical)
    band = _kidney_band(egfr)
    source = [*table["fazekas"]["source"]]
    source += table["expected_by_age"]["source"] if expected is not None else []
    source += [*table["kidney"]["source"], *table["egfr"]["source"]] if band else []
    return Background(
        load_ml=load_ml,
        grades=fazekas_grades(load_ml),
        expected_ml=expected,
        times_expected=load_ml / expected if expected else None,
        egfr=egfr,
        egfr_estimated=egfr is not None,
        said=tuple(_sentences(load_ml, expected, clinical, egfr, band)),
        source=tuple(dict.fromkeys(source)),
    )


def fazekas_grades(load_ml: float) -> tuple[int, ...]:
    """Grades that were published with such a volume: two where the ranges overlap.

    Below the lowest range it is grade 0; a volume above the highest fits no grade.

    >>> fazekas_grades(3.0), fazekas_grades(7.0), fazekas_grades(200.0)
    ((1,), (1, 2), ())
    """
    ranges: dict[int, list[float]] = load_config("measure/background.yaml")["fazekas"]["grades"]
    if load_ml < min(low for low, _ in ranges.values()):
        return (0,)
    return tuple(grade for grade, (low, high) in ranges.items() if low <= load_ml <= high)


def expected_ml(clinical: ClinicalRecord) -> float | None:
    """Median load of the population at this age; of both sexes' mean where sex is unknown."""
    if clinical.age_years is None:
        return None
    knots = load_config("measure/background.yaml")["expected_by_age"]["knots"]
    sexes = [clinical.sex] if clinical.sex in knots else list(knots)
    logs = []
    for sex in sexes:
        ages, volumes = zip(*knots[sex], strict=True)
        logs.append(np.interp(clinical.age_years, ages, np.log(volumes)))
    return float(np.exp(np.mean(logs)))


def estimated_gfr(clinical: ClinicalRecord) -> float | None:
    """Glomerular filtration by CKD-EPI 2021, in mL/min/1.73 m2; adults only.

    The patient's usual creatinine is taken where it is known: background load goes with the
    kidneys of years, not of today.
    """
    creatinine = clinical.baseline_creatinine_mg_dl or clinical.creatinine_mg_dl
    age, sex = clinical.age_years, clinical.sex
    terms: dict[str, Any] = load_config("measure/background.yaml")["egfr"]
    if creatinine is None or age is None or age < 18 or sex not in ("F", "M"):
        return None
    own = terms[sex]
    ratio = creatinine / own["kappa"]
    filtered = min(ratio, 1) ** own["alpha"] * max(ratio, 1) ** terms["above"]
    return float(terms["scale"] * filtered * terms["age"] ** age * own["factor"])


def _kidney_band(egfr: float | None) -> dict[str, float] | None:
    bands = load_config("measure/background.yaml")["kidney"]["bands"]
    fitting = (band for band in bands if egfr is not None and band["from"] <= egfr < band["below"])
    return next(fitting, None)


def _sentences(
    load_ml: float,
    expected: float | None,
    clinical: ClinicalRecord,
    egfr: float | None,
    band: dict[str, float] | None,
) -> list[str]:
    said = [_grade_sentence(load_ml)]
    if expected is not None:
        said.append(
            f"At {clinical.age_years:.0f} years the median of the population is about "
            f"{expected:.1f} mL, {_set_against(load_ml, expected)}."
        )
    if band is not None:
        said.append(
            f"With an eGFR of about {egfr:.0f} mL/min/1.73 m2, {band['deep']:.0%} of people have "
            f"deep and {band['periventricular']:.0%} periventricular hyperintensity."
        )
    return said


def _grade_sentence(load_ml: float) -> str:
    grades = fazekas_grades(load_ml)
    if not grades:
        return f"{load_ml:.1f} mL is more than was published with any Fazekas grade."
    return (
        f"{load_ml:.1f} mL periventricular and deep was published with Fazekas grade "
        f"{' or '.join(str(grade) for grade in grades)}."
        if grades != (0,)
        else f"{load_ml:.1f} mL periventricular and deep is less than goes with any Fazekas grade."
    )


def _set_against(load_ml: float, expected: float) -> str:
    """Say a multiple of the median only of a load that could be background."""
    if not fazekas_grades(load_ml):
        return f"which would explain {expected / load_ml:.0%} of this"
    return f"so this is {load_ml / expected:.1f} times as much"
