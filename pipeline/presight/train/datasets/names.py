"""Names of patients and datasets out of those of files and folders."""

from __future__ import annotations

import re

_VISIT = re.compile(r"_(T|study|ses-?|visit)\d+$")
_UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")


def patient_of(scan: str) -> str:
    """Patient of a scan: its name without the visit (``P14_T2``, ``patient03_study1``)."""
    return _VISIT.sub("", scan)


def plain(text: str) -> str:
    """Text as it may stand in a file name."""
    return _UNSAFE.sub("-", text).strip("-.") or "dataset"
