"""Recipes that build on another: what is taken over, and what is said where that cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from presight.config import config_path
from presight.errors import ConfigError
from presight.train.extends import read_extended
from presight.train.recipe import load_recipe

SHIPPED = config_path("recipes/laptop-cpu.yaml")


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_what_it_says_stands_over_what_it_extends(tmp_path):
    recipe = load_recipe(
        write(
            tmp_path / "mine.yaml",
            "name: mine\nextends: laptop-cpu\nlearning_rate: {peak: 0.01}\n"
            "sampling: {datasets: {ours: 0.5, lgg: null}}\nsplit: {test: [ours/9*]}",
        )
    )
    parent = load_recipe(SHIPPED)
    assert recipe.learning_rate == parent.learning_rate.model_copy(update={"peak": 0.01})
    others = {name: share for name, share in parent.sampling.datasets.items() if name != "lgg"}
    assert recipe.sampling.datasets == {"ours": 0.5, **others}
    assert recipe.split.test == ("ours/9*",)
    assert recipe.split.validation == parent.split.validation
    assert recipe.augmentation == parent.augmentation


def test_it_is_the_same_as_one_that_says_everything(tmp_path):
    """So a run that began with the one goes on with the other."""
    short = write(tmp_path / "short.yaml", "name: mine\nextends: laptop-cpu\nseed: 7")
    content = yaml.safe_load(SHIPPED.read_text()) | {"name": "mine", "seed": 7}
    full = write(tmp_path / "full.yaml", yaml.safe_dump(content, sort_keys=False))
    assert load_recipe(short).model_dump_json() == load_recipe(full).model_dump_json()


def test_another_network_takes_no_argument_of_the_one_before(tmp_path):
    network = "network: {_target_: monai.networks.nets.SegResNet, spatial_dims: 3}"
    path = write(tmp_path / "mine.yaml", f"name: mine\nextends: laptop-cpu\n{network}")
    assert load_recipe(path).network == yaml.safe_load(network)["network"]


def test_the_same_network_takes_those_that_it_does_not_say(tmp_path):
    path = write(
        tmp_path / "mine.yaml",
        "name: mine\nextends: laptop-cpu\nnetwork: {body: {filters: [8, 16, 32, 64, 64]}}",
    )
    parent, network = load_recipe(SHIPPED).network, load_recipe(path).network
    assert network == parent | {"body": parent["body"] | {"filters": [8, 16, 32, 64, 64]}}


def test_the_order_of_the_datasets_is_its_own(tmp_path):
    """Which of them a seed draws from depends on it."""
    write(tmp_path / "a.yaml", "shares: {one: 1, two: 2, three: 3}")
    path = write(tmp_path / "b.yaml", "extends: a.yaml\nshares: {three: 4, one: 5}")
    assert list(read_extended(path)["shares"].items()) == [("three", 4), ("one", 5), ("two", 2)]


def test_a_chain_is_followed_and_files_are_seen_from_the_one_that_names_them(tmp_path):
    (tmp_path / "below").mkdir()
    write(tmp_path / "a.yaml", "name: a\nextends: laptop-cpu\nseed: 1\nworkers: 5")
    write(tmp_path / "below" / "b.yaml", "name: b\nextends: ../a.yaml\nseed: 2")
    recipe = load_recipe(write(tmp_path / "c.yaml", "name: c\nextends: below/b.yaml"))
    assert (recipe.name, recipe.seed, recipe.workers) == ("c", 2, 5)


def test_a_name_is_never_taken_over(tmp_path):
    with pytest.raises(ConfigError, match="name: Field required"):
        load_recipe(write(tmp_path / "mine.yaml", "extends: laptop-cpu"))


@pytest.mark.parametrize("parent", ["laptop-cpo", "gone.yaml", "[laptop-cpu, open]", "null"])
def test_a_recipe_that_does_not_exist_cannot_be_extended(tmp_path, parent):
    path = write(tmp_path / "mine.yaml", f"name: mine\nextends: {parent}")
    with pytest.raises(ConfigError, match=r"mine\.yaml.* does not exist; .*laptop-cpu, "):
        load_recipe(path)


def test_recipes_do_not_extend_each_other_in_a_circle(tmp_path):
    write(tmp_path / "a.yaml", "extends: b.yaml")
    write(tmp_path / "b.yaml", "extends: c.yaml")
    write(tmp_path / "c.yaml", "extends: b.yaml")
    with pytest.raises(ConfigError, match=r"c\.yaml: the recipe extends itself"):
        load_recipe(tmp_path / "a.yaml")


def test_what_is_no_recipe_cannot_be_extended(tmp_path):
    write(tmp_path / "list.yaml", "[1, 2]")
    with pytest.raises(ConfigError, match=r"list\.yaml: the file is no recipe"):
        load_recipe(write(tmp_path / "mine.yaml", "name: mine\nextends: list.yaml"))
