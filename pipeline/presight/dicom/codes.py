"""Coded terms by the names of ``configs/dicom.yaml``."""

from __future__ import annotations

from typing import Any

from highdicom.sr import CodedConcept
from pydicom.sr.codedict import codes

from presight.config import load_config

OURS = "99PRESIGHT"


def term(*path: str) -> CodedConcept:
    """Coded term at a place below ``codes``: ``term("regions", "frontal")``."""
    entry: dict[str, Any] = load_config("dicom.yaml")["codes"]
    for name in path:
        entry = entry[name]
    scheme, name = next(iter(entry.items()))
    if scheme == OURS:
        return CodedConcept(value=name, scheme_designator=OURS, meaning=entry["meaning"])
    return CodedConcept.from_code(getattr(getattr(codes, scheme), name))


def names(group: str) -> list[str]:
    """Names that have a term within a group."""
    return list(load_config("dicom.yaml")["codes"][group])
