"""The tables of configs/evidence: sources exist, facts are accounted for, nothing dangles."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from presight.config import config_path, load_config
from presight.measure.findings import Findings
from presight.score.evidence import Published, citations, features, method, prior
from presight.score.facts import Facts
from presight.study.clinical import ClinicalRecord

TABLES = sorted(
    path
    for path in config_path("evidence/method.yaml").parent.glob("*.yaml")
    if path.name != "sources.yaml"
)
FOUNDING = {"SEED0", "SEED1", "SEED2"}


def entries(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for child in value.values():
            yield from entries(child)
    elif isinstance(value, list):
        for child in value:
            yield from entries(child)


def named_sources(value: Any) -> Iterator[str]:
    for entry in entries(value):
        source = entry.get("source", [])
        yield from [source] if isinstance(source, str) else source


def unsourced_numbers(value: Any, sourced: bool = False) -> Iterator[object]:
    """Numbers that neither their own mapping nor one around it gives a source for."""
    if isinstance(value, dict):
        sourced = sourced or bool(value.get("source"))
        for child in value.values():
            yield from unsourced_numbers(child, sourced)
    elif isinstance(value, list):
        for child in value:
            yield from unsourced_numbers(child, sourced)
    elif isinstance(value, int | float) and not isinstance(value, bool) and not sourced:
        yield value


def table(path: Path) -> Any:
    return load_config(f"evidence/{path.name}")


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_every_source_that_is_named_is_listed_with_a_citation(path: Path) -> None:
    assert all(citations(named_sources(table(path))).values())


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_every_number_has_a_source(path: Path) -> None:
    assert list(unsourced_numbers(table(path))) == []


def test_every_listed_source_is_used() -> None:
    used = {source for path in TABLES for source in named_sources(table(path))}
    assert set(load_config("evidence/sources.yaml")) == used


def test_every_fact_of_the_founding_texts_is_used_or_left_out_with_a_reason() -> None:
    used = {
        str(fact)
        for path in TABLES
        for entry in entries(table(path))
        for fact in entry.get("facts") or []
    }
    book = load_config("evidence/left_out.yaml")
    first, last = int(book["first"][1:]), int(book["last"][1:])
    wanted = {f"E{number:03d}" for number in range(first, last + 1)}
    left_out = set(book["left_out"])
    assert wanted - used == left_out
    assert all(entry["why"] for entry in book["left_out"].values())


def test_the_founding_texts_have_no_fact_beyond_those_accounted_for(shared: Path) -> None:
    book = load_config("evidence/left_out.yaml")
    with (shared.parent / "evidence" / "evidence.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    founding = [row["id"] for row in rows if row["source_id"] in FOUNDING]
    assert founding[0] == book["first"]
    assert founding[-1] == book["last"]
    known = {row["id"] for row in rows}
    used = {
        fact
        for path in TABLES
        for entry in entries(table(path))
        for fact in entry.get("facts") or []
    }
    assert used <= known


def agrees(series: Published, row: dict[str, str]) -> bool:
    """Whether a row of the evidence table holds the counts, or the percentage they give."""
    if f"{series.n}/{series.N}" in row["note"]:
        return True
    if row["N"] != str(series.N):
        return False
    if row["n"]:
        return str(series.n) in row["n"].split("/")
    share = re.match(r"[\d.]+", row["value"])
    return share is not None and abs(100 * series.n / series.N - float(share[0])) < 1


def test_counts_agree_with_the_evidence_table(shared: Path) -> None:
    with (shared.parent / "evidence" / "evidence.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for name, feature in features().items():
        for series in feature.published:
            source = {"hammerstrom2013": "SEED1"}.get(series.source, series.source)
            cited = [row for row in rows if source in row["source_id"].split(";")]
            assert any(agrees(series, row) for row in cited), f"{name}: {series}"


EMPTY_ON_PURPOSE = {"concentration", "below", "need", "window_days"}


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_no_comma_has_cut_a_sentence_in_two(path: Path) -> None:
    """``{said: one, two}`` is the text "one" and a key "two" with nothing behind it."""
    empty = {key for entry in entries(table(path)) for key, value in entry.items() if value is None}
    assert empty <= EMPTY_ON_PURPOSE


def test_every_rule_can_be_read_for_a_patient_of_whom_nothing_is_known() -> None:
    facts = Facts(Findings(), ClinicalRecord()).told(
        label="indeterminate", leading="pres", interaction=None, level_not_high=None
    )
    for fact in load_config("evidence/facts.yaml"):
        facts[fact]
    for name in ("alerts", "differential", "recommendations"):
        for entry in load_config(f"evidence/{name}.yaml").values():
            facts.grade(entry["when"])


def test_every_feature_is_a_fact_of_a_named_group_and_every_strength_exists() -> None:
    facts = load_config("evidence/facts.yaml")
    groups = load_config("evidence/features.yaml")["groups"]
    for name, feature in features().items():
        assert name in facts
        assert feature.group in groups
        for direction in (*feature.present.values(), *feature.absent.values()):
            assert direction == "counted" or direction.removeprefix("-") in method().strengths


def test_only_compared_features_count_at_full_strength() -> None:
    for feature in features().values():
        counted = "counted" in (*feature.present.values(), *feature.absent.values())
        assert counted == bool(feature.compared)
        assert not counted or feature.quality == "A"


def test_every_prior_names_a_share_for_every_class() -> None:
    for setting in load_config("evidence/prior.yaml")["settings"]:
        assert set(prior(setting).shares) == set(method().classes)
