"""Figures of one scan, against values known from how the masks were made."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known_truth import SHAPE, ball_volume, box, comparison, scored

from presight.config import load_config
from presight.evaluate.calibration import pooled, reliability
from presight.evaluate.lesions import by_overlap, one_to_one
from presight.evaluate.predictions import compare
from presight.evaluate.sizes import together
from presight.evaluate.slices import slice_axis
from presight.segment import Bundle
from presight.study.volume import Grid

NOTHING = np.zeros(SHAPE, bool)
CUBE = box(slice(4, 8), slice(4, 8), slice(4, 8))


def test_dice_volumes_and_detection_of_a_known_overlap() -> None:
    score = scored(CUBE, box(slice(4, 8), slice(4, 8), slice(6, 10)), spacing=(1, 1, 2))
    assert score.dice == pytest.approx(0.5)
    assert score.drawn_ml == pytest.approx(0.128)
    assert score.volume_error_ml == pytest.approx(0)
    assert score.detected is True
    assert score.lesion_load_percent == pytest.approx(100 * 64 / 8000)


@pytest.mark.parametrize(("spacing", "distance_mm"), [((1, 1, 4), 8.0), ((1, 1, 1), 2.0)])
def test_surface_distance_is_in_millimetres(
    spacing: tuple[float, float, float], distance_mm: float
) -> None:
    moved = box(slice(4, 8), slice(4, 8), slice(6, 10))
    assert scored(CUBE, moved, spacing=spacing).hd95_mm == pytest.approx(distance_mm)


def test_what_was_missed_is_not_undefined() -> None:
    score = scored(CUBE, NOTHING)
    assert (score.dice, score.detected, score.overlap.f1) == (0, False, 0)
    assert score.volume_error_percent == -100
    assert score.hd95_mm is None
    assert score.overlap.precision is None


def test_without_a_lesion_all_that_is_found_is_false() -> None:
    score = scored(NOTHING, box(slice(0, 10), slice(0, 10), slice(0, 10)))
    assert score.false_ml == pytest.approx(1.0)
    assert score.free_slices_false_ml == pytest.approx(1.0)
    assert (score.dice, score.detected, score.volume_error_percent) == (None, None, None)
    assert scored(CUBE, CUBE).false_ml is None


def test_one_found_lesion_over_two_drawn_ones_counts_by_the_rule() -> None:
    drawn = CUBE | box(slice(4, 8), slice(4, 8), slice(10, 12))
    found = box(slice(4, 8), slice(4, 8), slice(4, 12)) | box(slice(15, 17), slice(15, 17))
    overlap = by_overlap(drawn, found)
    assert (overlap.drawn, overlap.found) == (2, 2)
    assert (overlap.recall, overlap.precision) == (1.0, 0.5)
    assert overlap.f1 == pytest.approx(2 / 3)


def test_corners_make_one_lesion() -> None:
    diagonal = box(slice(2, 4), slice(2, 4), slice(2, 4)) | box(
        slice(4, 6), slice(4, 6), slice(4, 6)
    )
    assert by_overlap(diagonal, NOTHING).drawn == 1


def test_panoptica_pairs_one_to_one() -> None:
    pytest.importorskip("panoptica", reason="panoptica is installed by itself: docs/evaluating.md")
    drawn = CUBE | box(slice(4, 8), slice(4, 8), slice(10, 12))
    found = box(slice(4, 8), slice(4, 8), slice(4, 12)) | box(slice(15, 17), slice(15, 17))
    pairs = one_to_one(drawn, found, load_config("evaluation.yaml")["one_to_one"])
    assert pairs is not None
    assert (pairs.drawn, pairs.found) == (2, 2)
    assert (pairs.recall, pairs.precision, pairs.f1) == (0.5, 0.5, 0.5)


@pytest.mark.parametrize(("drawn", "found"), [(NOTHING, CUBE), (CUBE, NOTHING), (NOTHING, NOTHING)])
def test_panoptica_and_the_overlap_rule_agree_on_empty_masks(
    drawn: np.ndarray, found: np.ndarray
) -> None:
    pytest.importorskip("panoptica", reason="panoptica is installed by itself: docs/evaluating.md")
    pairs = one_to_one(drawn, found, load_config("evaluation.yaml")["one_to_one"])
    assert pairs == by_overlap(drawn, found)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), share=st.floats(0.001, 0.05))
def test_swapping_the_masks_swaps_recall_and_precision(seed: int, share: float) -> None:
    one, other = np.random.default_rng(seed).random((2, 12, 12, 12)) < share
    there, back = by_overlap(one, other), by_overlap(other, one)
    assert (there.recall, there.precision) == (back.precision, back.recall)


def test_lesions_are_found_by_their_own_size() -> None:
    focus = box(slice(15, 17), slice(15, 17), slice(15, 16))
    score = scored(CUBE | focus, box(slice(4, 5), slice(4, 5), slice(4, 5)), spacing=(1, 1, 2))
    counted = {size.name: (size.drawn, size.found) for size in score.by_size if size.drawn}
    assert counted == {"under 10 mm3": (1, 0), "100 to 1000 mm3": (1, 1)}
    both = {size.name: size.drawn for size in together([score.by_size, score.by_size])}
    assert both["under 10 mm3"] == 2


def test_calibration_error_is_the_gap_between_said_and_drawn() -> None:
    sure = reliability(np.full(1000, 0.9, np.float32), np.arange(1000) % 2 == 0, 20)
    assert sure.ece == pytest.approx(0.4, abs=1e-4)
    right = reliability(np.full(3000, 0.5, np.float32), np.arange(3000) % 2 == 0, 20)
    assert right.ece == pytest.approx(0, abs=1e-4)
    assert pooled([sure, right]).ece == pytest.approx(0.1, abs=1e-4)


def test_only_slices_away_from_what_was_drawn_are_free() -> None:
    found = CUBE | box(slice(0, 1), slice(0, 10), slice(9, 20))
    assert scored(CUBE, found).free_slices_false_ml == pytest.approx(0.110)
    thick = scored(CUBE, found, slice_mm=4.0)  # drawn to 7: 8, 9 and 10 are too near
    assert thick.free_slices_false_ml == pytest.approx(0.090)


def test_slices_lie_across_the_thickest_axis_else_from_foot_to_head() -> None:
    assert slice_axis(Grid(SHAPE, np.diag([1, 5, 1, 1]))) == 1
    sagittal = np.array([[0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]])
    assert slice_axis(Grid(SHAPE, sagittal)) == 1


def test_voxels_that_the_dataset_says_nothing_about_count_for_nothing(bundle: Bundle) -> None:
    ball = ball_volume("ms/P1").mask
    volume = ball_volume("ms/P1", mask=ball * np.uint8(2))
    ignored = compare(volume, bundle, device="cpu")
    assert not ignored.drawn.any()
    assert not (ignored.found | ignored.brain)[ball > 0].any()
    assert compare(ball_volume("ms/P1"), bundle, device="cpu").found[ball > 0].any()


def test_volumes_of_estimated_spacing_are_known_as_such() -> None:
    for name in ("lgg/HT_1", "painted_pres/lgg_HT_1_7"):
        assert not scored(CUBE, CUBE, name=name).spacing_known
    assert scored(CUBE, CUBE, name="open_ms/patient07").spacing_known
    assert comparison(CUBE, CUBE).grid.voxel_ml == pytest.approx(0.001)
