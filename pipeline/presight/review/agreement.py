"""How far reviewers agree with the model and with one another."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from itertools import combinations
from typing import Any

from sklearn.metrics import cohen_kappa_score
from sqlalchemy.engine import Connection

from presight.config import load_config
from presight.review.chain import Entry
from presight.review.record import entries

_DECIDED = ("accept", "edit", "reject", "second_opinion")


def agreement(db: Connection) -> dict[str, Any]:
    """Compare the last word of each reviewer on each study with the model's and with the others'.

    A reviewer's word is their own diagnosis where they gave one, and the model's verdict where
    they accepted it; a rejection without a diagnosis is no word on the class.

    Returns
    -------
    dict
        ``decisions`` and ``reasons`` (counts), ``with_model`` and ``between`` (studies in common,
        share that agrees, Cohen's kappa or ``None`` where it is not defined), ``edits`` (pixel
        differences).
    """
    chain = list(entries(db))
    words = _words(chain)
    return {
        "decisions": Counter(entry.kind for entry in chain if entry.kind in _DECIDED),
        "reasons": Counter(
            reason for entry in _decided(chain) for reason in _read(entry)["reasons"]
        ),
        "with_model": [
            {"reviewer": name, **_compare([(said, model) for said, model in mine.values()])}
            for name, mine in sorted(words.items())
        ],
        "between": [
            {"reviewers": [one, other], **_compare(_in_common(words[one], words[other]))}
            for one, other in combinations(sorted(words), 2)
        ],
        "edits": [
            {"study_ml": content["shown"]["lesion_ml"], **content["changed"]["from_run"]}
            for entry in chain
            if entry.kind == "edit" and "from_run" in (content := _read(entry))["changed"]
        ],
    }


def _words(chain: Iterable[Entry]) -> dict[str, dict[str, tuple[str, str]]]:
    """By reviewer and study: the class they gave it last, and the model's."""
    words: dict[str, dict[str, tuple[str, str]]] = {}
    for entry in _decided(chain):
        content = _read(entry)
        model = content["shown"]["label"]
        said = content["diagnosis"] or (model if entry.kind == "accept" else "")
        if said and entry.study:
            words.setdefault(entry.actor, {})[entry.study] = said, model
    return words


def _decided(chain: Iterable[Entry]) -> list[Entry]:
    return [entry for entry in chain if entry.kind in _DECIDED]


def _read(entry: Entry) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(entry.content)
    return content


def _in_common(
    one: dict[str, tuple[str, str]], other: dict[str, tuple[str, str]]
) -> list[tuple[str, str]]:
    return [(one[study][0], other[study][0]) for study in sorted(one.keys() & other.keys())]


def _compare(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    if not pairs:
        return {"studies": 0, "share": None, "kappa": None}
    first, second = zip(*pairs, strict=True)
    share = sum(a == b for a, b in pairs) / len(pairs)
    varied = len({*first, *second}) > 1  # with one class alone there is nothing to agree on
    labels = [*load_config("report.yaml")["classes"], "indeterminate"]
    kappa = float(cohen_kappa_score(first, second, labels=labels)) if varied else None
    return {"studies": len(pairs), "share": share, "kappa": kappa}
