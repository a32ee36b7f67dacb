"""A run is watched on patients it does not train on, and stops when that brings nothing more."""

from pathlib import Path

import numpy as np
import pytest
import torch

from presight.config import config_path
from presight.errors import ConfigError
from presight.train.cache import TrainingVolume
from presight.train.checkpoint import read_checkpoint
from presight.train.pictures import sheet
from presight.train.recipe import Phase, Recipe, Schedule, Watch, load_recipe
from presight.train.split import Split
from presight.train.trainer import train
from presight.train.watch import is_best, is_exhausted


def _volume(name: str) -> TrainingVolume:
    place = np.indices((40, 40, 40)) - 20
    brain = ((place**2).sum(0) < 18**2).astype(np.uint8)
    lesion = (((place - 5) ** 2).sum(0) < 6**2).astype(np.uint8)
    image = (brain + 0.8 * lesion).astype(np.float16)
    return TrainingVolume(f"lgg/{name}", "lgg", name, "x", image, lesion, brain, brain)


VOLUMES = (_volume("DU_1"), _volume("DU_2"))


@pytest.fixture(scope="module")
def small() -> Recipe:
    recipe = load_recipe(config_path("recipes/laptop-cpu.yaml"))
    body = recipe.network["body"] | {
        "filters": [8, 8, 16],
        "kernel_size": [3, 3, 3],
        "strides": [1, 2, 2],
        "upsample_kernel_size": [2, 2],
    }
    return recipe.model_copy(
        update={
            "network": recipe.network | {"body": body},
            "sampling": recipe.sampling.model_copy(update={"datasets": {"lgg": 1.0}}),
            "augmentation": (),
            "phases": (Phase(until_step=6, patch=(32, 32, 32), batch=1),),
            "learning_rate": Schedule(peak=0.003, warmup_steps=2, cooldown_steps=2),
            "split": Split(validation=("lgg/DU_2",)),
            "workers": 0,
            "watch": Watch(every_steps=2, patches=3),
        }
    )


def test_looks_do_not_change_what_is_learnt(small: Recipe, tmp_path: Path) -> None:
    unwatched = small.model_copy(update={"watch": None})
    plain = train(unwatched, VOLUMES, tmp_path / "plain", device="cpu")
    watched = train(small, VOLUMES, tmp_path / "watched", device="cpu")
    assert watched.losses == plain.losses
    assert [look["step"] for look in watched.looks] == [2, 4, 6]
    assert all(0 <= look["dice"] <= 1 for look in watched.looks)


def test_a_resumed_run_sees_the_same(small: Recipe, tmp_path: Path) -> None:
    level = small.model_copy(
        update={"learning_rate": Schedule(peak=0.003, warmup_steps=2, cooldown_steps=0)}
    )
    once = train(level, VOLUMES, tmp_path / "once", device="cpu")
    train(level.of_length(3), VOLUMES, tmp_path / "twice", device="cpu")
    twice = train(level, VOLUMES, tmp_path / "twice", device="cpu")
    assert len(once.looks) == 3
    assert twice.looks == once.looks
    assert twice.losses == once.losses


def test_a_run_without_progress_ends_and_stays_ended(small: Recipe, tmp_path: Path) -> None:
    """A learning rate of next to nothing changes nothing: the first look stays the best."""
    body = small.network["body"] | {"norm_name": "instance"}  # no statistics that change
    still = small.model_copy(
        update={
            "network": small.network | {"body": body},
            "learning_rate": Schedule(peak=1e-30, warmup_steps=0, cooldown_steps=0),
            "watch": Watch(every_steps=1, patches=2, patience=2),
        }
    )
    ended = train(still, VOLUMES, tmp_path, device="cpu")
    assert ended.step == 3
    assert train(still, VOLUMES, tmp_path, device="cpu").step == ended.step
    assert read_checkpoint(tmp_path / "best.pt").step == 1


def test_better_and_patience() -> None:
    by_dice, by_loss = (
        Watch(every_steps=1, patches=1, by=by, patience=2) for by in ("dice", "loss")
    )
    looks = [
        {"step": step, "loss": loss, "dice": dice}
        for step, loss, dice in ((1, 3, 0.2), (2, 2, 0.5), (3, 1, 0.4))
    ]
    assert not is_best(looks, by_dice)
    assert is_best(looks, by_loss)
    assert not is_exhausted(looks, by_dice)
    assert is_exhausted([*looks, {"step": 4, "loss": 0, "dice": 0.5}], by_dice)
    assert not is_exhausted([*looks, {"step": 4, "loss": 0, "dice": 0.5}], by_loss)


def test_without_validation_patients_a_watched_run_is_refused(
    small: Recipe, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"split\.validation"):
        train(small.model_copy(update={"split": Split()}), VOLUMES, tmp_path, device="cpu")


def test_tensorboard_has_loss_rate_dice_and_pictures(small: Recipe, tmp_path: Path) -> None:
    event_accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator"
    )
    sampling = small.sampling.model_copy(update={"lesion_centre_share": 1.0})
    logged = small.model_copy(update={"tensorboard": True, "sampling": sampling})
    done = train(logged, VOLUMES, tmp_path, device="cpu")
    log = event_accumulator.EventAccumulator(str(tmp_path / "tensorboard"))
    log.Reload()
    losses = [event.value for event in log.Scalars("loss/training")]
    assert losses == pytest.approx(done.losses)
    assert len(log.Scalars("learning rate")) == 6
    assert [event.step for event in log.Scalars("validation Dice")] == [2, 4, 6]
    (name,) = log.Tags()["images"]
    assert log.Images(name)[0].width == 3 * 32


def test_pictures_show_the_left_of_the_patient_on_the_right() -> None:
    image, truth = torch.zeros(2, 8, 10, 6)
    truth[1:3, 8:10, 4] = 1  # RAS+: low x is left, high y is front
    image[1, 8, 4] = 2.0
    picture = sheet([(image, truth, truth / 2)])
    assert picture.shape == (1, 10, 24)
    shown = picture[0, :, 8:16]
    assert shown[:2, 5:7].all()
    assert shown.sum() == 4
    assert picture.max() == 1
