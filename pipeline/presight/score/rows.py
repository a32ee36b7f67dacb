"""One row of a table of structured findings as `Findings` and a `ClinicalRecord`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from presight.config import load_config
from presight.errors import ClinicalError
from presight.measure.findings import Findings
from presight.score.regions import enumerated
from presight.study.clinical import ClinicalRecord, Drug

Row = Mapping[str, str]

_TRUE, _FALSE = {"1", "yes", "true"}, {"0", "no", "false"}
_POSITIVE, _NEGATIVE = ("positive",), ("negative", "unremarkable")


def read_row(row: Row) -> tuple[Findings, ClinicalRecord]:
    """Return findings and clinical record of one row; an empty cell is unknown, never absent.

    Only the columns of ``configs/evidence/table.yaml`` are read. Those listed there as
    ``ignored`` tell the answer and are never looked at.

    Raises
    ------
    ClinicalError
        A cell holds neither a number where one is expected nor a known word.
    """
    known = _Cells(row)
    findings = known.flags("findings") | known.words("findings") | known.vessels()
    findings["involved_regions"] = known.regions()
    clinical = known.flags("clinical") | known.words("clinical") | known.numbers()
    clinical |= {
        "drugs": known.drugs(),
        "interacting_drugs": known.names("interacting_drugs"),
        "infection_pcr": known.infections(),
    }
    return Findings(source="reading", **findings), ClinicalRecord(**clinical)


class _Cells:
    """Cells of one row that are not empty, read by kind."""

    def __init__(self, row: Row) -> None:
        self._table: Any = load_config("evidence/table.yaml")
        ignored = set(self._table["ignored"])
        self._row = {
            name: str(value).strip()
            for name, value in row.items()
            if name not in ignored and value is not None and str(value).strip()
        }

    def numbers(self) -> dict[str, Any]:
        columns = self._table["clinical"]
        return {
            entry["field"]: self._number(name) * entry.get("factor", 1)
            for name, entry in columns.items()
            if name in self._row
        }

    def flags(self, owner: str) -> dict[str, Any]:
        names = self._table["flags"][owner]
        return {name: self._flag(name) for name in names if name in self._row}

    def words(self, owner: str) -> dict[str, Any]:
        columns = {
            name: entry
            for name, entry in self._table["words"].items()
            if entry["field"].startswith(owner) and name in self._row
        }
        return {
            entry["field"].partition(".")[2]: self._word(name, entry)
            for name, entry in columns.items()
        }

    def vessels(self) -> dict[str, Any]:
        """Yes/no facts in the free text on vessels; silence says nothing."""
        entry = self._table["vessels"]
        text = self._row.get(entry["column"], "").lower()
        parts = [part for part in text.split(";") if not any(no in part for no in entry["negated"])]
        said = ("sinus_thrombosis", "vessel_irregularity")
        return {
            fact: True
            for fact in said
            if any(word in part for part in parts for word in entry[fact])
        }

    def regions(self) -> dict[str, bool]:
        """Regions named; a list of named sites says that its other sites were free."""
        names = self.names("flair_regions")
        if not names:
            return {}
        if self._row.get("region_basis", "named") == "named":
            return enumerated(names)
        return dict.fromkeys(names, True)

    def names(self, column: str) -> tuple[str, ...]:
        cells = re.split(r"[;,]", self._row.get(column, ""))
        return tuple(name.strip() for name in cells if name.strip())

    def drugs(self) -> tuple[Drug, ...]:
        """Calcineurin inhibitors on board with their levels, whatever the cause was."""
        exposure = self._row.get("cni_exposure", "")
        names = [name.strip() for name in exposure.split("+") if name.strip()]
        measured = [name for name in ("tacrolimus", "cyclosporine") if f"{name}_ng_ml" in self._row]
        names += [name for name in measured if name not in names]
        return tuple(
            Drug(name=name, level_ng_ml=self._level(name), **self._start()) for name in names
        )

    def infections(self) -> dict[str, bool]:
        results = dict(_clauses(self._row.get("other_infection_pcr", "")))
        jcv = {"pos": True, "neg": False}.get(self._row.get("jcv_pcr", ""))
        return results if jcv is None else results | {"JCV": jcv}

    def _level(self, drug: str) -> float | None:
        column = f"{drug}_ng_ml"
        return self._number(column) if column in self._row else None

    def _start(self) -> dict[str, float]:
        column = "days_from_drug_start_to_onset"
        return {"days_since_start": self._number(column)} if column in self._row else {}

    def _number(self, column: str) -> float:
        try:
            return float(self._row[column])
        except ValueError:
            raise ClinicalError(
                f"'{self._row[column]}' is not a number", where=f"column {column}"
            ) from None

    def _flag(self, column: str) -> bool | None:
        text = self._row[column].lower()
        if text in _TRUE | _FALSE:
            return text in _TRUE
        if text == "partial":
            return None
        raise ClinicalError(
            f"'{text}' is neither yes nor no", where=f"column {column}", expected="1, 0 or nothing"
        )

    def _word(self, column: str, entry: Mapping[str, Any]) -> Any:
        text = self._row[column]
        if text not in entry:
            known = ", ".join(str(word) for word in entry if word != "field")
            raise ClinicalError(
                f"'{text}' is not a known word",
                where=f"column {column}",
                expected=f"one of {known}",
            )
        return entry[text]


def _clauses(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the tests named in a sentence such as ``"HSV, VZV negative; HHV-6 positive"``."""
    waiting: list[str] = []
    for clause in re.split(r"[;,]", text):
        waiting.append(re.sub(r"\(.*?\)", "", clause).strip())
        result = _result(clause.lower())
        if result is not None:
            yield from ((_test_name(name), result) for name in waiting)
        if result is not None or ";" in text[text.find(clause) + len(clause) :][:1]:
            waiting = []


def _result(clause: str) -> bool | None:
    if any(word in clause for word in _POSITIVE):
        return True
    return False if any(word in clause for word in _NEGATIVE) else None


def _test_name(clause: str) -> str:
    words = (*_POSITIVE, *_NEGATIVE, "all")
    return " ".join(word for word in clause.split() if word.lower() not in words)
