"""A person's structured reading in the schema of the measurements, and the two laid together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from presight.errors import InputError
from presight.measure.findings import Findings

_OF_THE_WHOLE = ("source", "said_by", "sequences", "quality_doubts", "not_assessed")


def read_findings(content: Mapping[str, Any] | str, where: object = "findings") -> Findings:
    """Read findings from JSON: what a person read, or what an earlier run wrote.

    Parameters
    ----------
    content : mapping or str
        Fields of :class:`Findings`; a field that is not there is unknown.
    where : object
        What to call the place in an error.

    Raises
    ------
    InputError
        It is no JSON object, a field is not known or a value cannot be one.
    """
    try:
        fields = json.loads(content) if isinstance(content, str) else content
        return Findings.model_validate(fields)
    except json.JSONDecodeError as error:
        raise InputError(
            f"the findings are not JSON (line {error.lineno})", where=where, expected="an object"
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise InputError(
            f"{place}: {first['msg'].lower()}",
            where=where,
            expected="a field of the findings (docs/findings.md)",
        ) from error


def merge_reading(measured: Findings, reading: Findings) -> Findings:
    """Lay a reading over a measurement: what the person says stands, and it is said who said it.

    Where the two differ in a yes, a no or a word, a sentence among the doubts names both.

    Returns
    -------
    Findings
        ``said_by`` holds the reader for every field that was taken from the reading.
    """
    said = {
        name: value
        for name, value in reading
        if name not in _OF_THE_WHOLE and value is not None and value not in ((), {})
    }
    who = {name: reading.said_by.get(name, reading.source) for name in said}
    doubts = [
        f"{name.replace('_', ' ')}: {who[name]} says {_word(value)}, "
        f"{who_said(measured, name)} {_word(getattr(measured, name))}; the former was taken"
        for name, value in said.items()
        if _differ(getattr(measured, name), value)
    ]
    return measured.model_copy(
        update={
            **said,
            "said_by": {**measured.said_by, **who},
            "sequences": tuple(dict.fromkeys((*measured.sequences, *reading.sequences))),
            "quality_doubts": (*measured.quality_doubts, *reading.quality_doubts, *doubts),
            "not_assessed": {
                name: why for name, why in measured.not_assessed.items() if name not in said
            },
        }
    )


def who_said(findings: Findings, field: str) -> str:
    """Name of whoever said a field: ``"measured"`` or a reader."""
    return findings.said_by.get(field, findings.source)


def _differ(one: object, other: object) -> bool:
    return isinstance(other, bool | str) and one is not None and one != other


def _word(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
