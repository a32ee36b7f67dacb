"""What is known of a public dataset: citation, licence, download, what was drawn."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from presight.config import load_config
from presight.errors import ConfigError

Weights = Literal["free", "share_alike", "non_commercial", "ask"]


class DatasetFacts(BaseModel):
    """An entry of ``configs/datasets.yaml``, which explains the fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    citation: str
    doi: str
    licence: str
    weights: Weights
    download: str
    drawn: str
    lesion: tuple[int, ...] = ()
    ignored: tuple[int, ...] = ()
    complete: bool
    shares_patients_with: tuple[str, ...] = ()


def facts_of(name: str) -> DatasetFacts:
    """Facts of one dataset.

    Raises
    ------
    ConfigError
        The entry is missing or wrong.
    """
    try:
        return DatasetFacts.model_validate(load_config("datasets.yaml").get(name))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in (name, *first["loc"]))
        raise ConfigError(f"{field}: {first['msg']}", where="configs/datasets.yaml") from error


def share_patients(one: str, other: str) -> bool:
    """Whether two datasets have patients in common who cannot be told apart by name."""
    known = load_config("datasets.yaml")
    return any(
        b in known.get(a, {}).get("shares_patients_with", ())
        for a, b in ((one, other), (other, one))
    )
