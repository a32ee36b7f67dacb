"""Infection tests as people write them: what was tested, and with which result."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from presight.config import load_config
from presight.study.clinical_fields import clinical_columns
from presight.study.units import slug


def infection_tests(text: str) -> dict[str, bool]:
    """Read tests named in words: name as written -> positive.

    Examples
    --------
    >>> infection_tests("HSV, VZV negative; positive for HHV-6 (CSF)")
    {'HSV': False, 'VZV': False, 'HHV-6': True}
    """
    return dict(test for sentence in text.split(";") for test in _of_sentence(sentence))


def germ(test: str) -> str:
    """Name of a test in the record: ``"JC virus DNA in CSF"`` is ``"jcv"``; else as written."""
    words = slug(test).split("_")
    ends = sorted(combinations(range(len(words) + 1), 2), key=lambda pair: pair[0] - pair[1])
    for first, end in ends:
        field, _ = clinical_columns().get("_".join(words[first:end]), (None, ""))
        if field and field.path[0] == "infection_pcr":
            return field.path[1]
    return test.lower()


def _of_sentence(sentence: str) -> Iterator[tuple[str, bool]]:
    """Yield the tests of one sentence; a result holds for the names before it, or after ``for``."""
    waiting: list[str] = []
    carried: bool | None = None
    for clause in re.split(r",|\band\b|\bbut\b", sentence):
        result = _result(clause)
        carried = result if re.search(r"\bfor\b", clause) else carried
        name = _name(clause)
        waiting += [name] if name else []
        said = carried if result is None else result
        if said is not None and (waiting or result is not None):
            yield from ((name, said) for name in waiting or ["tests"])
            waiting = []


def _result(clause: str) -> bool | None:
    """Return the result that a clause states; brackets are asked where the rest is mute."""
    entry, text = _table(), clause.lower()
    if any(word in text for word in entry["no_test"]):
        return None
    outside = re.sub(r"\(.*?\)", " ", text)
    return next((said for said in map(_says, (outside, text)) if said is not None), None)


def _says(text: str) -> bool | None:
    rest = _words("negative").sub(" ", text)
    if _words("positive").search(rest):
        return True
    return None if rest == text else False


def _name(clause: str) -> str:
    text = re.sub(r"\(.*?\)", " ", clause)
    filler = re.compile(r"\b(all|for)\b", re.IGNORECASE)
    for words in (_words("negative"), _words("positive"), filler):
        text = words.sub(" ", text)
    return " ".join(text.split())


def _words(kind: str) -> re.Pattern[str]:
    """Pattern of the words for one result, the longest first."""
    words = sorted(_table()[kind], key=len, reverse=True)
    return re.compile(rf"\b({'|'.join(map(re.escape, words))})\b", re.IGNORECASE)


def _table() -> Any:
    return load_config("evidence/table.yaml")["infections"]
