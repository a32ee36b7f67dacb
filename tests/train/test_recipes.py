"""Every recipe that ships can be read, builds its network and learns from a step."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from presight.config import config_path
from presight.errors import ConfigError
from presight.train.cache import TrainingVolume
from presight.train.network import build_network
from presight.train.recipe import Recipe, load_recipe
from presight.train.split import Split, split_cases
from presight.train.trainer import train

# The network of the anatomy has a kind of recipe of its own.
ANATOMY = "brain-anatomy"
RECIPES = [p for p in sorted(config_path("recipes").glob("*.yaml")) if p.stem != ANATOMY]
BUNDLE_BYTES = 20 * 2**20


def _head(dataset: str, patient: str) -> TrainingVolume:
    place = np.indices((64, 64, 64)) - 32
    brain = ((place**2).sum(0) < 28**2).astype(np.uint8)
    lesion = (((place - 8) ** 2).sum(0) < 7**2).astype(np.uint8)
    image = (brain + 0.8 * lesion).astype(np.float16)
    name = f"{dataset}/{patient}"
    return TrainingVolume(name, dataset, patient, "here", image, lesion, brain, brain)


@pytest.fixture(params=RECIPES, ids=lambda path: path.stem)
def recipe(request: pytest.FixtureRequest) -> Recipe:
    return load_recipe(request.param)


def test_a_recipe_is_named_after_its_file() -> None:
    assert {load_recipe(path).name for path in RECIPES} >= {"laptop-cpu", "one-gpu", "several-gpus"}
    assert all(load_recipe(path).name == path.stem for path in RECIPES)


def test_one_step_is_learnt(recipe: Recipe, tmp_path: Path) -> None:
    """With the recipe's own network, loss and augmentation, on a small patch."""
    phase = recipe.phases[0].model_copy(update={"patch": (64, 64, 64), "batch": 1})
    short = recipe.model_copy(
        update={"phases": (phase,), "workers": 0, "watch": None, "tensorboard": False}
    ).of_length(1)
    heads = [_head(dataset, "1") for dataset in recipe.sampling.datasets]
    checkpoint = train(short, heads, tmp_path, device="cpu")
    assert math.isfinite(checkpoint.losses[0])
    before = build_network(recipe.network, recipe.output_prior).state_dict()
    assert checkpoint.network.keys() == before.keys()


def test_the_weights_fit_into_a_bundle(recipe: Recipe) -> None:
    state = build_network(recipe.network, recipe.output_prior).state_dict()
    once = {value.data_ptr(): value.numel() for value in state.values()}
    assert 2 * sum(once.values()) < BUNDLE_BYTES  # float16


def test_the_patches_suit_the_network(recipe: Recipe) -> None:
    network = build_network(recipe.network, recipe.output_prior)
    with torch.device("meta"):
        for phase in recipe.phases:
            image = torch.empty(1, 1, *phase.patch)
            assert network.to("meta").eval()(image).shape == image.shape


def test_a_recipe_without_lgg_trains_on_nothing_of_it() -> None:
    recipe = load_recipe(config_path("recipes/open.yaml"))
    assert "lgg" not in recipe.sampling.datasets
    scans = [
        _head("lgg", "DU_1"),
        replace(_head("painted_pres", "DU_1"), id="painted_pres/lgg_DU_1_7"),
        _head("mslesseg", "P14_T1"),
    ]
    assert [scan.id for scan in split_cases(scans, recipe.split)["train"]] == ["mslesseg/P14_T1"]


def test_a_run_can_be_cut_and_prolonged() -> None:
    recipe = load_recipe(config_path("recipes/laptop-cpu.yaml"))
    assert recipe.of_length(7).steps == 7
    assert recipe.of_length(10**6).steps == 10**6
    first = recipe.phases[0].model_copy(update={"until_step": 100})
    last = first.model_copy(update={"until_step": 300, "batch": 2})
    two = recipe.model_copy(update={"phases": (first, last)})
    assert [phase.until_step for phase in two.of_length(200).phases] == [100, 200]
    assert [phase.until_step for phase in two.of_length(100).phases] == [100]
    assert [phase.until_step for phase in two.of_length(50).phases] == [50]


def test_a_whole_dataset_is_left_out_with_what_is_painted_into_it() -> None:
    recipe = load_recipe(config_path("recipes/laptop-cpu.yaml")).leaving_out("lgg")
    assert "lgg" not in recipe.sampling.datasets
    scans = [
        _head("lgg", "DU_1"),
        replace(_head("painted_pres", "DU_1"), id="painted_pres/lgg_DU_1_7"),
        _head("synthetic_pres", "synthetic-1"),
    ]
    parts = split_cases(scans, recipe.split)
    assert [scan.dataset for scan in parts["train"]] == ["synthetic_pres"]
    assert len(parts["test"]) == 2


@pytest.mark.parametrize("dataset", ["wmh", "LGG"])
def test_a_dataset_that_is_not_trained_on_cannot_be_left_out(dataset: str) -> None:
    with pytest.raises(ConfigError, match="cannot be left out"):
        load_recipe(config_path("recipes/laptop-cpu.yaml")).leaving_out(dataset)


def test_every_patient_is_tested_on_in_one_fold_and_takes_what_is_painted_along() -> None:
    real = [_head("lgg", f"DU_{number}") for number in range(11)]
    real += [_head("open_ms", f"patient{number}") for number in range(2)]
    painted = [
        replace(scan, id=f"painted_ms/{scan.id.replace('/', '_')}_5", dataset="painted_ms")
        for scan in real
    ]
    tested = []
    for number in range(1, 6):
        parts = split_cases([*real, *painted], Split(fold=f"{number}/5"))
        trained = {scan.patient for scan in parts["train"]}
        held_out = {scan.patient for scan in parts["test"]}
        assert not trained & held_out
        assert len(held_out) in {2, 3}
        assert any(patient.startswith("patient") for patient in trained)
        tested += [scan.id for scan in parts["test"]]
    assert sorted(tested) == sorted(scan.id for scan in [*real, *painted])


def test_a_fold_does_not_change_when_scans_come_in_another_order() -> None:
    scans = [_head("lgg", f"DU_{number}") for number in range(10)]
    one = split_cases(scans, Split(fold="1/3"))["test"]
    other = split_cases(scans[::-1], Split(fold="1/3"))["test"]
    assert {scan.id for scan in one} == {scan.id for scan in other}


@pytest.mark.parametrize("fold", ["6/5", "0/5", "1/1", "second", "2-5"])
def test_a_fold_that_cannot_be_is_named(fold: str) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_recipe(config_path("recipes/laptop-cpu.yaml")).tested_on_fold(fold)


def test_another_test_part_takes_the_place_of_the_recipes() -> None:
    recipe = load_recipe(config_path("recipes/laptop-cpu-finish.yaml"))
    assert recipe.testing_on(["lgg/HT_*"]).split.test == ("lgg/HT_*",)
    assert recipe.testing_on([]).split.test == ()
    assert recipe.testing_on([]).split.validation == recipe.split.validation
