"""The evidence tables of ``configs/evidence`` as checked, frozen values."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from presight.config import load_config
from presight.errors import ConfigError

T = TypeVar("T", bound=BaseModel)
Quality = Literal["A", "B", "C"]
Direction = str  # "moderate", "-slight", "counted"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Compared(_Frozen):
    """Counts of one within-study comparison: [with the feature, all] in two classes."""

    pres: tuple[int, int]
    other: tuple[int, int]
    source: str


class Published(_Frozen):
    """How often a feature was seen in one series of one class: ``n`` of ``N``."""

    of: str
    n: int
    N: int
    source: str


class Feature(_Frozen):
    """What one fact says for or against each class, and on what evidence."""

    name: str
    group: str
    quality: Quality
    definition: str
    compared: tuple[Compared, ...] = ()
    published: tuple[Published, ...] = ()
    ratio: dict[str, Any] | None = None  # published ratio with interval, for the reader
    present: dict[str, Direction]
    absent: dict[str, Direction]
    note: str = ""
    source: tuple[str, ...]
    facts: tuple[str, ...] = ()

    @property
    def counts(self) -> bool:
        """Whether the fact can move the score; one that cannot is still reported."""
        return bool(self.present or self.absent)


class Method(_Frozen):
    """How evidence becomes probabilities; see ``configs/evidence/method.yaml``."""

    source: str
    classes: tuple[str, ...]
    names: dict[str, str]
    reference: str
    strengths: dict[str, float]
    spread: dict[Quality, float]
    pseudocount: float
    draws: int
    seed: int
    interval_mass: float
    threshold: float


class Prior(_Frozen):
    """Prior shares of the classes in one setting."""

    name: str
    shares: dict[str, float]
    concentration: float | None  # how many patients the shares are worth; None: assumed
    source: tuple[str, ...]
    facts: tuple[str, ...] = ()
    assumed: str


@cache
def features() -> dict[str, Feature]:
    """Features by id, in the order of the table."""
    table = load_config("evidence/features.yaml")["features"]
    return {
        name: _checked(Feature, entry, f"features.yaml: {name}") for name, entry in table.items()
    }


@cache
def method() -> Method:
    """Return the settings of the method."""
    return _checked(Method, load_config("evidence/method.yaml"), "method.yaml")


def prior(setting: str | None = None) -> Prior:
    """Prior of a setting, or of the default one.

    Raises
    ------
    ConfigError
        The setting is not in ``prior.yaml``.
    """
    table = load_config("evidence/prior.yaml")
    name = setting or table["default"]
    if name not in table["settings"]:
        raise ConfigError(
            f"there is no setting '{name}'", expected=f"one of {', '.join(table['settings'])}"
        )
    return _checked(Prior, table["settings"][name], f"prior.yaml: {name}")


def _checked(model: type[T], entry: Any, where: str) -> T:
    try:
        return model.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{place}: {first['msg']}", where=f"evidence/{where}") from error
