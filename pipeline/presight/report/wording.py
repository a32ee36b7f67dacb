"""How numbers and field names are said on the page."""

from __future__ import annotations

import math
import re
from urllib.parse import quote

from presight.config import load_config

_SPACE = "\N{NO-BREAK SPACE}"
_LINKS = (
    (re.compile(r"\b10\.\d{4,9}/[^\s;,\"<>]*[^\s;,.\"<>)]"), "https://doi.org/{}"),
    (re.compile(r"\bPMC\d+"), "https://pmc.ncbi.nlm.nih.gov/articles/{}/"),
    (re.compile(r"(?<=PMID )\d+"), "https://pubmed.ncbi.nlm.nih.gov/{}/"),
    (re.compile(r"\bhttps?://[^\s\"<>]*[^\s\"<>.,;)]"), "{}"),
)


def percent(share: float) -> str:
    r"""Say a probability or a share, 0 to 1, as a whole percentage.

    Never certain: what rounds to 0 or 100 is said as less than 1 or more than 99.

    >>> percent(0.873), percent(0.001), percent(0.9996)
    ('87\xa0%', '<1\xa0%', '>99\xa0%')
    """
    whole = round(share * 100)
    if whole == 0 and share != 0:
        return f"<1{_SPACE}%"
    if whole == 100 and share != 1:
        return f">99{_SPACE}%"
    return f"{whole}{_SPACE}%"


def volume(millilitres: float) -> str:
    """Say a volume with the digits that matter, without its unit.

    >>> volume(0.004), volume(0.346), volume(12.34), volume(1310.2)
    ('<0.01', '0.35', '12.3', '1310')
    """
    if 0 < millilitres < 0.01:
        return "<0.01"
    if 0 < millilitres < 1:
        return f"{millilitres:.2f}"
    return f"{millilitres:.1f}" if 0 < millilitres < 100 else f"{millilitres:.0f}"


def factor(log_ratio: float) -> str:
    """Say a natural-log likelihood ratio as what it multiplies or divides by.

    >>> factor(math.log(6)), factor(-math.log(6)), factor(0.0)
    ('×6.0', '÷6.0', '×1')
    """
    if abs(log_ratio) < 0.005:
        return "×1"
    ratio = math.exp(abs(log_ratio))
    digits = 2 if ratio < 1.1 else 1 if ratio < 10 else 0
    return f"{'×' if log_ratio > 0 else '÷'}{ratio:.{digits}f}"


def window(days: tuple[float, float] | None) -> str:
    r"""Say a time window.

    >>> window((0, 1)), window((7, 14)), window((0, 0.25)), window(None)
    ('within 1\xa0day', 'in 1 to 2\xa0weeks', 'within 6\xa0hours', '')
    """
    if days is None:
        return ""
    low, high = days
    size, unit = _time_unit(low, high)
    first, last = f"{low / size:g}", f"{high / size:g}"
    plural = "" if last == "1" else "s"
    if low == 0:
        return f"within {last}{_SPACE}{unit}{plural}"
    span = last if first == last else f"{first} to {last}"
    return f"in {span}{_SPACE}{unit}{plural}"


def field_name(field: str) -> str:
    """Say a field without its unit: ``usual_systolic_mmhg`` is usual systolic."""
    words = load_config("report.yaml")["words"]
    stem = field.removesuffix(_unit_suffix(field))
    return " ".join(words.get(word, word) for word in stem.split("_")).replace("- ", "-")


def field_value(field: str, value: object) -> str:
    """Say a value with the unit that its field name carries; yes and no for flags."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return str(value).replace("_", " ")
    if field.endswith("_share"):
        return percent(value)
    unit = load_config("report.yaml")["units"].get(_unit_suffix(field), "")
    number = volume(value) if unit == "mL" else f"{value:.4g}" if unit else f"{round(value, 2):g}"
    return f"{number}{'' if unit.startswith('/') else _SPACE}{unit}".rstrip(_SPACE)


def link(citation: str) -> tuple[str, str, str, str]:
    """Split a citation at its first DOI, PMC or PubMed number or web address.

    Returns
    -------
    tuple of str
        What stands before, the text to click, the address it leads to, and what stands after;
        all but the first are empty where the citation names no address.

    >>> link("Doe J 2020, doi:10.1000/x.1.")
    ('Doe J 2020, doi:', '10.1000/x.1', 'https://doi.org/10.1000/x.1', '.')
    """
    for pattern, address in _LINKS:
        if found := pattern.search(citation):
            text = found.group()
            target = address.format(quote(text, safe="/:;().,?=&%#-_~"))
            return citation[: found.start()], text, target, citation[found.end() :]
    return citation, "", "", ""


def _time_unit(low: float, high: float) -> tuple[float, str]:
    """Days in the largest unit in which both ends are whole numbers, and its name."""
    if high < 1:
        return 1 / 24, "hour"
    if low % 7 == 0 and high % 7 == 0:
        return 7, "week"
    return 1, "day"


def _unit_suffix(field: str) -> str:
    suffixes = load_config("report.yaml")["units"]
    return next((suffix for suffix in suffixes if field.endswith(suffix)), "")
