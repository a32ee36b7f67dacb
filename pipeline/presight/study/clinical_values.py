"""One cell of a clinical table: what stands in it, made into a value in the canonical unit."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from presight.errors import ClinicalError
from presight.study.clinical_fields import (
    ClinicalField,
    Kind,
    clinical_fields,
    clinical_vocabulary,
    column_index,
    drug_parts,
)
from presight.study.units import Quantity, read_quantity, slug


@dataclass(frozen=True)
class Cell:
    """What stands in one cell.

    Attributes
    ----------
    content : object
        Text of a table, or any value of JSON.
    where : str
        File, row and column, for the person at the keyboard.
    unit : str
        Accepted unit that the column's name states, or ``""``.
    decimal_comma : bool
        Whether the table writes ``1,2``.
    """

    content: object
    where: str
    unit: str = ""
    decimal_comma: bool = False


def read_value(field: ClinicalField, cell: Cell) -> Any:
    """Read one cell.

    Returns
    -------
    float, bool, str, tuple or None
        A number in the field's canonical unit, a flag, a choice, a tuple of names or a tuple of
        drugs (as ``dict``). ``None``: unknown.

    Raises
    ------
    ClinicalError
        The content cannot be understood, has no unit or an unknown one, or cannot be true.
    """
    if is_unknown(cell.content):
        return None
    _check_length(cell.content, cell)
    return _READERS[field.kind](field, cell)


def is_unknown(content: object) -> bool:
    """Whether nothing is known: empty, ``NA``, ``unknown``, JSON's ``null``, an empty list."""
    if isinstance(content, str):
        return clinical_vocabulary().is_unknown(content)
    return content is None or content in ([], {})


def shown(content: object) -> str:
    """Return a cell as it was written, short and on one line."""
    text = " ".join(str(content).split())
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return f"'{text}'" if len(text) <= _SHOWN else f"'{text[:_SHOWN]}...'"


_SHOWN = 40


def _check_length(content: object, cell: Cell) -> None:
    limit = clinical_vocabulary().limits["cell_characters"]
    if isinstance(content, str) and len(content) > limit:
        raise ClinicalError(
            "the cell holds a long text", where=cell.where, expected=f"at most {limit} characters"
        )


def _number(field: ClinicalField, cell: Cell) -> float:
    quantity = _quantity(field, cell)
    unit = _unit(field, cell, quantity)
    value = field.to_canonical(quantity.value, unit)
    if field.range and not field.range[0] <= value <= field.range[1]:
        raise _impossible(field, cell, quantity.value, unit)
    return value


def _quantity(field: ClinicalField, cell: Cell) -> Quantity:
    text = _number_text(cell)
    quantity = read_quantity(text, decimal_comma=cell.decimal_comma) if text else None
    if quantity is None or not math.isfinite(quantity.value):
        raise ClinicalError(
            f"{shown(cell.content)} is not one plain number",
            where=cell.where,
            expected=_example(field),
            action="Leave the cell empty where the value is not known",
        )
    return quantity


def _number_text(cell: Cell) -> str:
    """Return the number as it would stand in a table; ``""`` for what is none in JSON."""
    content = cell.content
    if isinstance(content, Mapping) and set(content) == {"value", "unit"}:
        content = f"{content['value']} {content['unit']}"
        _check_length(content, cell)
    if isinstance(content, int | float) and not isinstance(content, bool):
        return repr(content)
    return content if isinstance(content, str) else ""


def _unit(field: ClinicalField, cell: Cell, quantity: Quantity) -> str:
    written = field.find_unit(quantity.unit) if quantity.unit else ""
    if written is None:
        raise ClinicalError(
            f"{shown(cell.content)} has no unit of {field.spoken}",
            where=cell.where,
            expected=_example(field),
        )
    if written and cell.unit and written != cell.unit:
        raise ClinicalError(
            f"{shown(cell.content)} is in {written} but the column's name says {cell.unit}",
            where=cell.where,
            expected="one of the two",
        )
    unit = written or cell.unit or (field.unit if field.bare else "")
    if not unit:
        raise _unitless(field, cell)
    return unit


def _unitless(field: ClinicalField, cell: Cell) -> ClinicalError:
    columns = " or ".join(field.column(unit) for unit in field.units)
    return ClinicalError(
        f"{shown(cell.content)} has no unit",
        where=cell.where,
        expected=_example(field),
        action=f"Write the unit behind the number, or name the column {columns}",
    )


def _impossible(field: ClinicalField, cell: Cell, value: float, unit: str) -> ClinicalError:
    here = f"{value:.6g} {unit}".strip()
    there = f" ({field.to_canonical(value, unit):.4g} {field.unit})" if unit != field.unit else ""
    return ClinicalError(
        f"{field.spoken} of {here}{there} is outside what a living human being can have",
        where=cell.where,
        expected=_range_text(field, unit),
        action=_likely_slip(field, value, unit),
    )


def _range_text(field: ClinicalField, unit: str) -> str:
    low, high = field.range or (-math.inf, math.inf)
    text = f"{low:g} to {high:g} {field.unit}"
    if unit == field.unit:
        return text
    low, high = field.from_canonical(low, unit), field.from_canonical(high, unit)
    return f"{text} ({low:.4g} to {high:.4g} {unit})"


def _likely_slip(field: ClinicalField, value: float, unit: str) -> str:
    low, high = field.range or (-math.inf, math.inf)
    others = [other for other in field.units if other != unit]
    fitting = [other for other in others if low <= field.to_canonical(value, other) <= high]
    if not fitting:
        return "Check the number and its unit"
    return f"Was {' or '.join(f'{value:.6g} {other}' for other in fitting)} meant? Check the unit"


