"""The tables of configs/evidence: sources exist, facts are accounted for, nothing dangles."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from presight.citations import citations
from presight.config import config_path, load_config
from presight.measure.findings import Findings
from presight.score.evidence import Published, features, method, prior
from presight.score.facts import Facts
from presight.study.clinical import ClinicalRecord

TABLES = sorted(
    path
    for path in config_path("evidence/method.yaml").parent.glob("*.yaml")
    if path.name != "sources.yaml"
)
FOUNDING = {  # founding text in the evidence table -> its sources here
    "SEED0": {"oracle_neurotoxicity"},
    "SEED1": {"oracle_pres", "hammerstrom2013"},  # the cohort behind its figures
    "SEED2": {"smeralda"},
}
NO_FIGURE = re.compile(r"\{[^}]*\}|\bE\d{3}\b")  # fields of a template, rows of the evidence table


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
    """Numbers, in sentences too, that no mapping around them gives a source for."""
    if isinstance(value, dict):
        sourced = sourced or bool(value.get("source"))
        for child in value.values():
            yield from unsourced_numbers(child, sourced)
    elif isinstance(value, list):
        for child in value:
            yield from unsourced_numbers(child, sourced)
    elif not sourced and not isinstance(value, bool) and re.search(r"\d", _figures(value)):
        yield value


def _figures(value: object) -> str:
    return NO_FIGURE.sub("", str(value))


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


def test_a_number_without_a_source_is_seen() -> None:
    entry = {"name": "tremor", "cut": 3}
    assert list(unsourced_numbers({"a": entry})) == [3]
    assert list(unsourced_numbers({"a": [{"text": "seen in 12 of 40"}]})) == ["seen in 12 of 40"]
    assert list(unsourced_numbers({"a": entry | {"source": "fugate2010"}})) == []
    assert list(unsourced_numbers({"a": "{findings.lesion_ml:.1f} mL", "first": "E001"})) == []


def test_every_source_can_be_looked_up() -> None:
    seen_as_text_only = {"oracle_neurotoxicity", "ours", "smeralda"}
    sources = load_config("evidence/sources.yaml")
    without = {name for name, each in sources.items() if not (each.get("doi") or each.get("url"))}
    assert without == seen_as_text_only


def users(fact: str) -> list[dict[str, Any]]:
    """Entries of any table that a row of the evidence table stands behind."""
    tables = (table(path) for path in TABLES)
    return [each for one in tables for each in entries(one) if fact in (each.get("facts") or [])]


def not_accounted_for(row: dict[str, str]) -> str:
    """Say what is missing for one fact of the founding texts, or nothing."""
    wanted = {name for text in row["source_id"].split(";") for name in FOUNDING.get(text, ())}
    left_out = load_config("evidence/left_out.yaml")["left_out"].get(row["id"])
    used = users(row["id"])
    if (left_out is None) != bool(used):
        return f"{row['id']} is {'both used and' if used else 'neither used nor'} left out"
    if left_out and not (left_out["says"] and left_out["why"]):
        return f"{row['id']} is left out without a reason"
    named = {name for entry in used or [left_out] for name in named_sources(entry)}
    return "" if wanted & named else f"{row['id']} stands without its source"


def test_every_fact_of_the_founding_texts_is_used_or_left_out_with_a_reason(shared: Path) -> None:
    rows = [row for row in evidence(shared) if set(row["source_id"].split(";")) & set(FOUNDING)]
    assert len(rows) > 80
    assert list(filter(None, map(not_accounted_for, rows))) == []


def test_every_row_between_the_first_and_the_last_is_used_or_left_out() -> None:
    """The same without the evidence table."""
    book = load_config("evidence/left_out.yaml")
    for number in range(int(book["first"][1:]), int(book["last"][1:]) + 1):
        row = f"E{number:03d}"
        assert bool(users(row)) != (row in book["left_out"]), row


def test_the_list_of_what_is_left_out_covers_the_founding_texts(shared: Path) -> None:
    book = load_config("evidence/left_out.yaml")
    founding = [row["id"] for row in evidence(shared) if row["source_id"] in FOUNDING]
    assert [founding[0], founding[-1]] == [book["first"], book["last"]]
    assert set(book["left_out"]) <= set(founding)


def test_every_row_that_is_named_exists(shared: Path) -> None:
    tables = (table(path) for path in TABLES)
    named = {fact for one in tables for each in entries(one) for fact in each.get("facts") or []}
    assert named <= {row["id"] for row in evidence(shared)}


def evidence(shared: Path) -> list[dict[str, str]]:
    """Rows of the evidence table, which lies beside the checkout."""
    path = shared.parent / "evidence" / "evidence.csv"
    if not path.is_file():
        pytest.skip("needs the evidence table in ../shared/evidence")
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


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
    rows = evidence(shared)
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
    grades = [facts[fact] for fact in load_config("evidence/facts.yaml")]
    for name in ("alerts", "differential", "recommendations"):
        grades += [
            facts.grade(rule["when"]) for rule in load_config(f"evidence/{name}.yaml").values()
        ]
    assert all(grade is None or 0 <= grade <= 1 for grade in grades)


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
