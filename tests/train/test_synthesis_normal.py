"""What is bright in a healthy brain: it must be there, where it belongs, and be no lesion."""

import numpy as np
import pytest

from presight.train.synthesis.anatomy import draw_head
from presight.train.synthesis.head import sharp_head, tissue_contrast
from presight.train.synthesis.normal import brighten_host, brighten_normally
from presight.train.synthesis.scene import region_ids, see

DRAWS = 6


@pytest.fixture(scope="module")
def head():
    return draw_head(np.random.default_rng(11))


@pytest.fixture(scope="module")
def plain(head):
    return tissue_contrast(head, np.random.default_rng(12))


@pytest.fixture(scope="module")
def rises(head, plain):
    return [
        brighten_normally(plain, head.labels, head.brain, head.grey, np.random.default_rng(seed))
        - plain
        for seed in range(DRAWS)
    ]


@pytest.fixture(scope="module")
def scene(head, plain):
    return see(plain, head.labels, head.brain)


def test_nothing_gets_darker_and_nothing_changes_outside_the_brain(head, rises):
    for rise in rises:
        assert rise.min() >= -1e-6
        assert not rise[~head.brain].any()
        assert 0.05 < rise.max() < 1.5


def test_limbic_cortex_is_brighter_than_other_cortex_and_no_other_is(head, rises, scene):
    mean = np.mean(rises, axis=0)
    across = np.abs(np.broadcast_to(scene.position[0], scene.labels.shape))
    callosum = np.isin(scene.labels, region_ids("corpus_callosum"))
    assert callosum.any()
    cortex = (head.grey[::2, ::2, ::2] > 0.8) & np.isin(scene.labels, region_ids("frontal"))
    medial = mean[::2, ::2, ::2][cortex & (across < 8)].mean()
    lateral = mean[::2, ::2, ::2][cortex & (across > 40)].mean()
    insula = mean[(head.grey > 0.8) & np.isin(head.labels, region_ids("insula"))].mean()
    assert medial > 5 * lateral
    assert insula > 5 * lateral


def test_caps_are_brighter_than_the_white_matter_along_the_body_of_the_ventricles(
    head, rises, scene
):
    mean = np.mean(rises, axis=0)[::2, ::2, ::2]
    along = np.broadcast_to(scene.position[1], scene.labels.shape)
    near = (head.white[::2, ::2, ::2] > 0.5) & (scene.ventricle_mm <= 4)
    front, body = near & (along > 2) & (along < 14), near & (along > -20) & (along < -5)
    assert min(front.sum(), body.sum()) > 100
    assert mean[front].mean() > 1.5 * mean[body].mean()


def test_one_side_may_have_less_of_a_cap_in_either_direction(rises, scene):
    side = np.sign(np.broadcast_to(scene.position[0], scene.labels.shape))
    front = np.broadcast_to(scene.position[1], scene.labels.shape) > 5
    near = front & (scene.ventricle_mm <= 4) & scene.solid
    right = [rise[::2, ::2, ::2][near & (side > 0)].mean() for rise in rises]
    left = [rise[::2, ::2, ::2][near & (side < 0)].mean() for rise in rises]
    ratio = np.array(right) / np.array(left)
    ratio /= np.median(ratio)  # of a turned head, one horn reaches further forward
    assert ratio.max() > 1.1
    assert ratio.min() < 0.9


def test_the_same_seed_brightens_the_same(head, plain, rises):
    again = brighten_normally(
        plain, head.labels, head.brain, head.grey, np.random.default_rng(DRAWS - 1)
    )
    np.testing.assert_array_equal(again - plain, rises[-1])


def test_a_head_without_a_lesion_has_all_of_it_and_still_no_lesion():
    made = sharp_head(np.random.default_rng(1), "none", stripped=True)
    assert not made.lesion.any()
    draw = np.random.default_rng(1)
    plain = tissue_contrast(draw_head(draw), draw)
    assert (made.flair - plain).max() > 0.05


def test_a_scan_keeps_its_fluid_and_some_scans_are_left_as_they_are(head, plain):
    fluid = head.fluid > 0.95
    left = 0
    for seed in range(8):
        host = brighten_host(plain, head.labels, head.brain, np.random.default_rng(seed))
        left += host is plain
        assert np.abs(host - plain)[fluid].mean() < 0.01
    assert 0 < left < 8


def test_a_piece_without_brain_is_left_as_it_is():
    shape = (32, 32, 32)
    air, nothing = np.zeros(shape, np.float32), np.zeros(shape, np.uint8)
    made = brighten_normally(air, nothing, nothing > 0, air, np.random.default_rng(0))
    np.testing.assert_array_equal(made, air)
