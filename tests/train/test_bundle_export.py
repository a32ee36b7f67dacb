"""Weights of a run become a bundle that gives the same answers."""

import shutil
from pathlib import Path

import torch

from presight.config import config_path, model_path
from presight.segment import load_bundle
from presight.train.checkpoint import Checkpoint
from presight.train.export import export_weights
from presight.train.network import build_network
from presight.train.recipe import load_recipe


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
