"""Units of clinical values: one registry, and one way to read a number and its unit."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from presight.errors import ConfigError


@dataclass(frozen=True)
class Substance:
    """What is needed to get from a mass to an amount of a substance.

    Attributes
    ----------
    molar_mass_g_mol : float or None
        ``None`` where mass and amount are not converted into each other.
    valence : int or None
        Charge of the ion: 1 mmol of a divalent ion is 2 mEq.
    """

    molar_mass_g_mol: float | None = None
    valence: int | None = None


NOTHING_KNOWN = Substance()


@dataclass(frozen=True)
class Quantity:
    """A number as it was written, with what was written behind it.

    Attributes
    ----------
    value : float
    unit : str
        As written, ``""`` for a bare number.
    """

    value: float
    unit: str = ""


def convert(value: float, unit: str, to: str, substance: Substance = NOTHING_KNOWN) -> float:
    """Convert a value between two units of one quantity.

    Parameters
    ----------
    value : float
    unit, to : str
        pint expressions, e.g. ``"umol/L"`` and ``"mg/dL"``. Both must be proportional scales.
    substance : Substance
        Needed between mass, amount and charge.

    Raises
    ------
    ConfigError
        The two units do not measure the same thing, or the substance says too little.

    Examples
    --------
    >>> round(convert(106.0, "umol/L", "mg/dL", Substance(113.12)), 3)
    1.199
    >>> convert(1.5, "milliequivalent/L", "mmol/L", Substance(valence=2))
    0.75
    """
    return value if unit == to else value * conversion_factor(unit, to, substance)


@cache
def conversion_factor(unit: str, to: str, substance: Substance = NOTHING_KNOWN) -> float:
    """How many ``to`` are in one ``unit``. See :func:`convert`."""
    registry, pint = _registry(), _pint()
    try:
        converted = registry.Quantity(unit).to(registry.Quantity(to).units, _chemistry(substance))
    except (pint.DimensionalityError, pint.UndefinedUnitError) as error:
        raise ConfigError(str(error), where="units of the clinical record") from error
    return float(converted.magnitude / registry.Quantity(to).magnitude)


def read_quantity(text: str, *, decimal_comma: bool = False) -> Quantity | None:
    """Split ``"1.2 mg/dL"`` into its number and its unit.

    Parameters
    ----------
    text : str
    decimal_comma : bool
        Whether the table that it comes from writes ``1,2``.

    Returns
    -------
    Quantity or None
        ``None`` where the text does not begin with one number that can be read in one way only:
        ``"1,234"`` in a table with decimal points may be 1.234 or 1234.
    """
    match = _QUANTITY.fullmatch(plain(text))
    if match is None or _ambiguous(match["number"], decimal_comma):
        return None
    return Quantity(float(match["number"].replace(",", ".")), match["unit"].strip())


@lru_cache(maxsize=4096)
def slug(text: str) -> str:
    """Fold a unit or a column name to one spelling.

    ``"Creatinine [µmol/L]"`` becomes ``"creatinine_umol_l"``. Case, spaces, brackets, ``/``
    and ``per`` and the sign for micro make no difference.
    """
    words = re.findall(r"[a-z0-9]+", plain(text).lower())
    return "_".join(re.sub(r"^mc(?=g$|mol$|kat$|l$)", "u", word) for word in words if word != "per")


def plain(text: str) -> str:
    """Fold the many forms of one character: micro signs, superscripts, spaces, minus signs."""
    text = re.sub(r"[⁰¹²³⁴-⁹]+", lambda match: f"^{match[0]}", text)
    return unicodedata.normalize("NFKC", text).translate(_SAME).strip()


_SAME = {ord("μ"): "u", ord("−"): "-", ord("×"): "x"}
_QUANTITY = re.compile(
    r"(?P<number>[+-]?[0-9]+(?:[.,][0-9]+)?(?:[eE][+-]?[0-9]{1,3})?)(?P<unit>(?:\s.*|[^0-9.,\s].*)?)"
)
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}([.,])[0-9]{3}")


def _ambiguous(number: str, decimal_comma: bool) -> bool:
    match = _THOUSANDS.fullmatch(number)
    return match is not None and match[1] != ("," if decimal_comma else ".")


@cache
def _pint() -> Any:
    import pint  # noqa: PLC0415 (a tenth of a second, and most scans come without laboratory values)

    return pint


@cache
def _registry() -> Any:
    registry: Any = _pint().UnitRegistry()
    registry.define("international_unit = [international_unit] = IU")
    registry.define("equivalent = [equivalent] = Eq")
    return registry


@cache
def _chemistry(substance: Substance) -> Any:
    context = _pint().Context()
    if substance.molar_mass_g_mol:
        mass_per_amount = _registry().Quantity(substance.molar_mass_g_mol, "g/mol")
        _link(context, "[substance]", "[mass]", mass_per_amount)
    if substance.valence:
        charge_per_amount = _registry().Quantity(substance.valence, "equivalent/mol")
        _link(context, "[substance]", "[equivalent]", charge_per_amount)
    return context


def _link(context: Any, of: str, to: str, ratio: Any) -> None:
    volume = "/[length]**3"
    context.add_transformation(of + volume, to + volume, lambda _, value: value * ratio)
    context.add_transformation(to + volume, of + volume, lambda _, value: value / ratio)
