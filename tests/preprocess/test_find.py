"""Regions come from the network where they can be true, and from the registration where not."""

import numpy as np
import pytest
import torch

from presight.config import config_path, load_config
from presight.preprocess.anatomy import Anatomy
from presight.preprocess.anatomy_bundle import AnatomyNetwork, AnatomySettings
from presight.preprocess.anatomy_network import find_labels, regions
from presight.preprocess.atlas import load_atlas
from presight.preprocess.find import by_network, by_registration
from presight.preprocess.quality import judge
from presight.study import Contrast, Volume
from presight.train.anatomy import load_anatomy_recipe
from presight.train.network import make

SETTINGS = load_config("preprocess.yaml")
CPU = torch.device("cpu")


def model_with(network):
    settings = AnatomySettings(weights="none", sha256="0" * 64, size_multiple=16)
    return AnatomyNetwork("a network", network.eval(), settings)


class BrightIsFrontal(torch.nn.Module):
    """Takes what is bright for the frontal lobe, on the right where x is large."""

    def forward(self, image):
        frontal = 8 * image - 4
        side = torch.arange(image.shape[2]).reshape(-1, 1, 1) - 24.0
        nothing = torch.full_like(frontal, -99)
        others = [nothing] * (len(regions()) - 1)
        return torch.cat([-frontal, frontal, *others, side.expand_as(frontal)], dim=1)


def test_regions_are_put_where_they_were_seen():
    x, y, z = np.meshgrid(*(np.arange(n) for n in (96, 81, 64)), indexing="ij")
    ball = (((x - 48) ** 2 + (y - 40) ** 2 + (z - 30) ** 2) < 20**2).astype(np.float32)
    labels = find_labels(ball, model_with(BrightIsFrontal()), CPU)
    assert set(np.unique(labels)) <= {0, 1, 2}
    found = np.argwhere(labels > 0)
    np.testing.assert_allclose(found.mean(axis=0), np.argwhere(ball > 0).mean(axis=0), atol=0.3)
    assert 2 * ((labels > 0) & (ball > 0)).sum() / ((labels > 0).sum() + ball.sum()) > 0.97


@pytest.mark.parametrize("width", [60, 61])
def test_a_mirrored_head_gets_the_mirrored_labels(width):
    torch.manual_seed(1)
    recipe = load_anatomy_recipe(config_path("recipes/brain-anatomy.yaml"))
    model = model_with(make(recipe.network, "network"))
    data = np.random.default_rng(2).uniform(0.2, 1, (width, 48, 40)).astype(np.float32)
    labels, twin = (find_labels(head, model, CPU) for head in (data, data[::-1].copy()))
    sides = load_config("anatomy.yaml")["labels"]
    ids = {(label["region"], label["side"]): number for number, label in sides.items()}
    other = {"left": "right", "right": "left", "midline": "midline"}
    table = np.zeros(1 + max(sides), np.uint8)
    for number, label in sides.items():
        table[number] = ids[label["region"], other[label["side"]]]
    assert (table[twin[::-1]] == labels).mean() > 0.999  # on noise, some answers are all but even
    assert len(np.unique(labels)) > 5


@pytest.fixture(scope="module")
def flair():
    atlas = load_atlas()
    data = np.where(atlas.brain, 1.3 * atlas.grey + atlas.white + 0.1, 0).astype(np.float32)
    return Volume(data, atlas.grid, Contrast.FLAIR)


def test_an_answer_that_no_head_has_is_not_taken_and_that_is_said(flair):
    torch.manual_seed(0)
    recipe = load_anatomy_recipe(config_path("recipes/brain-anatomy.yaml"))
    reason = by_network(flair, model_with(make(recipe.network, "network")), SETTINGS, CPU)
    assert isinstance(reason, str)
    anatomy = by_registration(flair, SETTINGS, reason)
    (said,) = judge({}, anatomy.doubt)
    assert said.doubtful
    assert reason in said.sentence
    assert "registration" in anatomy.method
    assert (anatomy.brain & load_atlas().brain).sum() / anatomy.brain.sum() > 0.97


def test_an_undoubted_registration_says_nothing(flair):
    anatomy = by_registration(flair, SETTINGS)
    assert isinstance(anatomy, Anatomy)
    assert judge({}, anatomy.doubt) == ()
