"""Where settings and the facts of medicine are found: data under ``configs/`` and ``models/``.

Both folders ship inside the wheel as ``presight.configs`` and ``presight.models``, so the same
call works in an editable and in a normal install.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
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


@cache
def load_config(name: str) -> Any:
    """Content of a YAML file under ``configs/``. Shared between callers: do not modify it."""
    return read_yaml(config_path(name))


def read_yaml(path: Path) -> Any:
    """Content of a YAML file, read with the safe loader.

    Raises
    ------
    ConfigError
        The file cannot be read or is not YAML.
    """
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the file cannot be read ({error})", where=path) from error
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        raise ConfigError(f"the file is not YAML (line {line})", where=path) from error


def _resource(package: str, name: str) -> Path:
    path = Path(str(files(package))) / name
    if not path.exists():
        raise ConfigError(
            f"{package.removeprefix('presight.')}/{name} is missing",
            expected="it to be part of the installation",
            action="Install presight again",
        )
    return path
