"""One row of a clinical table, made into a clinical record."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from presight.errors import ClinicalError
from presight.study.clinical import ClinicalRecord
from presight.study.clinical_fields import ClinicalField, clinical_columns, clinical_vocabulary
from presight.study.clinical_files import RawRow
from presight.study.clinical_values import Cell, is_unknown, read_value, shown
from presight.study.units import slug


def read_row(row: RawRow, *, decimal_comma: bool = False) -> ClinicalRecord:
    """Make a record of the clinical columns of a row.

    Raises
    ------
    ClinicalError
        A column is unknown, a value cannot be understood or cannot be true, two columns of one
        field are both filled, or two values contradict each other.
    """
    values: dict[str, tuple[ClinicalField, Any]] = {}
    for column, content in row.cells.items():
        field, unit = find_column(column, row.file)
        if is_unknown(content):
            continue
        cell = Cell(content, f"{row.where}, column {shown(column)}", unit, decimal_comma)
        if field.name in values:
            raise ClinicalError(f"{field.name} is given in another column too", where=cell.where)
        values[field.name] = (field, read_value(field, cell))
    return _record(values, row.where)


def find_column(column: str, file: str) -> tuple[ClinicalField, str]:
    """Return the field of a column and the unit that its name states.

    Raises
    ------
    ClinicalError
        There is no such column; the nearest known one is named.
    """
    name = slug(column[: clinical_vocabulary().limits["text_characters"]])
    found = clinical_columns().get(name)
    if found is None:
        raise _unknown_column(column, name, file)
    return found


def _unknown_column(column: str, name: str, where: str) -> ClinicalError:
    instead = clinical_vocabulary().instead.get(name)
    found = f"the column {shown(column)} is not known"
    if instead:
        return ClinicalError(found, where=where, expected=instead)
    field = _field_without_its_unit(name)
    if field:
        found = f"the column {shown(column)} ends in no unit of {field.spoken}"
        return ClinicalError(
            found, where=where, expected=" or ".join(map(field.column, field.units))
        )
    nearest = get_close_matches(name, clinical_columns(), n=1)
    return ClinicalError(
        found,
        where=where,
        expected=f"'{nearest[0]}', the nearest known one"
        if nearest
        else "a column of the template",
        action="A column that is to be left alone begins with an underscore",
    )


def _field_without_its_unit(name: str) -> ClinicalField | None:
    """Find the field that ``creatinine_mg`` or ``magnesium_mol`` was meant for."""
    stem, _, rest = name.partition("_")
    while rest:
        field, unit = clinical_columns().get(stem, (None, ""))
        if field and not unit and field.units and len(rest) <= _LONGEST_UNIT:
            return field
        word, _, rest = rest.partition("_")
        stem = f"{stem}_{word}"
    return None


_LONGEST_UNIT = 8


def _record(values: Mapping[str, tuple[ClinicalField, Any]], where: str) -> ClinicalRecord:
    data: dict[str, Any] = {}
    drugs: dict[str, dict[str, Any]] = {}
    for field, value in values.values():
        if value is None:
            continue
        if field.name == "drugs":
            for drug in value:
                _merge_drug(drugs, drug, where)
        elif field.path[0] == "drugs":
            _merge_drug(drugs, {"name": field.path[1], field.path[2]: value}, where)
        elif len(field.path) == 2:
            data.setdefault(field.path[0], {})[field.path[1]] = value
        else:
            data[field.name] = value
    record = ClinicalRecord.model_validate(
        data | {"drugs": [drugs[name] for name in sorted(drugs)]}
    )
    _check_together(record, where)
    return record


def _merge_drug(drugs: dict[str, dict[str, Any]], drug: Mapping[str, Any], where: str) -> None:
    known = drugs.setdefault(drug["name"], {})
    for part, value in drug.items():
        if value is not None and known.setdefault(part, value) != value:
            raise ClinicalError(f"two values of {part} are given for {drug['name']}", where=where)


def _check_together(record: ClinicalRecord, where: str) -> None:
    """Refuse values that are each possible and cannot both be true."""
    low, mean, high = record.diastolic_mmhg, record.mean_arterial_mmhg, record.systolic_mmhg
    pressures = [pressure for pressure in (low, mean, high) if pressure is not None]
    if pressures != sorted(pressures):
        raise ClinicalError(
            "the blood pressures do not rise from diastolic over mean to systolic",
            where=where,
            action="Check whether two of them were swapped",
        )
    named = {drug.name for drug in record.drugs} & clinical_vocabulary().calcineurin_inhibitors
    if named and record.calcineurin_inhibitor is False:
        raise ClinicalError(
            "a calcineurin inhibitor is named, and it is said that there was none", where=where
        )
