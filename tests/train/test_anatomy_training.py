"""The anatomy network learns regions and sides, from heads that are bent together with them."""

import numpy as np
import pytest
import torch

from presight.config import config_path, load_config
from presight.errors import ConfigError, InputError
from presight.preprocess.anatomy_network import regions, regions_of_ids, sides_of_ids
from presight.preprocess.atlas import load_atlas
from presight.preprocess.halve import halved
from presight.train.anatomy import (
    AnatomyHead,
    load_anatomy_recipe,
    read_heads,
    train_anatomy,
    write_head,
)
from presight.train.anatomy.deform import apply_move, draw_move
from presight.train.anatomy.patches import AnatomyPatches

RECIPE = load_anatomy_recipe(config_path("recipes/brain-anatomy.yaml"))
STILL = RECIPE.deformation.model_copy(
    update={
        "turn_deg": (0, 0, 0),
        "scale": (1, 1),
        "shift_mm": 0,
        "bend_mm": (0, 0),
        "swelling_chance": 0,
    }
)
PLAIN = RECIPE.looks.model_copy(
    update=dict.fromkeys(("oedema_chance", "thick_chance", "strip_chance", "cut_chance"), 0)
)
NETWORK = {
    "_target_": "monai.networks.nets.DynUNet",
    "spatial_dims": 3,
    "in_channels": 1,
    "out_channels": 2 + len(regions()),
    "filters": [8, 16, 32],
    "kernel_size": [3, 3, 3],
    "strides": [1, 2, 2],
    "upsample_kernel_size": [2, 2],
    "norm_name": ["instance", {"affine": True}],
}
SMALL = RECIPE.model_copy(
    update={
        "network": NETWORK,
        "patch": (48, 56, 48),
        "steps": 60,
        "warmup_steps": 2,
        "learning_rate": 0.01,
        "ema_decay": 0.8,
        "pools": {"*": 1.0},
        "deformation": STILL,
        "looks": PLAIN,
    }
)


@pytest.fixture(scope="module")
def head():
    """The reference head at 4 mm, small enough to learn in seconds."""
    atlas = load_atlas()
    flair = np.where(atlas.brain, 1.3 * atlas.grey + atlas.white + 0.2, 0).astype(np.float32)
    image = halved(halved(flair)).astype(np.float16)
    return AnatomyHead("reference", image, atlas.labels[::4, ::4, ::4].copy())


def test_image_and_regions_are_bent_together(head):
    rng = np.random.default_rng(3)
    settings = RECIPE.deformation.model_copy(update={"swelling_chance": 1.0})
    for _ in range(5):
        move = draw_move(settings, SMALL.patch, rng)
        labels = torch.from_numpy(head.labels.astype(np.float32))
        brain = (labels > 0).float()
        middle = (np.array(head.labels.shape) - 1) / 2
        image, moved = apply_move(move, brain, labels, middle, SMALL.patch)
        assert ((image > 0.5) == (moved > 0)).float().mean() > 0.99
        assert 0.2 < float((moved > 0).float().sum() / brain.sum()) < 2.5


def test_flipping_swaps_the_sides(head):
    patches = AnatomyPatches({"*": [head]}, SMALL)
    left_of_middle = slice(0, SMALL.patch[0] // 2 - 2)
    for number in range(6):
        side = patches[number]["side"][0]
        assert (side[left_of_middle] <= 0).all()  # whichever way it was flipped
        assert side.min() == -1
        assert side.max() == 1


def test_a_patch_depends_on_its_number_alone(head):
    all_of_it = AnatomyPatches({"*": [head]}, RECIPE.model_copy(update={"pools": {"*": 1.0}}))
    later = AnatomyPatches({"*": [head]}, all_of_it.recipe, first_step=3)
    assert torch.equal(all_of_it[5]["image"], later[2]["image"])


def test_one_head_is_learnt_with_its_sides(head, tmp_path):
    state = train_anatomy(SMALL, {"*": [head]}, tmp_path, "cpu")
    assert state.losses[-1] < 0.35 * state.losses[0]


def test_a_run_goes_on_where_it_was_stopped(head, tmp_path):
    short = SMALL.model_copy(update={"steps": 4})

    def stop(step, steps, loss):
        if step == 2:
            raise KeyboardInterrupt

    whole = train_anatomy(short, {"*": [head]}, tmp_path / "whole", "cpu")
    saving = short.model_copy(update={"checkpoint_minutes": 1e-9})
    with pytest.raises(KeyboardInterrupt):
        train_anatomy(saving, {"*": [head]}, tmp_path / "parts", "cpu", progress=stop)
    resumed = train_anatomy(short, {"*": [head]}, tmp_path / "parts", "cpu")
    assert resumed.losses == pytest.approx(whole.losses, rel=1e-4)


def test_another_recipe_is_not_resumed(head, tmp_path):
    short = SMALL.model_copy(update={"steps": 1})
    train_anatomy(short, {"*": [head]}, tmp_path, "cpu")
    with pytest.raises(ConfigError, match="another recipe"):
        train_anatomy(short.model_copy(update={"seed": 9}), {"*": [head]}, tmp_path, "cpu")


def test_heads_are_kept_and_read_by_pattern(head, tmp_path):
    write_head(head, tmp_path)
    (found,) = read_heads(tmp_path, ["ref*"])
    np.testing.assert_array_equal(found.labels, head.labels)
    with pytest.raises(InputError, match="no head"):
        read_heads(tmp_path, ["lgg__*"])


def test_every_id_has_a_channel_and_a_side():
    labels = load_config("anatomy.yaml")["labels"]
    for number, label in labels.items():
        assert regions()[regions_of_ids()[number] - 1] == label["region"]
        assert sides_of_ids()[number] == {"left": -1, "right": 1, "midline": 0}[label["side"]]
