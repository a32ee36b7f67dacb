"""Clinical records from the tables of a BIDS dataset.

``participants.tsv``, ``sub-*/sub-*_sessions.tsv`` and ``phenotype/*.tsv`` hold columns of any name.
Those that the clinical table knows are read, with the units that their JSON sidecars state; the
others are somebody else's and are left alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from presight.errors import ClinicalError
from presight.study.bids import DESCRIPTION
from presight.study.clinical import ClinicalRecord
from presight.study.clinical_files import RawRow, read_raw_table
from presight.study.clinical_rows import find_column, read_row
from presight.study.clinical_values import is_unknown
from presight.study.inputs import bids_label

_IDS = ("participant_id", "session_id")
Visit = tuple[str, str | None]


@dataclass(frozen=True)
class BidsClinical:
    """What the tables of a dataset say.

    Attributes
    ----------
    rows : mapping of (str, str or None) to tuple of RawRow
        By subject and session, the known columns alone. A row without a session holds for every
        session of its subject, and gives way to a row with one.
    left_alone : tuple of str
        Columns that are not known.
    """

    rows: Mapping[Visit, tuple[RawRow, ...]]
    left_alone: tuple[str, ...] = ()

    def record_for(self, subject: str, session: str | None = None) -> ClinicalRecord:
        """Return what is known of a visit; an empty record where no table has a row.

        Raises
        ------
        ClinicalError
            A value of a known column cannot be understood or cannot be true.
        """
        rows = self.rows.get((subject, None), ())
        if session:
            rows += self.rows.get((subject, session), ())
        for row in rows:
            read_row(row)  # so that a wrong value is said with its own file and row
        merged = {_field(name, row): (name, cell) for row in rows for name, cell in _known(row)}
        return read_row(RawRow("the dataset's tables", f"sub-{subject}", dict(merged.values())))


def read_bids_clinical(dataset: Path) -> BidsClinical:
    """Read the clinical tables of a dataset; empty where it has none.

    Raises
    ------
    ClinicalError
        A table or its sidecar cannot be read.
    """
    rows: dict[Visit, tuple[RawRow, ...]] = {}
    left_alone: dict[str, None] = {}
    for path in _tables(dataset):
        meanings = _sidecar(path)
        for row in read_raw_table(path).rows:
            visit = _visit(row, path)
            columns = [name for name in row.cells if name not in _IDS]
            known = [name for name in columns if _is_known(name, path)]
            left_alone |= dict.fromkeys(name for name in columns if name not in known)
            cells = {name: _meant(name, row, meanings.get(name, {})) for name in known}
            rows[visit] = (*rows.get(visit, ()), RawRow(row.file, row.place, cells))
    return BidsClinical(rows, tuple(left_alone))


def _tables(dataset: Path) -> list[Path]:
    """Tables of the dataset, those of all participants before those of single visits."""
    return [
        *(path for path in [dataset / "participants.tsv"] if path.exists()),
        *sorted((dataset / "phenotype").glob("*.tsv")),
        *sorted(dataset.glob("sub-*/sub-*_sessions.tsv")),
    ]


def _visit(row: RawRow, path: Path) -> Visit:
    in_folder = path.parent.name if path.name.endswith("_sessions.tsv") else ""
    subject = str(row.cells.get("participant_id") or in_folder)
    if not subject:
        raise ClinicalError(
            "the row does not say whose it is", where=row.where, expected="a column participant_id"
        )
    session = row.cells.get("session_id")
    label = None if is_unknown(session) else bids_label(str(session).removeprefix("ses-"))
    return bids_label(subject.removeprefix("sub-")), label


def _is_known(name: str, path: Path) -> bool:
    try:
        find_column(name, path.name)
    except ClinicalError:
        return False
    return True


def _field(name: str, row: RawRow) -> str:
    return find_column(name, row.file)[0].name


def _known(row: RawRow) -> Iterator[tuple[str, object]]:
    return ((name, cell) for name, cell in row.cells.items() if not is_unknown(cell))


def _sidecar(table: Path) -> Mapping[str, Mapping[str, Any]]:
    """Read the JSON file that describes the columns; BIDS lets one at the root serve all visits."""
    root = next((p for p in table.parents if (p / DESCRIPTION).exists()), table.parent)
    candidates = [table.with_suffix(".json"), root / "sessions.json"]
    path = next((p for p in candidates if p.exists() and _describes(p, table)), None)
    if path is None:
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ClinicalError("the sidecar is not JSON that can be read", where=path) from error
    columns = content if isinstance(content, dict) else {}
    return {name: about for name, about in columns.items() if isinstance(about, dict)}


def _describes(sidecar: Path, table: Path) -> bool:
    return sidecar.stem == table.stem or table.stem.endswith(f"_{sidecar.stem}")


def _meant(name: str, row: RawRow, about: Mapping[str, Any]) -> object:
    """Return what a cell means by its column's ``Levels`` and ``Units``."""
    cell, levels, units = row.cells[name], about.get("Levels"), about.get("Units")
    if is_unknown(cell):
        return cell
    if isinstance(levels, dict) and str(cell) in levels:
        return _level(str(cell), levels[str(cell)])
    field, _ = find_column(name, row.file)
    if not (field.units and isinstance(units, str) and _is_number(str(cell))):
        return cell
    if field.find_unit(units) or not field.bare:
        return {"value": cell, "unit": units}
    return cell


def _level(code: str, meaning: object) -> object:
    """Return the word that a code stands for; a number in code without a word is not guessed."""
    name = meaning.get("Description", code) if isinstance(meaning, dict) else meaning
    return str(name) if _is_number(code) else code


def _is_number(text: str) -> bool:
    with suppress(ValueError):
        float(text)
        return True
    return False


def say_left_alone(clinical: BidsClinical, shown: int = 8) -> Iterable[str]:
    """Yield a sentence on the columns that were not read, if there were any."""
    names = clinical.left_alone
    if names:
        more = f" and {len(names) - shown} more" if len(names) > shown else ""
        listed = ", ".join(names[:shown])
        yield f"Columns of the dataset's tables that are not read: {listed}{more}."
