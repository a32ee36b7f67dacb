"""Patches and the augmentations that are ours."""

from pathlib import Path

import numpy as np
import pytest
import torch

from presight.config import config_path
from presight.errors import ConfigError
from presight.train.cache import TrainingVolume
from presight.train.patches import Patches
from presight.train.recipe import Recipe, load_recipe
from presight.train.transforms import (
    RandContrastAroundOned,
    RandMotionGhostd,
    RandSkullStripd,
    RandThickSlicesd,
)
from presight.train.weights import LesionWeight


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    """The shipped recipe with small patches, all of its augmentation, and one dataset."""
    shipped = load_recipe(config_path("recipes/laptop-cpu.yaml"))
    phase = shipped.phases[0].model_copy(update={"patch": (32, 32, 32), "batch": 2})
    sampling = shipped.sampling.model_copy(update={"datasets": {"lgg": 1.0}})
    return shipped.model_copy(update={"phases": (phase,), "sampling": sampling})


@pytest.fixture(scope="module")
def volume() -> TrainingVolume:
    place = np.indices((60, 60, 60)) - 30
    brain = ((place**2).sum(0) < 25**2).astype(np.uint8)
    lesion = ((place**2).sum(0) < 5**2).astype(np.uint8)
    image = (brain + 0.8 * lesion).astype(np.float16)
    return TrainingVolume("lgg/DU_1", "lgg", "DU_1", "DU", image, lesion, brain, brain, 3.0)


def test_patches_have_the_size_and_range_that_the_recipe_says(
    recipe: Recipe, volume: TrainingVolume
) -> None:
    patches = Patches([volume], recipe, 0, 4)
    for number in range(len(patches)):
        patch = patches[number]
        assert patch["image"].shape == patch["mask"].shape == (1, 32, 32, 32)
        assert type(patch["image"]) is torch.Tensor
        assert float(patch["image"].min()) >= 0
        assert float(patch["image"].max()) <= 3
        assert set(patch["mask"].unique().tolist()) <= {0.0, 1.0}


def test_voxels_of_a_small_lesion_count_more_where_the_recipe_says_so(
    recipe: Recipe, volume: TrainingVolume
) -> None:
    assert "counts" not in Patches([volume], recipe, 0, 1)[0]
    weight = LesionWeight(full_ml=5, most=10, halo_mm=3)
    weighed = recipe.model_copy(update={"lesion_weight": weight})
    for patch in (Patches([volume], weighed, 0, 4)[number] for number in range(8)):
        inside = patch["counts"][patch["mask"] == 1]
        assert patch["counts"].shape == patch["mask"].shape
        assert len(inside) == 0 or float(inside.min()) > 2  # half a millilitre, or less where cut


def test_a_patch_depends_on_seed_and_number_alone(recipe: Recipe, volume: TrainingVolume) -> None:
    forward = [Patches([volume], recipe, 0, 4)[number]["image"] for number in range(8)]
    later = Patches([volume], recipe, 2, 4)
    assert torch.equal(later[1]["image"], forward[5])
    other = Patches([volume], recipe.model_copy(update={"seed": 1}), 0, 4)
    assert not torch.equal(other[0]["image"], forward[0])


def test_two_processes_share_a_batch_without_overlap(
    recipe: Recipe, volume: TrainingVolume
) -> None:
    alone = Patches([volume], recipe, 0, 2)
    shares = [Patches([volume], recipe, 0, 2, rank, 2) for rank in (0, 1)]
    for step in (0, 1):
        for rank in (0, 1):
            assert torch.equal(shares[rank][step]["image"], alone[2 * step + rank]["image"])
    with pytest.raises(ConfigError, match="cannot be shared by 3"):
        Patches([volume], recipe, 0, 2, 0, 3)


def test_synthetic_heads_need_no_volume(recipe: Recipe) -> None:
    sampling = recipe.sampling.model_copy(update={"datasets": {"synthetic": 1.0}})
    patches = Patches([], recipe.model_copy(update={"sampling": sampling}), 0, 2)
    assert patches[0]["image"].shape == (1, 32, 32, 32)


def test_a_setting_that_is_wrong_is_named(tmp_path: Path) -> None:
    text = config_path("recipes/laptop-cpu.yaml").read_text().replace("seed: 20", "seed: many")
    (tmp_path / "recipe.yaml").write_text(text)
    with pytest.raises(ConfigError, match="seed: "):
        load_recipe(tmp_path / "recipe.yaml")


def test_thick_slices_keep_the_mean_and_lose_detail_along_one_axis() -> None:
    image = torch.rand(1, 24, 24, 24)
    thick = RandThickSlicesd("image", prob=1.0, thickness=(4, 4))
    thick.set_random_state(0)
    made = thick({"image": image})["image"]
    assert made.shape == image.shape
    assert float(made.mean()) == pytest.approx(float(image.mean()), abs=0.02)
    rough = [float(made.diff(dim=axis).abs().mean()) for axis in (1, 2, 3)]
    assert min(rough) < 0.5 * sorted(rough)[1]


def test_thick_slices_leave_an_even_image_alone() -> None:
    thick = RandThickSlicesd("image", prob=1.0, thickness=(2, 7))
    for seed in range(6):
        thick.set_random_state(seed)
        made = thick({"image": torch.full((1, 17, 20, 23), 1.5)})["image"]
        torch.testing.assert_close(made, torch.full((1, 17, 20, 23), 1.5))


def test_stripping_the_skull_keeps_the_brain() -> None:
    brain = torch.zeros(1, 20, 20, 20)
    brain[:, 6:14, 6:14, 6:14] = 1
    strip = RandSkullStripd("image", prob=1.0, brain_key="brain", dilation=2)
    for seed in range(6):
        strip.set_random_state(seed)
        made = strip({"image": torch.ones(1, 20, 20, 20), "brain": brain})["image"]
        assert bool((made[brain > 0] == 1).all())
        assert float(made[:, :3].sum()) == 0


def test_contrast_leaves_background_and_the_commonest_intensity() -> None:
    change = RandContrastAroundOned("image", prob=1.0, contrast=(0.5, 1.5), gain=(1.0, 1.0))
    change.set_random_state(0)
    made = change({"image": torch.tensor([[[[0.0, 1.0, 2.0]]]])})["image"].flatten()
    assert float(made[0]) == 0
    assert float(made[1]) == pytest.approx(1)
    assert 1.5 <= float(made[2]) <= 2.5


def test_a_ghost_is_faint_and_elsewhere() -> None:
    image = torch.zeros(1, 30, 30, 30)
    image[:, 15, 15, 15] = 1
    ghost = RandMotionGhostd("image", prob=1.0, strength=(0.1, 0.1))
    ghost.set_random_state(0)
    made = ghost({"image": image})["image"]
    assert float(made[0, 15, 15, 15]) == pytest.approx(0.9)
    assert float(made.sum()) == pytest.approx(1)
    assert int((made > 0).sum()) == 2
