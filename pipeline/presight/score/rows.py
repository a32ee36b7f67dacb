"""One row of a table of structured findings as `Findings` and a `ClinicalRecord`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from math import isfinite
from typing import Any

from presight.config import load_config
from presight.errors import ClinicalError
from presight.measure.findings import Findings
from presight.measure.reading import merge_reading, read_findings
from presight.score.drugs import named_in
from presight.score.infections import infection_tests
from presight.score.regions import enumerated, read_region
from presight.study.clinical import ClinicalRecord
from presight.study.clinical_fields import clinical_vocabulary
from presight.study.clinical_files import RawRow
from presight.study.clinical_rows import find_column
from presight.study.clinical_rows import read_row as read_clinical_row
from presight.study.clinical_values import is_unknown
from presight.study.units import read_quantity, slug


def read_row(row: RawRow) -> tuple[Findings, ClinicalRecord]:
    """Return findings and clinical record of one row; an empty cell is unknown, never absent.

    Columns that ``configs/evidence/table.yaml`` lists as ignored tell the answer and are never
    looked at. Every other column is a finding of that file or a column of the clinical record.

    A cell that cannot be understood or cannot be true is left out, as if it were empty, and is
    named in ``quality_doubts``; the rest of the row stands.

    Raises
    ------
    InputError, ClinicalError
        A column is not known, findings given as JSON cannot be read, or two cells contradict each
        other.
    """
    return _Cells(row).read()


def row_id(row: RawRow) -> str:
    """Name of the patient in this row, or the place of the row where it has none."""
    names = (str(row.cells.get(column) or "").strip() for column in _table()["id"])
    return next((name for name in names if name), row.place)


class _Cells:
    """Cells of one row that are not empty, taken apart into findings and clinical columns."""

    def __init__(self, row: RawRow) -> None:
        self._source = row
        self._doubts: list[str] = []
        self._row = {
            name: _text(value)
            for name, value in _named(row.cells)
            if name not in _silent() and not is_unknown(value)
        }

    def read(self) -> tuple[Findings, ClinicalRecord]:
        read, clinical = self._findings(), self._clinical()
        findings = Findings(**read, quality_doubts=tuple(self._doubts))
        whole = dict(_named(self._source.cells)).get(_table()["findings"])
        if not is_unknown(whole):
            findings = merge_reading(self._whole(whole), findings)
        return findings, clinical

    def _findings(self) -> dict[str, Any]:
        table = _table()
        read = self._vessels() | self._words()
        read |= {name: self._flag(name) for name in table["flags"] if name in self._row}
        read |= {name: self._number(name) for name in table["numbers"] if name in self._row}
        source = self._row.get(table["reader"]) or "reading"
        return read | {"source": source, "involved_regions": self._regions()}

    def _whole(self, content: Any) -> Findings:
        """Read findings given as JSON, as a run writes them or as a person fills them in."""
        return read_findings(content, f"{self._source.where}, column '{_table()['findings']}'")

    def _clinical(self) -> ClinicalRecord:
        """Clinical columns, with exposure and infection tests put into its own terms."""
        own = {name: value for name, value in self._row.items() if name not in _own_columns()}
        exposure = self._exposure()
        if "drugs" in own and "drugs" in exposure:
            exposure["drugs"] = _together(own["drugs"], exposure["drugs"])
        cells = dict(self._understood(own | exposure))
        record = read_clinical_row(self._only(cells))
        tests = infection_tests(self._row.get(_table()["infections"]["column"], ""))
        return record.model_copy(update={"infection_pcr": tests | record.infection_pcr})

    def _understood(self, cells: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """Clinical cells that can be read on their own, without what a person wrote around them."""
        for column, cell in cells.items():
            find_column(column, self._source.file)
            refusal, bare = self._refusal(column, cell), _bare(cell)
            if refusal is None:
                yield column, cell
            elif bare and self._refusal(column, bare) is None:
                yield column, bare
            else:
                self._doubts.append(f"{refusal} The cell was left out.")

    def _refusal(self, column: str, cell: object) -> ClinicalError | None:
        try:
            read_clinical_row(self._only({column: cell}))
        except ClinicalError as error:
            return error
        return None

    def _only(self, cells: Mapping[str, object]) -> RawRow:
        return RawRow(self._source.file, self._source.place, cells)

    def _exposure(self) -> dict[str, Any]:
        entry = _table()["exposure"]
        written = self._row.get(entry["column"], "")
        if not written:
            return {}
        denied = bool(set(slug(written).split("_")) & set(entry["negated"]))
        found = () if denied else named_in(written, "calcineurin_inhibitor")
        drugs = [name for name in found if name != entry["unnamed"]]
        if drugs:
            days = self._row.get(entry["days"])
            return {"drugs": "; ".join(drugs)} | ({f"{drugs[0]}_days": days} if days else {})
        said = True if found else _yes_or_no(_bare(written))
        if said is None:
            self._doubt(entry["column"], "names no calcineurin inhibitor that is known")
            return {}
        return {"calcineurin_inhibitor": "yes" if said else "no"}

    def _vessels(self) -> dict[str, Any]:
        """Yes/no facts in the free text on vessels; silence says nothing."""
        entry = _table()["vessels"]
        clauses = re.split(r";|\.\s|\bbut\b", self._row.get(entry["column"], "").lower())
        told = [each for each in clauses if not _holds(each, entry["negated"])]
        veins = [each for each in told if not _holds(each, entry["arterial"])]
        facts = {"sinus_thrombosis": veins, "vessel_irregularity": told}
        return {
            fact: True
            for fact, said in facts.items()
            if any(_holds(clause, entry[fact]) for clause in said)
        }

    def _words(self) -> dict[str, Any]:
        """Read findings that a column tells in one of a few words."""
        read: dict[str, Any] = {}
        for column, entry in _table()["words"].items():
            written = _bare(self._row.get(column, "")).casefold()
            if not written:
                continue
            value = _worded(written, entry)
            if value is None:
                self._doubt(column, "is not a known word")
            read[entry["field"]] = value
            if written in entry.get("also", {}):
                read[entry["also"][written]] = True
        return read

    def _regions(self) -> dict[str, bool]:
        table = _table()
        written = re.split(r"[;,/+|&\n]|\band\b", self._row.get(table["regions"], ""))
        read = {name.strip(): read_region(name) for name in written if name.strip()}
        unknown = [name for name, regions in read.items() if not regions]
        self._doubts += [f"the region '{name}' is not known and was left out" for name in unknown]
        names = [name for regions in read.values() for name in regions]
        basis = self._row.get(table["region_basis"]["column"], "").casefold()
        if names and not unknown and basis in table["region_basis"]["enumerates"]:
            return enumerated(names)
        return dict.fromkeys(names, True)

    def _number(self, column: str) -> float | None:
        """Read a number; behind it may stand the unit that ends the column's name, or a %."""
        quantity = read_quantity(_bare(self._row[column]))
        if quantity is None or not isfinite(quantity.value):
            self._doubt(column, "is not a number")
            return None
        if quantity.unit == "%" and column.endswith(("_share", "_overlap")):
            return quantity.value / 100
        if quantity.unit.casefold() not in ("", column.rpartition("_")[2]):
            self._doubt(column, "has a unit that does not belong there")
            return None
        return quantity.value

    def _flag(self, column: str) -> bool | None:
        words = _table()["flag_words"]
        text = _bare(self._row[column]).casefold()
        of = words["of"].get(column, {})
        if text in words["neither"]:
            return None
        if text in of.get("present", ()) or text in of.get("absent", ()):
            return text in of.get("present", ())
        said = _yes_or_no(text)
        if said is None:
            self._doubt(column, "is neither yes nor no")
        return said

    def _doubt(self, column: str, found: str) -> None:
        self._doubts.append(f"'{self._row[column]}' in column '{column}' {found} and was left out")


