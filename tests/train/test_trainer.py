"""Training learns, and a resumed run is the same run."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from presight.config import config_path
from presight.errors import ConfigError
from presight.train.cache import TrainingVolume
from presight.train.network import build_network
from presight.train.recipe import Phase, Recipe, Schedule, load_recipe
from presight.train.trainer import train


def _volume(name: str, seed: int) -> TrainingVolume:
    """A sphere of brain with a brighter ball in it."""
    rng = np.random.default_rng(seed)
    place = np.indices((48, 48, 48)) - 24
    brain = (place**2).sum(0) < 20**2
    lesion = ((place - rng.integers(-8, 8, 3)[:, None, None, None]) ** 2).sum(0) < 5**2
    image = brain + 0.8 * (lesion & brain) + rng.normal(0, 0.02, brain.shape)
    return TrainingVolume(
        id=f"lgg/{name}",
        dataset="lgg",
        patient=name,
        site="nowhere",
        image=image.astype(np.float16),
        mask=(lesion & brain).astype(np.uint8),
        brain=brain.astype(np.uint8),
        anatomy=brain.astype(np.uint8),
    )


@pytest.fixture(scope="module")
def volumes() -> tuple[TrainingVolume, ...]:
    return tuple(_volume(f"DU_{number}", number) for number in range(3))


@pytest.fixture(scope="module")
def small() -> Recipe:
    """The shipped recipe, on small patches and without augmentation."""
    recipe = load_recipe(config_path("recipes/laptop-cpu.yaml"))
    body = recipe.network["body"] | {
        "filters": [16, 16, 32],
        "kernel_size": [3, 3, 3],
        "strides": [1, 2, 2],
        "upsample_kernel_size": [2, 2],
    }
    network = recipe.network | {"body": body}
    sampling = recipe.sampling.model_copy(update={"datasets": {"lgg": 1.0}, "margin": 1.0})
    return recipe.model_copy(
        update={
            "network": network,
            "sampling": sampling,
            "augmentation": (),
            "phases": (Phase(until_step=6, patch=(32, 32, 32), batch=1),),
            "learning_rate": Schedule(peak=0.003, warmup_steps=2, cooldown_steps=2),
            "workers": 0,
        }
    )


def test_a_stopped_and_resumed_run_has_the_same_losses_and_weights(
    small: Recipe, volumes: tuple[TrainingVolume, ...], tmp_path: Path
) -> None:
    whole = train(small, volumes, tmp_path / "whole", device="cpu")

    class StoppedError(Exception):
        pass

    def stop(step: int, steps: int, loss: float) -> None:
        if step == 4:
            raise StoppedError

    often = small.model_copy(update={"checkpoint_minutes": 1e-9})
    with pytest.raises(StoppedError):
        train(often, volumes, tmp_path / "parts", device="cpu", progress=stop)
    resumed = train(small, volumes, tmp_path / "parts", device="cpu")

    assert len(resumed.losses) == 6
    assert resumed.losses == whole.losses
    for name, weights in whole.average.items():
        assert torch.equal(resumed.average[name], weights)


def test_worker_processes_do_not_change_the_losses(
    small: Recipe, volumes: tuple[TrainingVolume, ...], tmp_path: Path
) -> None:
    alone = train(small, volumes, tmp_path / "alone", device="cpu")
    helped = train(
        small.model_copy(update={"workers": 1}), volumes, tmp_path / "helped", device="cpu"
    )
    assert helped.losses == pytest.approx(alone.losses, abs=1e-6)


def test_a_run_cannot_be_resumed_as_another_one(
    small: Recipe, volumes: tuple[TrainingVolume, ...], tmp_path: Path
) -> None:
    train(small, volumes, tmp_path, device="cpu")
    with pytest.raises(ConfigError, match="another seed"):
        train(small.model_copy(update={"seed": 1}), volumes, tmp_path, device="cpu")


def test_a_dataset_without_volumes_is_named(
    small: Recipe, volumes: tuple[TrainingVolume, ...], tmp_path: Path
) -> None:
    others = [replace(volume, dataset="other") for volume in volumes]
    with pytest.raises(ConfigError, match="no volume of lgg"):
        train(small, others, tmp_path, device="cpu")


def test_one_batch_can_be_overfitted(
    small: Recipe, volumes: tuple[TrainingVolume, ...], tmp_path: Path
) -> None:
    """A network that cannot learn one volume by heart has a mistake in it somewhere."""
    sampling = small.sampling.model_copy(update={"lesion_centre_share": 1.0})
    recipe = small.model_copy(
        update={
            "sampling": sampling,
            "phases": (Phase(until_step=120, patch=(32, 32, 32), batch=1),),
            "learning_rate": Schedule(peak=0.01, warmup_steps=5, cooldown_steps=40),
        }
    )
    losses = train(recipe, volumes[:1], tmp_path, device="cpu").losses
    assert np.mean(losses[-5:]) < 0.25 * losses[0]


def test_the_untrained_network_says_that_lesions_are_rare(small: Recipe) -> None:
    torch.manual_seed(0)
    network = build_network(small.network, small.output_prior).eval()
    with torch.inference_mode():
        probability = torch.sigmoid(network(torch.rand(1, 1, 32, 32, 32)))
    assert float(probability.mean()) < 0.1
