"""A run begins with the weights of another run or of a bundle, or says why it cannot."""

from pathlib import Path

import pytest
import torch

from presight.config import config_path, model_path
from presight.errors import ConfigError
from presight.segment import load_bundle
from presight.train.checkpoint import Checkpoint, write_checkpoint
from presight.train.initial import initial_weights
from presight.train.network import build_network
from presight.train.recipe import load_recipe
from presight.train.trainer import train

BUNDLE = model_path("flair_hyperintensity")


def test_a_run_begins_with_the_weights_of_the_bundle_that_ships() -> None:
    recipe = load_recipe(config_path("recipes/laptop-cpu-steady.yaml"))
    network = build_network(recipe.network, recipe.output_prior).eval()
    network.load_state_dict(initial_weights(BUNDLE))
    image = torch.rand(1, 1, 64, 64, 64, generator=torch.Generator().manual_seed(7))
    with torch.inference_mode():
        assert torch.allclose(network(image), load_bundle(BUNDLE).network(image), atol=1e-3)


def test_of_a_checkpoint_the_running_mean_is_taken(tmp_path: Path) -> None:
    state = {"weight": torch.zeros(3)}, {"weight": torch.ones(3)}
    write_checkpoint(Checkpoint(1, *state, {}, [0.5], "{}"), tmp_path / "checkpoint.pt")
    assert torch.equal(initial_weights(tmp_path / "checkpoint.pt")["weight"], torch.ones(3))


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    recipe = load_recipe(config_path("recipes/one-gpu.yaml"))
    with pytest.raises(ConfigError, match="of another network"):
        train(recipe, [], tmp_path / "run", device="cpu", initial=BUNDLE)
