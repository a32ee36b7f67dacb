"""Weights of a run become a bundle that gives the same answers, and are scored."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from presight.config import config_path, model_path
from presight.segment import Bundle, load_bundle
from presight.train.cache import TrainingVolume
from presight.train.checkpoint import Checkpoint
from presight.train.evaluate import evaluate, score, summarise
from presight.train.export import export_weights
from presight.train.network import build_network
from presight.train.recipe import load_recipe


def _volume(
    truth: np.ndarray, image: np.ndarray, brain: np.ndarray | None = None
) -> TrainingVolume:
    brain = np.ones(truth.shape, np.uint8) if brain is None else brain
    return TrainingVolume(
        "ms/P1", "ms", "P1", "here", image.astype(np.float16), truth.astype(np.uint8), brain, brain
    )


def test_exported_weights_give_the_answers_of_the_trained_network(tmp_path: Path) -> None:
    recipe = load_recipe(config_path("recipes/laptop-cpu.yaml"))
    folder = shutil.copytree(model_path("flair_hyperintensity"), tmp_path / "bundle")
    torch.manual_seed(3)
    network = build_network(recipe.network, recipe.output_prior).eval()
    state = network.state_dict()
    export_weights(Checkpoint(7, state, state, {}, [], recipe.model_dump_json()), folder)
    loaded = load_bundle(folder).network
    image = torch.rand(1, 1, 64, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(loaded(image), network(image), atol=0.02, rtol=0.02)
    assert (folder / "models" / "model.pt").stat().st_size < 12 * 2**20


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle(model_path("flair_hyperintensity"))


def test_scores_of_a_known_overlap() -> None:
    truth, found = np.zeros((2, 20, 20, 20), bool)
    truth[2:6, 2:6, 2:6] = True
    truth[12:14, 12:14, 12:14] = True
    found[2:6, 2:6, 4:8] = True
    result = score(_volume(truth, truth), found)
    assert result.truth_ml == pytest.approx(0.072)
    assert result.found_ml == pytest.approx(0.064)
    assert result.dice == pytest.approx(2 * 32 / (72 + 64))
    assert result.lesion_recall == pytest.approx(0.5)
    assert result.lesion_precision == pytest.approx(1.0)


def test_without_a_lesion_all_that_is_found_is_false() -> None:
    nothing, found = np.zeros((2, 20, 20, 20), bool)
    found[:10, :10, :10] = True
    empty = score(_volume(nothing, nothing), found)
    assert empty.dice is None
    assert empty.lesion_recall is None
    summary = summarise([empty])
    assert summary.dice_mean is None
    assert summary.lesion_f1 is None
    assert summary.false_ml_median == pytest.approx(1.0)


def test_a_bright_ball_is_found_by_the_shipped_bundle(bundle: Bundle) -> None:
    place = np.indices((72, 72, 72)) - 36
    ball = ((place - 6) ** 2).sum(0) < 9**2
    brain = ((place**2).sum(0) < 32**2).astype(np.uint8)
    rng = np.random.default_rng(0)
    image = brain * (1 + 0.9 * ball + rng.normal(0, 0.03, ball.shape))
    volume = _volume(ball, image, brain)
    (result,) = evaluate(bundle, [volume], device="cpu")
    assert result.dice is not None
    assert result.dice > 0.3
