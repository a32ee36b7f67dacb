"""Which regions are involved, from a reading's words or from measured volumes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from presight.config import load_config
from presight.errors import InputError
from presight.measure.findings import Findings


def involved_regions(findings: Findings) -> dict[str, float]:
    """Region -> 1 (involved) or 0 (free) as far as it was read; unknown ones are not in it.

    Raises
    ------
    InputError
        The reading names a region that is not in ``configs/evidence/regions.yaml``.
    """
    read = {_known(name): float(value) for name, value in findings.involved_regions.items()}
    implied = {larger for name, value in read.items() if value for larger in _implies(name)}
    return read | dict.fromkeys(implied, 1.0)


def enumerated(names: Iterable[str]) -> dict[str, bool]:
    """Regions as a full enumeration says: those named are involved, others of a kind are free.

    Naming lobes says that the other lobes are free, not which tissue; naming tissues says
    nothing about lobes. A list that names neither says that the hemispheres were free. Regions
    below the hemispheres are free unless they are named.
    """
    named = {_known(name) for name in names}
    named |= {larger for name in named for larger in _implies(name)}
    kinds: Mapping[str, list[str]] = _config()["kinds"]
    listed = {kind for kind, members in kinds.items() if named & set(members)}
    closed = {"below", *(listed & {"lobe", "tissue"})}
    if not listed & {"lobe", "tissue"}:
        closed |= {"lobe", "tissue"}
    free = {name for kind in closed for name in kinds[kind]} - named
    return dict.fromkeys(sorted(free), False) | dict.fromkeys(sorted(named), True)


def region_names() -> set[str]:
    """Return the names that a reading may use."""
    return {member for members in _config()["kinds"].values() for member in members}


def _implies(name: str) -> list[str]:
    implied: Mapping[str, list[str]] = _config()["implies"]
    return implied.get(name, [])


def _known(name: str) -> str:
    names = region_names()
    if name not in names:
        raise InputError(
            f"there is no region '{name}'",
            where="involved_regions",
            expected=f"one of {', '.join(sorted(names))}",
        )
    return name


def _config() -> Any:
    return load_config("evidence/regions.yaml")
