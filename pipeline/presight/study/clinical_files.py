"""A clinical table as it lies on disk: its rows and columns, before anything is understood."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from presight.errors import ClinicalError
from presight.study.clinical_fields import clinical_vocabulary


@dataclass(frozen=True)
class RawRow:
    """One row.

    Attributes
    ----------
    file, place : str
        ``"labs.csv"`` and ``"row 3"``, the number that a spreadsheet shows.
    cells : mapping of str to object
        Column name as written to its content: text of a table, any value of JSON.
    """

    file: str
    place: str
    cells: Mapping[str, object]

    @property
    def where(self) -> str:
        """``"labs.csv, row 3"``."""
        return f"{self.file}, {self.place}"


@dataclass(frozen=True)
class RawTable:
    """The rows of a file, and whether its numbers are written with a decimal comma."""

    rows: tuple[RawRow, ...]
    decimal_comma: bool = False


def read_raw_table(path: Path) -> RawTable:
    """Read a CSV, TSV or JSON file.

    The delimiter is the one of comma, semicolon and tab that splits the header into most columns;
    a semicolon means decimal commas. Text is UTF-8, UTF-16 with a byte-order mark, or Latin-1.

    Raises
    ------
    ClinicalError
        The file cannot be read, is too large, is no table, or its rows and header do not agree.
    """
    text = _decode(_bytes(path), path)
    raw = _from_json(text, path) if path.suffix.lower() == ".json" else _from_csv(text, path)
    if not raw.rows:
        raise ClinicalError("the table has no rows", where=path.name, expected="one row a study")
    return raw


def _bytes(path: Path) -> bytes:
    limit = clinical_vocabulary().limits["file_bytes"]
    if path.is_dir():
        raise ClinicalError(
            "this is a folder", where=path, expected="a clinical table (CSV, TSV or JSON)"
        )
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except FileNotFoundError as error:
        raise ClinicalError("there is no such clinical table", where=path) from error
    except OSError as error:
        raise ClinicalError(f"the file cannot be read ({error.strerror})", where=path) from error
    if len(content) > limit:
        raise ClinicalError(
            "the file is too large", where=path.name, expected=f"at most {limit // 2**20} MiB"
        )
    return content


def _decode(content: bytes, path: Path) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = content.decode("utf-16", errors="replace")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("latin-1")
    if content.startswith(b"PK") or "\0" in text:
        raise ClinicalError(
            "the file is not text (a spreadsheet program's own file?)",
            where=path.name,
            expected="a clinical table as CSV, TSV or JSON",
            action="Save it from the spreadsheet program as CSV",
        )
    return text


def _from_csv(text: str, path: Path) -> RawTable:
    try:
        delimiter = _delimiter(text)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        lines = [
            (number, line) for number, line in enumerate(reader, 1) if any(map(str.strip, line))
        ]
    except csv.Error as error:
        raise ClinicalError(f"the file is not a table ({error})", where=path.name) from error
    header = [name.strip() for name in lines[0][1]] if lines else []
    _check_header(header, path)
    _check_row_count(len(lines) - 1, path)
    rows = tuple(_csv_row(path.name, f"row {number}", header, line) for number, line in lines[1:])
    return RawTable(rows, decimal_comma=delimiter == ";")


def _delimiter(text: str) -> str:
    header = next((line for line in text.splitlines() if line.strip()), "")
    return max(",;\t", key=lambda mark: len(next(csv.reader([header], delimiter=mark), [])))


def _check_header(header: list[str], path: Path) -> None:
    for name, count in Counter(header).items():
        if not name or count > 1:
            found = f"two columns are named '{name}'" if name else "a column has no name"
            raise ClinicalError(
                found, where=path.name, expected="a name of its own for every column"
            )


def _csv_row(file: str, place: str, header: list[str], line: list[str]) -> RawRow:
    if len(line) != len(header):
        raise ClinicalError(
            f"the row has {len(line)} cells and the header {len(header)}",
            where=f"{file}, {place}",
            expected="as many cells as columns",
            action="Put quotation marks around a cell that holds the delimiter",
        )
    return RawRow(file, place, dict(zip(header, line, strict=True)))


def _from_json(text: str, path: Path) -> RawTable:
    content = _parse_json(text, path)
    entries = content if isinstance(content, list) else [content]
    if not all(isinstance(entry, dict) for entry in entries):
        raise ClinicalError(
            "the JSON holds something else than records",
            where=path.name,
            expected="one object, or a list of objects, one a study",
        )
    _check_row_count(len(entries), path)
    named = ((f"entry {number}", dict(_flat(entry))) for number, entry in enumerate(entries, 1))
    return RawTable(tuple(RawRow(path.name, place, cells) for place, cells in named))


def _parse_json(text: str, path: Path) -> Any:
    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is not a value")

    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise ClinicalError(
            f"the file is not JSON that can be read ({error})", where=path.name
        ) from error


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    entry = dict(pairs)
    if len(entry) < len(pairs):
        raise ValueError("one name is used twice in an object")
    return entry


def _flat(entry: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Spread ``infection_pcr: {jcv: false}`` into ``jcv_pcr: false``."""
    for name, value in entry.items():
        if name == "infection_pcr" and isinstance(value, dict):
            yield from ((f"{germ}_pcr", result) for germ, result in value.items())
        else:
            yield name, value


def _check_row_count(count: int, path: Path) -> None:
    limit = clinical_vocabulary().limits["rows"]
    if count > limit:
        raise ClinicalError(
            f"the table has {count} rows", where=path.name, expected=f"at most {limit}"
        )
