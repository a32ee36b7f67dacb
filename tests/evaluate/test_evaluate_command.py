"""The command on small caches and on a real scan."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from PIL import Image

from presight.cli import main
from presight.config import config_path
from presight.evaluate.checkpoint import checkpoint_bundle
from presight.segment import Bundle
from presight.train.checkpoint import Checkpoint, write_checkpoint
from presight.train.network import build_network
from presight.train.recipe import load_recipe


@pytest.fixture(scope="module")
def result(ball_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("evaluation")
    assert main(["evaluate", str(ball_cache), "--out", str(out), "--device", "cpu"]) == 0
    return out


def _cases(out: Path) -> dict[str, dict[str, str]]:
    with (out / "cases.tsv").open(newline="") as lines:
        return {row["id"]: row for row in csv.DictReader(lines, delimiter="\t")}


def test_every_scan_has_a_row_and_unknown_is_said(result: Path) -> None:
    cases = _cases(result)
    assert set(cases) == {"ms/P1", "lgg/HT_1", "lesion_free/7"}
    assert {cases[name]["detected"] for name in ("ms/P1", "lgg/HT_1")} == {"true"}
    assert min(float(cases[name]["dice"]) for name in ("ms/P1", "lgg/HT_1")) > 0.9
    assert cases["lesion_free/7"]["dice"] == "n/a"
    assert cases["lgg/HT_1"]["spacing"] == "estimated"


def test_the_summary_names_model_settings_libraries_and_figures(
    result: Path, bundle: Bundle
) -> None:
    summary = json.loads((result / "summary.json").read_text())
    assert summary["model"]["sha256"] == bundle.sha256
    assert summary["compared_on"] == "the 1 mm grid"
    assert summary["libraries"]["monai"]
    everything = summary["groups"][0]
    assert (everything["scans"], everything["with_lesion"]) == (3, 2)
    assert everything["figures"]["volume_error_ml_median"]["nominal"] is True
    assert sum(row["voxels"] for row in summary["reliability"]) > 100_000


def test_the_page_holds_every_figure_with_its_library_and_pictures_that_exist(result: Path) -> None:
    page = (result / "summary.md").read_text()
    for words in ("monai.metrics.DiceMetric", "panoptica", "10.1109/TMI.2019.2905770", "no accel"):
        assert words in page
    for name in ("dice_by_dataset", "dice_by_size", "volumes", "reliability"):
        assert f"]({name}.png)" in page
        assert np.asarray(Image.open(result / f"{name}.png")).std() > 5
        ElementTree.parse(result / f"{name}.svg")  # noqa: S314 (written by this test)


def test_the_same_scans_give_the_same_bytes(
    result: Path, ball_cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", str(ball_cache), "--out", str(tmp_path), "--device", "cpu", "--json"]
    assert main(words) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((result / "summary.json").read_text())
    for path in result.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name


def test_a_lower_threshold_finds_more(ball_cache: Path, tmp_path: Path, result: Path) -> None:
    words = ["--out", str(tmp_path), "--device", "cpu", "--threshold", "0.2", "--patterns", "ms/*"]
    assert main(["evaluate", str(ball_cache), *words]) == 0
    (case,) = _cases(tmp_path).values()
    assert float(case["found_ml"]) > float(_cases(result)["ms/P1"]["found_ml"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--patterns", "nothing/*"], "none of 3 scans"),
        (["--threshold", "2"], "above 0 and under 1"),
        (["--part", "test"], "--recipe or --checkpoint"),
        (["--recipe", "no-such-recipe"], "does not exist"),
        (["--bundle", "/nowhere"], "metadata cannot be read"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    ball_cache: Path, tmp_path: Path, words: list[str], says: str, capsys: pytest.CaptureFixture
) -> None:
    assert main(["evaluate", str(ball_cache), "--out", str(tmp_path), *words]) == 2
    assert says in capsys.readouterr().err


def test_a_scan_twice_is_refused(
    ball_cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    twice = [str(ball_cache), str(ball_cache)]
    assert main(["evaluate", *twice, "--out", str(tmp_path)]) == 2
    assert "2 times" in capsys.readouterr().err


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """Untrained weights of a recipe that tests on two of the scans."""
    recipe = load_recipe(config_path("recipes/laptop-cpu.yaml"))
    split = recipe.split.model_copy(update={"test": ("lgg/*", "ms/*"), "validation": ()})
    torch.manual_seed(3)
    state = build_network(recipe.network, recipe.output_prior).state_dict()
    text = recipe.model_copy(update={"split": split}).model_dump_json()
    write_checkpoint(Checkpoint(7, state, state, {}, [], text), tmp_path / "checkpoint.pt")
    return tmp_path / "checkpoint.pt"


def test_a_checkpoint_is_used_with_its_own_weights_and_split(
    checkpoint: Path, ball_cache: Path, tmp_path: Path
) -> None:
    words = ["--checkpoint", str(checkpoint), "--part", "test", "--out", str(tmp_path / "out")]
    assert main(["evaluate", str(ball_cache), *words, "--device", "cpu"]) == 0
    assert set(_cases(tmp_path / "out")) == {"ms/P1", "lgg/HT_1"}
    model = json.loads((tmp_path / "out" / "summary.json").read_text())["model"]
    assert model["name"] == "laptop-cpu"
    assert model["version"].startswith("step 7")
    assert model["temperature"] == 1


def test_the_network_of_a_checkpoint_holds_the_averaged_weights(
    checkpoint: Path, bundle: Bundle
) -> None:
    average = torch.load(checkpoint, weights_only=True)["average"]
    for name, value in checkpoint_bundle(checkpoint, bundle).network.state_dict().items():
        torch.testing.assert_close(value, average[name])


def test_a_real_scan_is_compared_on_its_own_grid_and_a_broken_one_is_reported(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    flair, mask = (
        shared / "open_ms" / "patient26" / f"{name}.nii.gz" for name in ("flair", "mask")
    )
    table = tmp_path / "manifest.csv"
    table.write_text(
        "dataset,subject,flair,mask,site,licence\n"
        f"open_ms,patient26,{flair},{mask},Ljubljana,CC-BY\n"
        f"open_ms,broken,{mask},{mask},Ljubljana,CC-BY\n"
    )
    out = tmp_path / "out"
    assert main(["evaluate", str(table), "--out", str(out), "--device", "cpu"]) == 1
    (case,) = _cases(out).values()
    assert float(case["drawn_ml"]) == pytest.approx(
        8.23, abs=0.005
    )  # as in the data's own manifest
    summary = json.loads((out / "summary.json").read_text())
    assert summary["compared_on"] == "the grid of the scan"
    assert [failed["id"] for failed in summary["failed"]] == ["open_ms/broken"]
    assert "not evaluated: open_ms/broken" in capsys.readouterr().err
