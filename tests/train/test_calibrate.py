"""Probabilities mean what they say, and the line through them is drawn where it pays."""

import dataclasses
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from presight.config import config_path, model_path
from presight.errors import ConfigError
from presight.segment import Bundle, load_bundle
from presight.segment.predict import predict
from presight.train.cache import TrainingVolume, write_volume
from presight.train.calibrate import Answer, best_temperature, best_threshold, calibrate
from presight.train.checkpoint import Checkpoint, write_checkpoint
from presight.train.recipe import load_recipe


def _head(name: str, radius: int = 9) -> TrainingVolume:
    place = np.indices((64, 64, 64)) - 32
    brain = ((place**2).sum(0) < 30**2).astype(np.uint8)
    lesion = (((place - 6) ** 2).sum(0) < radius**2).astype(np.uint8)
    noise = np.random.default_rng(radius).normal(0, 0.03, brain.shape)
    image = (brain * (1 + 0.9 * lesion + noise)).astype(np.float16)
    dataset, _, patient = name.partition("/")
    return TrainingVolume(name, dataset, patient, "x", image, lesion, brain, brain)


def _at(bundle: Bundle, temperature: float) -> Bundle:
    settings = bundle.settings.model_copy(update={"temperature": temperature})
    return dataclasses.replace(bundle, settings=settings)


@pytest.mark.parametrize("sharpened", [0.6, 1.0, 2.5])
def test_the_temperature_undoes_a_sharpening(sharpened: float) -> None:
    rng = np.random.default_rng(0)
    honest = rng.normal(-1, 2, 40_000).astype(np.float32)
    truth = rng.random(honest.size) < 1 / (1 + np.exp(-honest))
    both = np.stack([honest, honest]) * np.float32(sharpened)
    assert best_temperature(both, truth) == pytest.approx(sharpened, rel=0.05)


def test_a_temperature_moves_probabilities_towards_a_half_and_keeps_their_order(
    bundle: Bundle,
) -> None:
    head = _head("lgg/1")
    brain, device = head.brain > 0, torch.device("cpu")
    image = head.image.astype(np.float32)
    plain = predict(image, brain, _at(bundle, 1.0), device)[0][brain]
    warm = predict(image, brain, _at(bundle, 2.0), device)[0][brain]
    order = np.argsort(warm)  # next to 1 the plain ones are too close together to be told apart
    assert (np.diff(plain[order]) >= -1e-6).all()
    sure = np.abs(plain - 0.5) > 1e-3
    assert (np.abs(warm - 0.5) < np.abs(plain - 0.5))[sure].all()


def test_without_patients_there_is_no_temperature(bundle: Bundle) -> None:
    with pytest.raises(ConfigError, match="no volume"):
        calibrate(bundle, [], device="cpu")


def test_the_threshold_is_where_the_truth_is() -> None:
    """Lesion voxels have probabilities above 0.62, the others below."""
    rng = np.random.default_rng(0)
    truth = rng.random(20_000) < 0.2
    probability = np.where(
        truth, rng.uniform(0.62, 0.9, truth.size), rng.uniform(0, 0.58, truth.size)
    )
    logits = np.log(probability / (1 - probability))
    answer = Answer("lgg", np.stack([logits, logits]).astype(np.float16), truth)
    assert best_threshold([answer], temperature=1.0) == (pytest.approx(0.6), pytest.approx(1.0))


def test_a_dataset_without_lesions_pulls_the_threshold_up() -> None:
    faint = np.full(40_000, 0.42)
    logits = np.log(faint / (1 - faint))
    both = np.stack([logits, logits]).astype(np.float16)
    lesion = Answer("lgg", both, np.ones(faint.size, bool))
    empty = Answer("synthetic_none", both, np.zeros(faint.size, bool))
    assert best_threshold([lesion], 1.0)[0] <= 0.4
    bright = Answer("lgg", -both, np.ones(faint.size, bool))  # 0.58
    assert 0.42 < best_threshold([bright, empty], 1.0)[0] <= 0.58


def test_one_command_puts_a_run_into_a_bundle(tmp_path: Path) -> None:
    """Weights, temperature, threshold and trust; ECE before and after is printed."""
    folder = shutil.copytree(model_path("flair_hyperintensity"), tmp_path / "bundle")
    shipped = load_bundle(folder)
    recipe = load_recipe(config_path("recipes/laptop-cpu.yaml"))
    state = {name: value.float() for name, value in shipped.network.state_dict().items()}
    run = Checkpoint(7, state, state, {}, [], recipe.model_dump_json())
    write_checkpoint(run, tmp_path / "checkpoint.pt")
    (tmp_path / "cache").mkdir()
    for head in (_head("lgg/DU_1"), _head("lgg/DU_5851"), _head("lgg/DU_5852", radius=7)):
        write_volume(head, tmp_path / "cache" / f"{head.id.replace('/', '__')}.npz")
    script = Path(__file__).parents[2] / "scripts" / "export_bundle.py"
    done = subprocess.run(
        [
            *(sys.executable, str(script), str(tmp_path / "checkpoint.pt"), str(folder)),
            *("--data", str(tmp_path / "cache"), "--device", "cpu"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    # The temperature is that of the best likelihood, which the error need not follow on two heads.
    assert all(0 < float(printed[f"ece_{when}"]) < 1 for when in ("before", "after"))
    settings = load_bundle(folder).settings
    assert settings.temperature == pytest.approx(float(printed["temperature"]), abs=1e-3)
    assert settings.threshold == pytest.approx(float(printed["threshold"]))
    assert settings.trust.held_out_scans == 2
    assert settings.trust.scans == 3
    assert settings.trust.limits["bright_tissue"].middle > 1
    metadata = json.loads((folder / "configs" / "metadata.json").read_text())
    assert metadata["calibration"]["scans"] == 2