def _together(listed: str | list[Any], named: str) -> str | list[Any]:
    """Add the drugs named in one text to those of another, or of a list as JSON has it."""
    return f"{listed}; {named}" if isinstance(listed, str) else [*listed, *named.split("; ")]


def _worded(written: str, entry: Mapping[str, Any]) -> Any:
    """Value that a word, or a plain yes or no, stands for; ``None`` where it stands for none."""
    for value, words in entry["says"].items():
        if written in words:
            return value
    said = _yes_or_no(written)
    return None if said is None else entry.get("yes" if said else "no")


def _yes_or_no(text: str) -> bool | None:
    vocabulary = clinical_vocabulary()
    word = text.casefold()
    return False if word in vocabulary.nothing else vocabulary.words.get(word)


def _holds(text: str, words: Iterable[str]) -> bool:
    return any(word in text for word in words)


def _bare(cell: object) -> str:
    """Text without a remark in brackets behind it and without an "about" before it."""
    text = cell if isinstance(cell, str) else ""
    text = re.sub(r"\s*\([^()]*\)\s*$", "", text)
    return re.sub(r"^(~|≈|ca\.?|approx\.?|about)\s*", "", text.strip(), flags=re.IGNORECASE)


def _text(value: object) -> Any:
    """Cell as text; a list of words, as JSON has it, with semicolons; objects as they are."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ";".join(item.strip() for item in value)
    return value if isinstance(value, list | dict) else str(value).strip()


def _named(cells: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Cells by the name of their column, as this file writes it where it is known."""
    known = {slug(name): name for name in (*_own_columns(), *_silent())}
    for column, value in cells.items():
        if not column.startswith("_"):
            yield known.get(slug(column), column), value


@cache
def _silent() -> frozenset[str]:
    """Columns that are never read."""
    table = _table()
    return frozenset({*table["ignored"], *table["id"], *table["left_alone"]})


@cache
def _own_columns() -> frozenset[str]:
    table = _table()
    return frozenset(
        {
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
    )


def _table() -> Any:
    return load_config("evidence/table.yaml")
