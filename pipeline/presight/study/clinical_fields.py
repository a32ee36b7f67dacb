"""The fields of the clinical record as ``configs/clinical.yaml`` defines them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import cache, cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from presight.config import config_path, load_config
from presight.errors import ConfigError
from presight.study.units import Substance, convert, slug


class Kind(StrEnum):
    """What can stand in a cell of the field."""

    NUMBER = "number"
    FLAG = "flag"
    CHOICE = "choice"
    LIST = "list"
    DRUGS = "drugs"


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ClinicalField(_Data):
    """One field: what it is called, what can stand in it, in which units, and what cannot be true.

    ``range`` guards against typing errors. It is no reference range and bears on no score.
    """

    name: str
    label: str
    kind: Kind
    unit: str = ""  # canonical
    accepts: tuple[str, ...] = ()  # other units
    bare: bool = False  # a number without a unit is taken to be in the canonical one
    range: tuple[float, float] | None = None  # in the canonical unit, both ends included
    guard: str = ""  # why the range is as wide as it is
    formula: str = ""
    molar_mass_g_mol: float | None = None
    molar_mass_source: str = ""
    valence: int | None = None
    choices: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    into: str = ""  # dotted place in the record, where it is not the name

    @cached_property
    def path(self) -> tuple[str, ...]:
        """Place in the record: ``("drugs", "tacrolimus", "level_ng_ml")``."""
        return tuple((self.into or self.name).split("."))

    @cached_property
    def units(self) -> tuple[str, ...]:
        """Every accepted unit, the canonical one first; empty for what has none."""
        return (self.unit, *self.accepts) if self.unit else ()

    @property
    def spoken(self) -> str:
        """The label within a sentence; short names such as CSF keep their capitals."""
        label = self.label.split(" (")[0]
        return label if label[:2].isupper() else label[0].lower() + label[1:]

    @cached_property
    def columns(self) -> dict[str, str]:
        """Every column name, folded by ``slug``, and the unit that it states or ``""``."""
        named = {slug(self.name): self.unit, **{slug(alias): "" for alias in self.aliases}}
        stems = [self._stem, *(slug(alias) for alias in self.aliases)]
        united = {f"{stem}_{end}": unit for stem in stems for end, unit in self._spellings.items()}
        return united | named

    def find_unit(self, written: str) -> str | None:
        """Return the accepted unit that was written, or ``None``."""
        return self._spellings.get(slug(written))

    def column(self, unit: str) -> str:
        """Name of the column for values in ``unit``: ``creatinine_umol_l``."""
        return self.name if unit == self.unit else f"{self._stem}_{slug(unit)}"

    def to_canonical(self, value: float, unit: str) -> float:
        """Convert a value from one of :attr:`units` to the canonical unit."""
        expressions = clinical_vocabulary().expressions
        return convert(value, expressions[unit], expressions[self.unit], self._substance)

    def from_canonical(self, value: float, unit: str) -> float:
        """Convert a value from the canonical unit to one of :attr:`units`."""
        expressions = clinical_vocabulary().expressions
        return convert(value, expressions[self.unit], expressions[unit], self._substance)

    @property
    def _substance(self) -> Substance:
        return Substance(self.molar_mass_g_mol, self.valence)

    @cached_property
    def _spellings(self) -> dict[str, str]:
        written = clinical_vocabulary().written
        return {slug(text): unit for unit in self.units for text in (unit, *written[unit])}

    @cached_property
    def _stem(self) -> str:
        endings = (f"_{spelling}" for spelling in self._spellings)
        longest = max((end for end in endings if self.name.endswith(end)), key=len, default="")
        return self.name.removesuffix(longest)


@dataclass(frozen=True)
class Vocabulary:
    """Words, units and drug names of the clinical record, and the bounds of a table.

    Attributes
    ----------
    words : mapping of str to bool or None
        What a cell of a flag can say, in lower case. ``None``: unknown.
    nothing : frozenset of str
        What says in a list of names that there is nothing to name.
    expressions : mapping of str to str
        Unit to pint expression.
    written : mapping of str to tuple of str
        Unit to its other spellings.
    drugs : mapping of str to str
        Name of a drug in lower case to the name that presight uses.
    calcineurin_inhibitors : frozenset of str
    instead : mapping of str to str
        Column that cannot be read to what to write instead.
    limits : mapping of str to int
        ``file_bytes``, ``rows``, ``cell_characters``, ``text_characters``, ``list_items``.
    """

    words: Mapping[str, bool | None]
    nothing: frozenset[str]
    expressions: Mapping[str, str]
    written: Mapping[str, tuple[str, ...]]
    drugs: Mapping[str, str]
    calcineurin_inhibitors: frozenset[str]
    instead: Mapping[str, str]
    limits: Mapping[str, int]

    def is_unknown(self, text: str) -> bool:
        """Whether a cell says that nothing is known."""
        return self.words.get(text.strip().casefold(), True) is None

    def drug_name(self, written: str) -> str:
        """Return the name that presight uses for a drug, or the name as written."""
        name = " ".join(written.casefold().split())
        return self.drugs.get(name, name)

    def almost_drug(self, name: str) -> str | None:
        """Return the drug that ``name`` misspells (``tacrolimsu``) or holds (``oral fk506``)."""
        if name in self.drugs:
            return None
        held = (word for word in name.split() if word in self.drugs)
        near = (
            word
            for word in get_close_matches(name, self.drugs, cutoff=0.9)
            if word[0] == name[0] and abs(len(word) - len(name)) <= 1
        )
        return next((self.drugs[word] for word in (*held, *near)), None)


@cache
def clinical_fields() -> dict[str, ClinicalField]:
    """Every field of the clinical record by its name, in the order of the empty table."""
    return _fields("fields")


@cache
def drug_parts() -> dict[str, ClinicalField]:
    """Return what can be said of one drug in a list: its level and the time since its start."""
    return _fields("drug_parts")


@cache
def clinical_vocabulary() -> Vocabulary:
    """Words, units and names. See :class:`Vocabulary`."""
    data = load_config(_FILE)
    words, units = data["words"], data["units"]
    meaning = {"present": True, "absent": False, "unknown": None}
    return Vocabulary(
        words={word: says for key, says in meaning.items() for word in words[key]},
        nothing=frozenset(words["nothing"]),
        expressions={unit: about.get("pint", unit) for unit, about in units.items()},
        written={unit: tuple(about.get("written", ())) for unit, about in units.items()},
        drugs={word: name for name, more in data["drug_names"].items() for word in (name, *more)},
        calcineurin_inhibitors=frozenset(data["calcineurin_inhibitors"]),
        instead=data["instead"],
        limits=data["limits"],
    )


@cache
def clinical_columns() -> dict[str, tuple[ClinicalField, str]]:
    """Every column name that can be read: its field and the unit that it states or ``""``."""
    return column_index(clinical_fields().values())


def column_index(fields: Iterable[ClinicalField]) -> dict[str, tuple[ClinicalField, str]]:
    """Column names of some fields, folded by ``slug``.

    Raises
    ------
    ConfigError
        Two fields claim one name.
    """
    index: dict[str, tuple[ClinicalField, str]] = {}
    for field in fields:
        for column, unit in field.columns.items():
            if index.setdefault(column, (field, unit))[0] is not field:
                raise ConfigError(f"two fields claim the column {column!r}", where=_FILE)
    return index


_FILE = "clinical.yaml"


def _fields(section: str) -> dict[str, ClinicalField]:
    entries: dict[str, dict[str, Any]] = load_config(_FILE)[section]
    try:
        return {name: ClinicalField(name=name, **entry) for name, entry in entries.items()}
    except ValidationError as error:
        raise ConfigError(str(error), where=config_path(_FILE)) from error
