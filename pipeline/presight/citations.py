"""Citations of everything that a measurement or a verdict rests on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from presight.config import load_config
from presight.errors import ConfigError


def citations(ids: Iterable[str]) -> dict[str, str]:
    """Citation of each source id, in alphabetical order of the ids.

    Raises
    ------
    ConfigError
        An id is in neither ``evidence/sources.yaml`` nor ``measure/sources.yaml``.
    """
    table: Mapping[str, Mapping[str, str]] = {
        **load_config("evidence/sources.yaml"),
        **load_config("measure/sources.yaml"),
    }
    wanted = sorted(set(ids))
    unknown = [name for name in wanted if name not in table]
    if unknown:
        raise ConfigError(
            f"the sources {', '.join(unknown)} are not listed",
            where="evidence/sources.yaml and measure/sources.yaml",
        )
    return {name: _citation(table[name]) for name in wanted}


def _citation(entry: Mapping[str, str]) -> str:
    where = entry.get("doi") or entry.get("url") or ""
    return f"{entry['citation']} {where}".strip()
