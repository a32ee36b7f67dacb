"""Where settings and the facts of medicine are found: data under ``configs/`` and ``models/``.

Both folders ship inside the wheel as ``presight.configs`` and ``presight.models``, so the same
call works in an editable and in a normal install.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from presight.errors import ConfigError


def config_path(name: str) -> Path:
    """Path of a file under ``configs/``, e.g. ``"evidence/prior.yaml"``.

    Raises
    ------
    ConfigError
        There is no such file.
    """
    return _resource("presight.configs", name)


def model_path(name: str) -> Path:
    """Path of a bundle folder under ``models/``, e.g. ``"flair_hyperintensity"``."""
    return _resource("presight.models", name)


def load_config(name: str) -> Any:
    """Content of a YAML file under ``configs/``, with the settings of :func:`overridden` on top.

    Shared between callers: do not modify it.
    """
    changes = _changes.get().get(name.removesuffix(".yaml"))
    shipped = _shipped(name)
    return _merged(shipped, changes, name) if changes else shipped


@contextmanager
def overridden(changes: Mapping[str, Any]) -> Iterator[None]:
    """Within this context, settings of a person stand over the shipped ones.

    Parameters
    ----------
    changes : mapping
        From the name of a file under ``configs/`` without its ending to the settings to change,
        nested as they are there: ``{"preprocess": {"bias": {"shrink": 4}}}``.

    Raises
    ------
    ConfigError
        There is no such file or setting, or the new value is of another kind than the old one.
    """
    for name, change in changes.items():
        _merged(_shipped(f"{name}.yaml"), change, name)
    token = _changes.set(changes)
    try:
        yield
    finally:
        _changes.reset(token)


_changes: ContextVar[Mapping[str, Any]] = ContextVar("changes", default=MappingProxyType({}))


@cache
def _shipped(name: str) -> Any:
    return read_yaml(config_path(name))


def _merged(shipped: Any, change: Any, where: str) -> Any:
    """Return the shipped settings with the changed ones in their places."""
    if isinstance(shipped, dict) and isinstance(change, dict):
        unknown = sorted(str(key) for key in change if key not in shipped)
        if unknown:
            raise ConfigError(
                f"the setting {unknown[0]!r} does not exist",
                where=where,
                expected=f"one of {', '.join(str(key) for key in shipped)}",
            )
        return {
            key: _merged(value, change[key], f"{where}.{key}") if key in change else value
            for key, value in shipped.items()
        }
    if _kind(shipped) is not _kind(change):
        raise ConfigError(
            f"the setting is {change!r}", where=where, expected=f"something like {shipped!r}"
        )
    return change


def _kind(value: Any) -> type:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float if number else type(value)


def read_yaml(path: Path) -> Any:
    """Content of a YAML file, read with the safe loader.

    Raises
    ------
    ConfigError
        The file cannot be read or is not YAML.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_SAFE)  # noqa: S506
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the file cannot be read ({error})", where=path) from error
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        raise ConfigError(f"the file is not YAML (line {line})", where=path) from error


# The same safe loader, ten times as fast where PyYAML was built with libyaml.
_SAFE = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _resource(package: str, name: str) -> Path:
    path = Path(str(files(package))) / name
    if not path.exists():
        raise ConfigError(
            f"{package.removeprefix('presight.')}/{name} is missing",
            expected="it to be part of the installation",
            action="Install presight again",
        )
    return path