def _example(field: ClinicalField) -> str:
    if not field.accepts and field.bare:
        return f"a number ({field.unit})"
    bare = f", or a bare number ({field.unit})" if field.bare else ""
    return f"a number with one of the units {', '.join(field.units)}{bare}"


def _flag(field: ClinicalField, cell: Cell) -> bool:
    content = cell.content
    if isinstance(content, float) and content.is_integer():
        content = int(content)
    says = clinical_vocabulary().words.get(str(content).strip().casefold())
    if says is None or isinstance(content, list | dict):
        raise ClinicalError(
            f"{shown(cell.content)} is neither yes nor no",
            where=cell.where,
            expected="yes, no, 1, 0, true, false, positive, negative; nothing where unknown",
        )
    return says


def _choice(field: ClinicalField, cell: Cell) -> str:
    written = str(cell.content).strip().casefold()
    for choice, others in field.choices.items():
        if written in (choice.casefold(), *others):
            return choice
    raise ClinicalError(
        f"{shown(cell.content)} is not known as {field.spoken}",
        where=cell.where,
        expected=f"one of {', '.join(field.choices)}, or nothing where it is unknown",
    )


def _names(field: ClinicalField, cell: Cell) -> tuple[str, ...]:
    names = [_name(item, cell) for item in _items(cell)]
    return tuple(dict.fromkeys(names))


def _drugs(field: ClinicalField, cell: Cell) -> tuple[dict[str, Any], ...]:
    return tuple(_drug(item, cell) for item in _items(cell))


def _items(cell: Cell) -> Sequence[object]:
    content = cell.content
    if isinstance(content, str):
        content = [part for part in _SEPARATOR.split(content) if part.strip()]
    limit = clinical_vocabulary().limits["list_items"]
    if not isinstance(content, list) or len(content) > limit:
        raise ClinicalError(
            f"{shown(cell.content)} is not a list of names",
            where=cell.where,
            expected=f"at most {limit} names with a semicolon between them",
        )
    for item in content:
        _check_length(item, cell)
    return [item for item in content if not _names_nothing(item)]


def _names_nothing(item: object) -> bool:
    return isinstance(item, str) and item.strip().casefold() in clinical_vocabulary().nothing


def _drug(item: object, cell: Cell) -> dict[str, Any]:
    if isinstance(item, Mapping):
        return _drug_from_object(item, cell)
    match = _DRUG.fullmatch(item.strip()) if isinstance(item, str) else None
    if match is None:
        raise _drug_error(item, cell)
    drug: dict[str, Any] = {"name": _name(match["name"], cell)}
    for part in re.split(r",\s+|;", match["parts"] or ""):
        if part.strip():
            _add_part(drug, part, replace(cell, content=part, unit=""))
    return drug


def _drug_from_object(item: Mapping[str, object], cell: Cell) -> dict[str, Any]:
    drug: dict[str, Any] = {"name": _name(item.get("name"), cell)}
    columns = column_index(drug_parts().values())
    for key in item.keys() - {"name"}:
        part, unit = columns.get(slug(key), (None, ""))
        if part is None:
            raise _drug_error(key, cell)
        field = _part_field(drug["name"], part)
        drug[part.name] = read_value(field, replace(cell, content=item[key], unit=unit))
    return drug


def _add_part(drug: dict[str, Any], text: str, cell: Cell) -> None:
    quantity = read_quantity(text, decimal_comma=cell.decimal_comma)
    for part in drug_parts().values():
        field = _part_field(drug["name"], part)
        if quantity and field.find_unit(quantity.unit) and part.name not in drug:
            drug[part.name] = read_value(field, cell)
            return
    raise _drug_error(text, cell)


def _part_field(drug: str, part: ClinicalField) -> ClinicalField:
    """Field for one fact of a drug: tacrolimus has a range of its own, most drugs do not."""
    path = ("drugs", drug, part.name)
    return next((field for field in clinical_fields().values() if field.path == path), part)


def _drug_error(item: object, cell: Cell) -> ClinicalError:
    return ClinicalError(
        f"{shown(item)} cannot be read as part of a list of drugs",
        where=cell.where,
        expected="names like 'tacrolimus (8.5 ng/mL, 120 days); fluconazole'",
    )


def _name(item: object, cell: Cell) -> str:
    limit = clinical_vocabulary().limits["text_characters"]
    text = item.strip() if isinstance(item, str) else ""
    if not _is_name(text, limit):
        raise ClinicalError(
            f"{shown(item)} is not a name",
            where=cell.where,
            expected=f"the name of a drug in 1 to {limit} printable characters",
        )
    name = clinical_vocabulary().drug_name(text)
    almost = clinical_vocabulary().almost_drug(name)
    if almost or re.search(r"\s[0-9]", name):
        raise ClinicalError(
            f"{shown(item)} is not the bare name of a drug",
            where=cell.where,
            expected=almost or "a name",
            action="Level and time since the start go in brackets behind the name",
        )
    return name


def _is_name(text: str, limit: int) -> bool:
    """Whether a text can name something: ``1``, ``yes`` and ``unknown`` name nothing."""
    spelled = any(letter.isalpha() for letter in text) and text.isprintable() and len(text) <= limit
    return spelled and text.casefold() not in clinical_vocabulary().words


_SEPARATOR = re.compile(r"[;|,\n](?![^(]*\))")  # not within brackets
_DRUG = re.compile(r"(?P<name>[^()]+?)\s*(?:\((?P<parts>[^()]*)\))?")
_READERS = {
    Kind.NUMBER: _number,
    Kind.FLAG: _flag,
    Kind.CHOICE: _choice,
    Kind.LIST: _names,
    Kind.DRUGS: _drugs,
}
