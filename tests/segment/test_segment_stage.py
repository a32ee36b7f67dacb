"""Segmentation: sides, grids, determinism, and what a bundle must be."""

import dataclasses
import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ball_in_head import ball_in_head
from presight.config import model_path
from presight.errors import ConfigError
from presight.preprocess.prepared import Prepared
from presight.segment import Bundle, load_bundle, segment
from presight.segment.bundle import METADATA
from presight.segment.predict import predict
from presight.segment.stage import lesion_mask
from presight.study.contrast import Contrast
from presight.study.volume import Grid, Volume

SHAPE = (75, 80, 64)


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle(model_path("flair_hyperintensity"))


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the shipped bundle that may be spoilt."""
    return shutil.copytree(model_path("flair_hyperintensity"), tmp_path / "bundle")


def _prepared(native: Grid | None = None, mirrored: bool = False) -> Prepared:
    head = ball_in_head()
    image, brain, labels = head.image, head.brain, head.labels
    if mirrored:
        image, brain, labels = image[::-1].copy(), brain[::-1].copy(), labels[::-1].copy()
    grid = Grid(image.shape, np.eye(4))
    return Prepared(
        flair=Volume(image, grid, Contrast.FLAIR),
        brain=brain,
        anatomy=labels,
        others={},
        native=native or grid,
        steps=(),
        quality=(),
    )


def test_a_mirrored_head_gives_exactly_the_mirrored_result(bundle: Bundle) -> None:
    straight = segment(_prepared(), bundle, "cpu")
    mirrored = segment(_prepared(mirrored=True), bundle, "cpu")
    assert straight.mask.any()
    for name in ("probability", "mask", "uncertainty"):
        np.testing.assert_array_equal(getattr(mirrored, name)[::-1], getattr(straight, name))


def test_the_same_input_gives_the_same_bytes(bundle: Bundle) -> None:
    first, second = (segment(_prepared(), bundle, "cpu") for _ in range(2))
    assert first.probability.tobytes() == second.probability.tobytes()
    assert first.uncertainty.tobytes() == second.uncertainty.tobytes()


def _dice(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return 2 * (one & other).sum() / (one.sum() + other.sum())


def test_the_bright_ball_is_found_where_it_is_and_nothing_else(bundle: Bundle) -> None:
    found = segment(_prepared(), bundle, "cpu").mask
    assert _dice(found, ball_in_head().ball) > 0.9


@pytest.mark.parametrize("turned", [(1, 1), (-1, 1), (1, -1), (-1, -1)])
def test_results_lie_on_the_native_grid(bundle: Bundle, turned: tuple[int, int]) -> None:
    """Thick slices, stored in any direction: the lesion stays where it is in the world."""
    head = ball_in_head()
    columns, rows, depth = head.image.shape
    shape, spacing = (columns, rows, depth // 4), (turned[0] * 1.0, turned[1] * 1.0, 4.0)
    affine = np.diag([*spacing, 1.0])
    affine[:2, 3] = [
        0 if sign > 0 else size - 1 for sign, size in zip(turned, (columns, rows), strict=True)
    ]
    affine[2, 3] = 1.5
    lesions = segment(_prepared(Grid(shape, affine)), bundle, "cpu")
    assert lesions.mask.shape == lesions.probability.shape == lesions.uncertainty.shape == shape
    found = np.argwhere(lesions.mask)
    np.testing.assert_allclose((affine @ [*found.mean(0), 1])[:3], head.middle, atol=1)
    assert 0.8 < 4 * len(found) / head.ball.sum() < 1.25


def test_nothing_is_found_far_outside_the_brain(bundle: Bundle) -> None:
    prepared = _prepared()
    image = prepared.flair.data.copy()
    image[2:8, 2:8, 2:8] = 2.5
    scalp = dataclasses.replace(prepared.flair, data=image)
    lesions = segment(dataclasses.replace(prepared, flair=scalp), bundle, "cpu")
    assert lesions.probability[2:8, 2:8, 2:8].max() == 0
    assert lesions.uncertainty[2:8, 2:8, 2:8].max() == 0


def test_numbers_are_probabilities(bundle: Bundle) -> None:
    lesions = segment(_prepared(), bundle, "cpu")
    for values in (lesions.probability, lesions.uncertainty):
        assert values.dtype == np.float32
        assert values.min() >= 0
        assert values.max() <= 1
    assert bundle.sha256 in lesions.model


def test_a_box_beyond_the_bound_goes_through_a_window(bundle: Bundle) -> None:
    small = bundle.settings.model_copy(update={"largest_box_voxels": 1, "window_mm": 64})
    windowed = dataclasses.replace(bundle, settings=small)
    whole, parts = (segment(_prepared(), b, "cpu").mask for b in (bundle, windowed))
    assert _dice(whole, parts) > 0.9


def test_a_thin_slab_gets_the_same_answer_every_time_and_that_of_a_thick_one(
    bundle: Bundle,
) -> None:
    slab = np.random.default_rng(1).random((96, 128, 20), dtype=np.float32)
    within = np.ones(slab.shape, dtype=bool)
    thick = np.pad(slab, [(0, 0), (0, 0), (0, 44)])
    answers = []
    for _ in range(3):
        answers.append(predict(slab, within, bundle, torch.device("cpu"))[0])
        np.full((4, 10**6), 1e30, np.float32)  # what lies in memory that is free again
    assert all(np.array_equal(answers[0], other) for other in answers[1:])
    whole = predict(thick, thick >= 0, bundle, torch.device("cpu"))[0]
    assert np.abs(answers[0] - whole[..., :20]).max() < 1e-3


def test_a_head_without_brain_gives_nothing(bundle: Bundle) -> None:
    empty = np.zeros(SHAPE, dtype=bool)
    direct, mirrored = predict(np.zeros(SHAPE, np.float32), empty, bundle, torch.device("cpu"))
    assert not direct.any()
    assert not mirrored.any()


def test_specks_are_left_out_and_small_lesions_kept(bundle: Bundle) -> None:
    values = {"smallest_lesion_mm3": 10.0, "threshold": 0.5, "small_lesion_mean": 0.0}
    settings = bundle.settings.model_copy(update=values)
    probability: NDArray[np.float32] = np.zeros((20, 20, 20), np.float32)
    probability[2:4, 2:4, 2:4] = 0.9  # 8 mm3
    probability[10:12, 10:13, 10:12] = 0.5  # 12 mm3, at the threshold
    mask = lesion_mask(probability, Grid((20, 20, 20), np.eye(4)), settings)
    assert mask.sum() == 12
    thick = lesion_mask(probability, Grid((20, 20, 20), np.diag([1, 1, 2.0, 1])), settings)
    assert thick.sum() == 20


def test_a_small_piece_that_is_unsure_on_average_is_left_out_and_a_sure_one_keeps_its_edge(
    bundle: Bundle,
) -> None:
    values = {"threshold": 0.4, "small_lesion_ml": 0.5, "small_lesion_mean": 0.55}
    settings = bundle.settings.model_copy(update=values)
    probability: NDArray[np.float32] = np.zeros((30, 30, 30), np.float32)
    probability[2:5, 2:5, 2:5] = 0.5
    probability[10:14, 10:14, 10:14] = 0.45
    probability[11:13, 10:14, 10:14] = 0.7
    probability[20:28, 20:28, 20:28] = 0.5  # 0.512 mL: no longer small
    mask = lesion_mask(probability, Grid((30, 30, 30), np.eye(4)), settings)
    assert mask.sum() == 64 + 512
    assert mask[10:14, 10:14, 10:14].all()
    assert not mask[2:5, 2:5, 2:5].any()


@pytest.mark.parametrize("name", ["tpu", "cuda"])
def test_a_device_that_is_not_there_is_named(bundle: Bundle, name: str) -> None:
    if name == "cuda" and torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    with pytest.raises(ConfigError, match=r"tpu|CUDA"):
        segment(_prepared(), bundle, name)


def test_other_weights_than_the_metadata_say_are_refused(copied: Path) -> None:
    weights = copied / "models" / "model.pt"
    weights.write_bytes(weights.read_bytes() + b"0")
    with pytest.raises(ConfigError, match="sha256"):
        load_bundle(copied)


def test_weights_that_would_run_code_are_refused(copied: Path, tmp_path: Path) -> None:
    marker = tmp_path / "ran"

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[Path]]:
            return Path.touch, (marker,)

    _replace_weights(copied, pickle.dumps(Evil(), protocol=2))
    with pytest.raises(ConfigError, match="do not fit"):
        load_bundle(copied)
    assert not marker.exists()


def test_weights_of_another_network_are_refused(copied: Path, tmp_path: Path) -> None:
    torch.save({"other": torch.zeros(1)}, tmp_path / "other.pt")
    _replace_weights(copied, (tmp_path / "other.pt").read_bytes())
    with pytest.raises(ConfigError, match="do not fit the network"):
        load_bundle(copied)


def test_a_setting_that_cannot_be_is_named(copied: Path) -> None:
    metadata = json.loads((copied / METADATA).read_text())
    metadata["presight"]["threshold"] = 7
    (copied / METADATA).write_text(json.dumps(metadata))
    with pytest.raises(ConfigError, match=r"presight\.threshold"):
        load_bundle(copied)


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="metadata cannot be read"):
        load_bundle(tmp_path)


def _replace_weights(bundle: Path, content: bytes) -> None:
    """Put other weights in, with the checksum that belongs to them."""
    import hashlib

    (bundle / "models" / "model.pt").write_bytes(content)
    metadata = json.loads((bundle / METADATA).read_text())
    metadata["presight"]["sha256"] = hashlib.sha256(content).hexdigest()
    (bundle / METADATA).write_text(json.dumps(metadata))
