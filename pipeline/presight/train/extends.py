"""A recipe that builds on another: ``extends: laptop-cpu``, and below it what is different."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from presight.config import config_path, read_yaml
from presight.errors import ConfigError


def read_extended(path: Path) -> Any:
    """Content of a recipe's YAML file, with everything that it takes from the one it extends.

    A mapping is merged key by key, and ``null`` takes a key away (JSON merge patch, RFC 7396).
    Anything else takes the place of what was there: a list, a number, and what is made by another
    ``_target_``, whose arguments are others. A name is never taken over.

    Parameters
    ----------
    path : Path
        Of a recipe that may say ``extends``: the name of one that ships, or a ``.yaml`` file,
        seen from the folder of this one.

    Raises
    ------
    ConfigError
        A file cannot be read, a recipe that is extended does not exist, or they go in a circle.
    """
    return _read(path, ())


def find_recipe(name: str) -> Path:
    """Give the file of a recipe that ships, by its name, or of one's own, by its path.

    A name comes first, so that a folder called ``open`` beside a run is no recipe.

    Raises
    ------
    ConfigError
        Neither is there.
    """
    shipped = _shipped()
    if name in shipped:
        return shipped[name]
    if Path(name).is_file():
        return Path(name)
    raise ConfigError(
        f"the recipe {name!r} does not exist",
        expected=f"a YAML file or one of {', '.join(sorted(shipped))}",
    )


def _read(path: Path, children: tuple[Path, ...]) -> Any:
    content = read_yaml(path)
    if not isinstance(content, dict) or "extends" not in content:
        return content
    name, chain = str(content.pop("extends")), (*children, path.resolve())
    parent = _find(name, path)
    if parent.resolve() in chain:
        raise ConfigError(f"the recipe extends itself, by way of {name}", where=path)
    inherited = _read(parent, chain)
    if not isinstance(inherited, dict):
        raise ConfigError("the file is no recipe", where=parent, expected="settings by name")
    inherited.pop("name", None)
    return _merged(inherited, content)


def _find(name: str, path: Path) -> Path:
    shipped = _shipped()
    beside = path.parent / name
    if name in shipped:
        return shipped[name]
    if beside.suffix == ".yaml" and beside.exists():
        return beside
    raise ConfigError(
        f"the recipe {name!r}, which it extends, does not exist",
        where=path,
        expected=f"a .yaml file or one of {', '.join(sorted(shipped))}",
    )


def _shipped() -> dict[str, Path]:
    return {file.stem: file for file in config_path("recipes").glob("*.yaml")}


def _merged(inherited: Any, own: Any) -> Any:
    """Put what a recipe says over what it inherits.

    Its own keys come first: the order of the datasets is part of what the seed draws.
    """
    if not isinstance(inherited, dict) or not isinstance(own, dict):
        return own
    if "_target_" in own and own["_target_"] != inherited.get("_target_"):
        return own
    changed = {
        key: _merged(inherited.get(key), value) for key, value in own.items() if value is not None
    }
    return changed | {key: value for key, value in inherited.items() if key not in own}
