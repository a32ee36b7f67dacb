"""`presight train`: from a recipe and a cache to a checkpoint, and on from there."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from presight.cli import main
from presight.commands.train import Lines
from presight.config import config_path
from presight.train.cache import TrainingVolume, write_volume
from presight.train.checkpoint import read_checkpoint
from presight.train.extends import find_recipe


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    place = np.indices((40, 40, 40)) - 20
    brain = ((place**2).sum(0) < 18**2).astype(np.uint8)
    lesion = (((place - 5) ** 2).sum(0) < 6**2).astype(np.uint8)
    image = (brain + 0.8 * lesion).astype(np.float16)
    folder = tmp_path / "cache"
    folder.mkdir()
    for dataset, name in (("lgg", "DU_1"), ("lgg", "DU_5851"), ("mslesseg", "P14")):
        volume = TrainingVolume(
            f"{dataset}/{name}", dataset, name, "x", image, lesion, brain, brain
        )
        write_volume(volume, folder / f"{dataset}__{name}.npz")
    return folder


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """The laptop's recipe with a small network, on small patches."""
    content = yaml.safe_load(config_path("recipes/laptop-cpu.yaml").read_text())
    small = {"filters": [8, 8, 16], "kernel_size": [3] * 3, "strides": [1, 2, 2]}
    content["network"]["body"] |= small | {"upsample_kernel_size": [2, 2]}
    content["phases"] = [{"until_step": 3, "patch": [32, 32, 32], "batch": 1}]
    content["learning_rate"] |= {"warmup_steps": 1, "cooldown_steps": 0}
    content["sampling"]["datasets"] = {"lgg": 0.5, "mslesseg": 0.5}
    content["split"] = {"validation": ["lgg/DU_585*"]}
    content |= {"augmentation": [], "workers": 0, "watch": {"every_steps": 2, "patches": 2}}
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def test_a_run_is_made_and_goes_on(
    recipe: Path, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    words = ["train", str(recipe), "--data", str(cache), "--out", str(run), "--device", "cpu"]
    assert main([*words, "--steps", "2"]) == 0
    assert "2 steps of 2" in capsys.readouterr().err
    assert main(words) == 0
    done = read_checkpoint(run / "checkpoint.pt")
    assert done.step == len(done.losses) == 3
    assert [look["step"] for look in done.looks] == [2]
    assert "step 3 of 3: loss" in capsys.readouterr().err
    tiny = np.array([1e-40], dtype=np.float32)
    assert (tiny * np.float32(0.5)).all()  # the process counts as finely as before


def test_a_dataset_is_left_out(
    recipe: Path, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", str(recipe), "--data", str(cache), "--out", str(tmp_path / "run")]
    assert main([*words, "--leave-out", "wmh2017"]) == 2
    assert "'wmh2017' cannot be left out; expected one of lgg, mslesseg" in capsys.readouterr().err


def test_a_recipe_that_is_not_there_is_named(
    cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "bigger", "--data", str(cache), "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "the recipe 'bigger' does not exist; expected a YAML file or one of" in said
    assert "laptop-cpu, " in said


def test_a_folder_is_not_taken_for_the_recipe_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "open").mkdir()
    monkeypatch.chdir(tmp_path)
    assert find_recipe("open") == config_path("recipes/open.yaml")


def test_a_line_is_said_when_it_is_time(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines(seconds_a_line=1e9)
    lines(1, 3, 0.4)
    lines(2, 3, 0.2)
    assert capsys.readouterr().err == ""
    lines(3, 3, 0.0)
    assert "step 3 of 3: loss 0.2000" in capsys.readouterr().err
