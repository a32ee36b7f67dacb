"""When a visit was, as far as a name or a header says it."""

from __future__ import annotations

import re
from datetime import date

UNORDERED = "uid"  # begins a session whose name says nothing of time
_DATE = re.compile(r"\d{8}")


def day_of(text: str | None) -> float | None:
    """Day of a date (``20240131``), as a running number; None where it is none.

    A session may be named by its date; DICOM writes dates so.
    """
    if text is None or not _DATE.fullmatch(text):
        return None
    try:
        return float(date.fromisoformat(text).toordinal())
    except ValueError:
        return None
