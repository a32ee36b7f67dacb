"""What was promised of the score on published cases, by the benchmark that prints it."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "scripts" / "score_benchmark.py"
    spec = importlib.util.spec_from_file_location("score_benchmark", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def clear(benchmark: ModuleType, shared: Path) -> Any:
    cases = benchmark.load(shared.parent / "cases" / "cases_dev.csv")
    return cases.only(cases.clear)


@pytest.fixture(scope="module")
def probabilities(benchmark: ModuleType, clear: Any) -> Any:
    return benchmark.score(clear)


def test_the_leading_class_is_mostly_right(probabilities: Any, clear: Any) -> None:
    assert (probabilities.argmax(axis=1) == clear.truth).mean() >= 0.80


def test_pres_is_told_from_toxic_leukoencephalopathy(
    benchmark: ModuleType, probabilities: Any, clear: Any
) -> None:
    assert benchmark.auc(probabilities, clear) >= 0.95


def test_the_surest_half_is_almost_always_right(probabilities: Any, clear: Any) -> None:
    right = probabilities.argmax(axis=1) == clear.truth
    surest = np.argsort(-probabilities.max(axis=1), kind="stable")[: len(right) // 2]
    assert right[surest].mean() >= 0.95


def test_it_beats_the_posterior_rule_and_a_regression_that_may_use_missingness(
    benchmark: ModuleType, probabilities: Any, clear: Any
) -> None:
    ours = (probabilities.argmax(axis=1) == clear.truth).mean()
    for rival in (benchmark.posterior_rule, benchmark.missingness_regression):
        assert ours > (rival(clear).argmax(axis=1) == clear.truth).mean()


def test_hiding_facts_at_random_pulls_towards_the_prior(benchmark: ModuleType, clear: Any) -> None:
    generator = np.random.default_rng(0)
    hidden = [
        {
            name: cell if name in KEPT or generator.random() < 0.5 else ""
            for name, cell in row.items()
        }
        for row in clear.rows
    ]
    blind = benchmark.Cases(hidden, clear.truth, clear.clear, clear.publication)
    everything, half = benchmark.score(clear), benchmark.score(blind)
    assert np.abs(half - 1 / 3).mean() < np.abs(everything - 1 / 3).mean()


def test_a_case_of_which_nothing_is_left_gets_the_prior(benchmark: ModuleType, clear: Any) -> None:
    nothing = [
        {name: cell if name in KEPT else "" for name, cell in row.items()} for row in clear.rows
    ]
    empty = benchmark.Cases(nothing, clear.truth, clear.clear, clear.publication)
    assert benchmark.score(empty) == pytest.approx(1 / 3, abs=1e-3)


def test_weights_that_are_not_shaken_give_the_score_itself(
    benchmark: ModuleType, probabilities: Any, clear: Any
) -> None:
    right = (probabilities.argmax(axis=1) == clear.truth).mean()
    assert benchmark.shaken(clear, spread=0, draws=1) == pytest.approx([right])
    assert benchmark.shaken(clear, spread=0.5, draws=20).std() > 0


KEPT = {"case_id", "final_diagnosis", "label_certainty", "doi_or_pmid_or_url"}
