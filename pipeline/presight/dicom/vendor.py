"""Where the makers keep what the standard has a place for, but older scanners left out.

The private elements are those that dcm2niix reads (Li 2016, 10.1016/j.jneumeth.2016.03.001).
"""

from __future__ import annotations

from typing import Any

from pydicom import Dataset

_GE_FLAG = 100_000  # GE adds 1e9 to b-values of some sequences
_SIEMENS_MR = (0x0019, "SIEMENS MR HEADER")
_PHILIPS = (0x2001, "Philips Imaging DD 001")
_GE = (0x0043, "GEMS_PARM_01")
_PHILIPS_DIRECTIONS = {"I": "ISOTROPIC", "S": "DIRECTIONAL", "P": "DIRECTIONAL", "R": "DIRECTIONAL"}


def b_value(dataset: Dataset) -> float | None:
    """b-value in s/mm2, from the maker's own element."""
    for place in (_SIEMENS_MR, 0x0C), (_PHILIPS, 0x03):
        if (number := _number(private(dataset, *place[0], place[1]))) is not None:
            return number
    ge = _number(private(dataset, *_GE, 0x39))
    return None if ge is None else ge % _GE_FLAG


def directionality(dataset: Dataset) -> str | None:
    """``ISOTROPIC`` for a trace image, ``DIRECTIONAL`` for one gradient, ``NONE`` without."""
    siemens = private(dataset, *_SIEMENS_MR, 0x0D)
    philips = _PHILIPS_DIRECTIONS.get(str(private(dataset, *_PHILIPS, 0x04)))
    found = siemens or philips
    return str(found) if found else None


def is_mosaic(dataset: Dataset) -> bool:
    """Whether a Siemens image holds many slices as tiles."""
    return "MOSAIC" in (dataset.get("ImageType") or [])


def private(dataset: Dataset, group: int, creator: str, offset: int) -> Any:
    """Value of a private element, or None."""
    try:
        return dataset.private_block(group, creator)[offset].value
    except (KeyError, ValueError, AttributeError, NotImplementedError):
        return None


def _number(value: Any) -> float | None:
    if isinstance(value, bytes) or value in (None, ""):
        return None
    first = value if isinstance(value, str | int | float) else next(iter(value), None)
    try:
        return None if first is None else float(first)
    except (TypeError, ValueError):
        return None
