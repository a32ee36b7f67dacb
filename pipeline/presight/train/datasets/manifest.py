"""A plain table of scans: one row a scan, paths relative to the table."""

from __future__ import annotations

import csv
from pathlib import Path

from presight.errors import InputError
from presight.train.datasets.case import Case, Truth
from presight.train.datasets.names import patient_of

_COLUMNS = ("dataset", "subject", "flair", "mask", "site", "licence")


def manifest_cases(table: Path) -> tuple[Case, ...]:
    """Cases of a comma-separated manifest, in its order.

    Parameters
    ----------
    table : Path
        CSV with the columns dataset, subject, flair, mask (may be empty), site and licence. A
        visit at the end of the subject (``P14_T2``, ``patient03_study1``) is taken off to get
        the patient.

    Raises
    ------
    InputError
        The table cannot be read, lacks a column, or names an image that is not there.
    """
    return tuple(_case(row, table) for row in _rows(table))


def _rows(table: Path) -> list[dict[str, str]]:
    try:
        with table.open(encoding="utf-8", newline="") as lines:
            reader = csv.DictReader(lines)
            rows = list(reader)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the manifest cannot be read ({error})", where=table) from error
    missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise InputError(
            f"the manifest lacks {', '.join(missing)}",
            where=table,
            expected=f"the columns {', '.join(_COLUMNS)}",
        )
    return rows


def _case(row: dict[str, str], table: Path) -> Case:
    name = row["subject"]
    return Case(
        dataset=row["dataset"],
        name=name,
        patient=patient_of(name),
        site=_site(row["site"]),
        flair=_existing(table, row["flair"]),
        truth=Truth((_existing(table, row["mask"]),)) if row["mask"] else None,
        licence=row["licence"],
    )


def _site(text: str) -> str:
    """First part of the description of a site: the part that names it."""
    return text.split(",", maxsplit=1)[0].strip()


def _existing(table: Path, relative: str) -> Path:
    path = table.parent / relative
    if not path.is_file():
        raise InputError(f"{relative} is not there", where=table, expected="an image file")
    return path
