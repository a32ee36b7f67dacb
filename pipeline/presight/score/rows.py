"""One row of a table of structured findings as `Findings` and a `ClinicalRecord`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from presight.config import load_config
from presight.errors import InputError
from presight.measure.findings import Findings
from presight.measure.reading import merge_reading, read_findings
from presight.score.regions import enumerated, region_names
from presight.study.clinical import ClinicalRecord
from presight.study.clinical_files import RawRow
from presight.study.clinical_rows import read_row as read_clinical_row
from presight.study.clinical_values import is_unknown


def read_row(row: RawRow) -> tuple[Findings, ClinicalRecord]:
    """Return findings and clinical record of one row; an empty cell is unknown, never absent.

    Columns that ``configs/evidence/table.yaml`` lists as ignored tell the answer and are never
    looked at. Every other column is a finding of that file or a column of the clinical record.

    A word or region that is not known is left out and named in ``quality_doubts``.

    Raises
    ------
    InputError, ClinicalError
        A column is not known, or a clinical cell cannot be understood or cannot be true.
    """
    cells = _Cells(row)
    return cells.findings(), cells.clinical()


def row_id(row: RawRow) -> str:
    """Name of the patient in this row, or the place of the row where it has none."""
    names = (str(row.cells.get(column) or "").strip() for column in _table()["id"])
    return next((name for name in names if name), row.place)


class _Cells:
    """Cells of one row that are not empty, taken apart into findings and clinical columns."""

    def __init__(self, row: RawRow) -> None:
        self._source = row
        ignored = {*_table()["ignored"], *_table()["id"]}
        self._row = {
            name: _text(value)
            for name, value in row.cells.items()
            if name not in ignored and not is_unknown(value)
        }

    def findings(self) -> Findings:
        table = _table()
        said = {name: self._flag(name) for name in table["flags"] if name in self._row}
        said |= {name: self._number(name) for name in table["numbers"] if name in self._row}
        said |= {
            entry["field"]: entry.get(self._row[name])
            for name, entry in table["words"].items()
            if name in self._row
        }
        row = Findings(
            source=self._row.get(table["reader"]) or "reading",
            **(self._vessels() | said),
            involved_regions=self._regions(),
            quality_doubts=tuple(self._doubts()),
        )
        whole = self._source.cells.get(table["findings"])
        return row if is_unknown(whole) else merge_reading(self._whole(whole), row)

    def _whole(self, content: Any) -> Findings:
        """Read findings given as JSON, as a run writes them or as a person fills them in."""
        return read_findings(content, f"{self._source.where}, column '{_table()['findings']}'")

    def _doubts(self) -> Iterator[str]:
        """Sentences on what was written and not understood."""
        for column, entry in _table()["words"].items():
            word = self._row.get(column)
            if word is not None and word not in entry:
                yield f"'{word}' in column '{column}' is not a known word and was left out"
        for name in self._named_regions():
            if name not in region_names():
                yield f"the region '{name}' is not known and was left out"

    def clinical(self) -> ClinicalRecord:
        """Clinical columns, with exposure and infection tests put into its own terms."""
        own = {name: value for name, value in self._row.items() if name not in _own_columns()}
        cells = own | self._exposure()
        record = read_clinical_row(RawRow(self._source.file, self._source.place, cells))
        tests = dict(_clauses(self._row.get(_table()["infections"]["column"], "")))
        return record.model_copy(update={"infection_pcr": tests | record.infection_pcr})

    def _exposure(self) -> dict[str, str]:
        entry = _table()["exposure"]
        written = self._row.get(entry["column"], "").lower()
        drugs = [name for name in entry["named"] if name in written]
        if not drugs:
            return {"calcineurin_inhibitor": "yes"} if written else {}
        days = self._row.get(entry["days"])
        started = {f"{drugs[0]}_days": days} if days else {}
        return {"drugs": "; ".join(drugs)} | started

    def _vessels(self) -> dict[str, bool]:
        """Yes/no facts in the free text on vessels; silence says nothing."""
        entry = _table()["vessels"]
        clauses = self._row.get(entry["column"], "").lower().split(";")
        told = [each for each in clauses if not any(no in each for no in entry["negated"])]
        return {
            fact: True
            for fact in ("sinus_thrombosis", "vessel_irregularity")
            if any(word in clause for clause in told for word in entry[fact])
        }

    def _regions(self) -> dict[str, bool]:
        names = [name for name in self._named_regions() if name in region_names()]
        basis = _table()["region_basis"]
        if not names:
            return {}
        if self._row.get(basis["column"], "named") in basis["enumerates"]:
            return enumerated(names)
        return dict.fromkeys(names, True)

    def _named_regions(self) -> list[str]:
        cells = self._row.get(_table()["regions"], "").split(";")
        return [name.strip() for name in cells if name.strip()]

    def _number(self, column: str) -> float:
        try:
            return float(self._row[column])
        except ValueError:
            raise self._refused(column, "is not a number", "a number") from None

    def _flag(self, column: str) -> bool | None:
        text = self._row[column].lower()
        if text not in _FLAGS:
            raise self._refused(column, "is neither yes nor no", "1, 0, partial or nothing")
        return _FLAGS[text]

    def _refused(self, column: str, found: str, expected: str) -> InputError:
        where = f"{self._source.where}, column '{column}'"
        return InputError(f"'{self._row[column]}' {found}", where=where, expected=expected)


_FLAGS: Mapping[str, bool | None] = (
    dict.fromkeys(("1", "yes", "true"), True)
    | dict.fromkeys(("0", "no", "false"), False)
    | {"partial": None}
)


def _text(value: object) -> str:
    """Cell as text; a list, as JSON has it, with semicolons."""
    if isinstance(value, list):
        return ";".join(str(item).strip() for item in value)
    return str(value).strip()


def _clauses(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the tests named in a sentence such as ``"HSV, VZV negative; HHV-6 positive"``."""
    for sentence in text.split(";"):
        waiting: list[str] = []
        for clause in sentence.split(","):
            waiting.append(_test_name(clause))
            result = _result(clause.lower())
            if result is not None:
                yield from ((name, result) for name in waiting)
                waiting = []


def _result(clause: str) -> bool | None:
    entry = _table()["infections"]
    if any(word in clause for word in entry["positive"]):
        return True
    return False if any(word in clause for word in entry["negative"]) else None


def _test_name(clause: str) -> str:
    entry = _table()["infections"]
    said = {*entry["positive"], *entry["negative"], "all"}
    words = re.sub(r"\(.*?\)", "", clause).split()
    return " ".join(word for word in words if word.lower() not in said)


def _own_columns() -> set[str]:
    table = _table()
    return {
        *table["flags"],
        *table["numbers"],
        *table["words"],
        table["regions"],
        table["region_basis"]["column"],
        table["vessels"]["column"],
        table["exposure"]["column"],
        table["exposure"]["days"],
        table["infections"]["column"],
        table["reader"],
        table["findings"],
    }


def _table() -> Any:
    return load_config("evidence/table.yaml")
