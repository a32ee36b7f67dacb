"""A table of clinical records, one row a study."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from presight.errors import ClinicalError
from presight.study.clinical import ClinicalRecord
from presight.study.clinical_fields import clinical_fields, clinical_vocabulary
from presight.study.clinical_files import RawRow, read_raw_table
from presight.study.clinical_rows import read_row
from presight.study.clinical_values import is_unknown, shown
from presight.study.units import slug

StudyId = tuple[str, str | None]  # subject and session, without "sub-" and "ses-"


@dataclass(frozen=True)
class ClinicalTable:
    """The clinical records of a file.

    Attributes
    ----------
    source : Path
    records : mapping of (str or None, str or None) to ClinicalRecord
        By subject and session. A row without a session holds for every session of its subject that
        has no row of its own; the row of a table without a subject column holds for the one study.
    """

    source: Path
    records: Mapping[tuple[str | None, str | None], ClinicalRecord]

    def record_for(self, subject: str, session: str | None = None) -> ClinicalRecord:
        """Return the record of a study; an empty one where the table has none."""
        key = self._key(subject, session)
        return self.records[key] if key in self.records else ClinicalRecord()

    def check(self, studies: Iterable[StudyId]) -> tuple[str, ...]:
        """Compare the table's ids with those of the studies.

        Parameters
        ----------
        studies : iterable of (str, str or None)
            Subject and session of every study, with or without ``sub-`` and ``ses-``.

        Returns
        -------
        tuple of str
            One sentence on the rows that fit no study, one on the studies that have no row; none
            where all fit.

        Raises
        ------
        ClinicalError
            No row fits any study, or the one row without an id could be any of several.
        """
        wanted = sorted(set(studies), key=_study_name)
        if (None, None) in self.records:
            return self._check_only_study(wanted)
        keys = {study: self._key(*study) for study in wanted}
        lonely = [_study_name(study) for study, key in keys.items() if key not in self.records]
        unused = [_study_name(key) for key in self.records if key not in keys.values()]
        if wanted and len(lonely) == len(wanted):
            raise self._no_id_fits(unused, lonely)
        return tuple(
            self._sentence(ids, what) for ids, what in ((unused, _UNUSED), (lonely, _LONELY)) if ids
        )

    def _key(self, subject: str, session: str | None) -> tuple[str | None, str | None]:
        exact = (_label(subject, "sub"), _label(session, "ses") if session else None)
        candidates = [exact, (exact[0], None), (None, None)]
        return next((key for key in candidates if key in self.records), exact)

    def _check_only_study(self, wanted: list[StudyId]) -> tuple[str, ...]:
        if len(wanted) > 1:
            raise ClinicalError(
                f"the table does not say which of the {len(wanted)} studies its row belongs to",
                where=self.source.name,
                expected="a column 'subject'",
            )
        return ()

    def _no_id_fits(self, unused: list[str], lonely: list[str]) -> ClinicalError:
        return ClinicalError(
            f"no row fits any study: the table has {_some(unused)}",
            where=self.source.name,
            expected=f"ids of the studies, {_some(lonely)}",
            action="Correct the ids in the table (a spreadsheet drops leading zeros)",
        )

    def _sentence(self, ids: list[str], what: str) -> str:
        return f"{self.source.name}: {what}: {_some(ids)}."


def read_clinical(path: Path) -> ClinicalTable:
    """Read clinical records from a CSV, TSV or JSON file.

    ``docs/clinical-table.md`` says how to write one.

    Parameters
    ----------
    path : Path

    Raises
    ------
    ClinicalError
        The file is no table, a column is unknown, a study has two rows, or a value cannot be
        understood or cannot be true. The sentence names file, row and column.
    """
    raw = read_raw_table(path)
    records: dict[tuple[str | None, str | None], ClinicalRecord] = {}
    for row in raw.rows:
        subject, session, clinical = _split(row)
        if (subject, session) in records:
            raise _second_row(subject, session, row)
        records[subject, session] = read_row(clinical, decimal_comma=raw.decimal_comma)
    return ClinicalTable(path, records)


def clinical_template() -> str:
    """Return an empty CSV table: a header with the unit of every number in its column's name."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(["subject", "session", *clinical_fields()])
    return text.getvalue()


_SUBJECT = ("subject", "subject_id", "participant_id", "participant")
_SESSION = ("session", "session_id")
_UNUSED = "these rows fit no study"
_LONELY = "these studies have no row and are read without a clinical record"
_SHOWN = 5


def _split(row: RawRow) -> tuple[str | None, str | None, RawRow]:
    """Part the ids of a row from its clinical columns; leave out columns that begin with ``_``."""
    subject = _id(row, _SUBJECT, "sub")
    session = _id(row, _SESSION, "ses")
    ids = {*_SUBJECT, *_SESSION}
    clinical = {
        name: content
        for name, content in row.cells.items()
        if slug(name) not in ids and not name.startswith("_")
    }
    return subject, session, RawRow(row.file, row.place, clinical)


def _id(row: RawRow, columns: tuple[str, ...], prefix: str) -> str | None:
    written = [(name, content) for name, content in row.cells.items() if slug(name) in columns]
    if len(written) > 1:
        raise ClinicalError(
            f"two columns say the {columns[0]}", where=row.where, expected="one of them"
        )
    if not written:
        return None
    name, content = written[0]
    label = "" if is_unknown(content) else _label(str(content), prefix)
    if (not label and prefix == "sub") or len(label) > clinical_vocabulary().limits[
        "text_characters"
    ]:
        raise ClinicalError(
            f"{shown(content)} is no id",
            where=f"{row.where}, column {shown(name)}",
            expected="letters and digits",
        )
    return label or None


def _label(written: str, prefix: str) -> str:
    """BIDS label: letters and digits of an id, without ``sub-`` or ``ses-``."""
    return re.sub(r"[^A-Za-z0-9]", "", written.strip().removeprefix(f"{prefix}-"))


def _second_row(subject: str | None, session: str | None, row: RawRow) -> ClinicalError:
    if subject is None:
        return ClinicalError(
            "the table has several rows and does not say whose they are",
            where=row.where,
            expected="a column 'subject'",
        )
    return ClinicalError(
        f"{_study_name((subject, session))} has a row already",
        where=row.where,
        expected="one row a study",
        action="Merge the two rows, or tell them apart in a column 'session'",
    )


def _study_name(study: tuple[str | None, str | None]) -> str:
    subject, session = study
    return f"sub-{_label(subject or '', 'sub')}" + (
        f" ses-{_label(session, 'ses')}" if session else ""
    )


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
