"""Which regions are involved, from a reading's words or from measured volumes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from presight.config import load_config
from presight.errors import InputError
from presight.measure.findings import Findings
from presight.study.units import slug


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


def read_region(written: str) -> tuple[str, ...]:
    """Regions that a word names, as people write it; none where the word is not known.

    Examples
    --------
    >>> read_region("Left deep white matter")
    ('deep_wm',)
    >>> read_region("parieto-occipital")
    ('parietal', 'occipital')
    """
    words = [word for word in slug(written).split("_") if word not in _config()["fillers"]]
    return _read_words(words, _spellings()) or ()


def _read_words(words: Sequence[str], names: Mapping[str, str]) -> tuple[str, ...] | None:
    """Read words from the left, the longest name first; ``None`` where one belongs to no name."""
    if not words:
        return ()
    for end in range(len(words), 0, -1):
        name = names.get("_".join(words[:end]))
        rest = _read_words(words[end:], names) if name else None
        if name and rest is not None:
            return (name, *rest)
    return None


def region_names() -> set[str]:
    """Return the names that a reading may use."""
    return {member for members in _config()["kinds"].values() for member in members}


def _spellings() -> dict[str, str]:
    """Every way to write a region, folded by ``slug``, and its name."""
    written: Mapping[str, list[str]] = _config()["written"]
    other = {spelling: name for name, spellings in written.items() for spelling in spellings}
    return {name: name for name in region_names()} | other


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
