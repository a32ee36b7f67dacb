"""Heads that never were, and the scanner that they go through."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presight.study.volume import Grid
from presight.train.synthesis.anatomy import draw_head
from presight.train.synthesis.fields import smooth_noise, voxel_axes
from presight.train.synthesis.head import sharp_head, synthesise_head
from presight.train.synthesis.scanner import Scanner, degrade
from presight.train.synthesis.separable import along_axes, box_average, gaussian, linear

CROP = (96, 96, 96)


@pytest.fixture(scope="module")
def head():
    return synthesise_head(np.random.default_rng(3), "pres", crop=CROP)


def test_same_seed_makes_the_same_head(head):
    again = synthesise_head(np.random.default_rng(3), "pres", crop=CROP)
    np.testing.assert_array_equal(again.flair, head.flair)
    np.testing.assert_array_equal(again.lesion, head.lesion)


def test_a_head_can_be_trained_on(head):
    assert head.flair.shape == head.lesion.shape == head.head.labels.shape == CROP
    assert head.flair.dtype == np.float32
    assert np.isfinite(head.flair).all()
    assert head.flair.min() >= 0
    assert 0.5 < np.median(head.flair[head.head.brain]) < 2


def test_shares_of_tissue_sum_to_one_in_the_brain_and_to_none_outside():
    head = draw_head(np.random.default_rng(5), CROP)
    total = head.fluid + head.grey + head.white
    np.testing.assert_allclose(total, head.brain, atol=1e-5)
    assert min(head.fluid.min(), head.grey.min(), head.white.min()) > -1e-5


def test_a_piece_knows_where_it_is():
    head = draw_head(np.random.default_rng(5), CROP)
    assert head.grid.shape == CROP
    assert head.grid.spacing_mm == (1, 1, 1)
    assert not np.array_equal(head.grid.affine[:3, 3], [-98, -134, -72])


def test_a_stripped_head_is_black_outside_the_brain_and_another_is_not():
    stripped = sharp_head(np.random.default_rng(1), "none", stripped=True)
    assert not stripped.flair[~stripped.head.brain].any()
    clothed = sharp_head(np.random.default_rng(1), "none", stripped=False)
    assert np.mean(clothed.flair[~clothed.head.brain] > 0.1) > 0.05


def test_a_plain_scanner_changes_nothing():
    image = np.random.default_rng(0).random((20, 24, 28), dtype=np.float32)
    np.testing.assert_allclose(Scanner().degrade(image), image, atol=1e-6)


def test_thick_slices_keep_the_mean_where_they_tile_the_head():
    image = np.random.default_rng(0).random((16, 16, 24), dtype=np.float32)
    scanner = Scanner(spacing_mm=(1, 1, 4))
    assert scanner.acquire(image).shape == (16, 16, 6)
    assert scanner.acquire(image).mean() == pytest.approx(image.mean(), rel=1e-5)


def test_blur_and_ghosts_keep_a_constant_image():
    flat = np.ones((24, 24, 24), dtype=np.float32)
    scanner = Scanner(spacing_mm=(1.2, 1.2, 5), blur_mm=0.8, ghost=(1, 7, 0.1))
    np.testing.assert_allclose(scanner.degrade(flat), flat, atol=1e-4)


def test_gamma_keeps_the_commonest_brain_value_at_one():
    flat = np.ones((8, 8, 8), dtype=np.float32)
    np.testing.assert_allclose(Scanner(gamma=1.3).degrade(flat), flat, atol=1e-6)


def test_degrading_keeps_grid_and_type_and_is_drawn_from_the_seed():
    image = np.random.default_rng(0).random((32, 40, 36), dtype=np.float32)
    first = degrade(image, np.random.default_rng(2))
    np.testing.assert_array_equal(first, degrade(image, np.random.default_rng(2)))
    assert not np.array_equal(first, degrade(image, np.random.default_rng(3)))
    assert first.shape == image.shape
    assert first.dtype == np.float32


@given(st.floats(0.8, 6.0), st.integers(20, 40))
@settings(max_examples=25, deadline=None)
def test_the_scanners_grid_shows_a_point_where_it_is(step, size):
    """A bright block keeps its place in world millimetres whatever the slice thickness."""
    grid = Grid((size, size, size), np.diag([1.0, 1.0, 1.0, 1.0]))
    image = np.zeros(grid.shape, dtype=np.float32)
    image[6:14, 6:14, 6:14] = 1
    scanner = Scanner(spacing_mm=(1.0, 1.0, step))
    seen, own = scanner.acquire(image), scanner.grid(grid)
    assert seen.shape == own.shape
    middle = np.einsum("xyz,z->", seen, np.arange(own.shape[2])) / seen.sum()
    world = own.affine @ [0, 0, middle, 1]
    assert world[2] == pytest.approx(9.5, abs=0.6 * step)


def test_mask_follows_the_image_to_the_scanners_grid():
    mask = np.zeros((16, 16, 24), dtype=bool)
    mask[4:8, 4:8, 8:16] = True
    seen = Scanner(spacing_mm=(1, 1, 4)).acquire_mask(mask)
    assert seen.sum() * 4 == mask.sum()


def test_every_row_of_an_operator_sums_to_one():
    for matrix in (
        gaussian(20, 1.5),
        box_average(20, np.arange(2.0, 20, 4), 4.0),
        linear(20, np.linspace(-3, 25, 11)),
    ):
        np.testing.assert_allclose(matrix.sum(axis=1), 1, rtol=1e-5)


def test_along_axes_is_one_product_an_axis():
    rng = np.random.default_rng(0)
    image = rng.random((4, 5, 6), dtype=np.float32)
    a, b, c = (rng.random((3, n), dtype=np.float32) for n in image.shape)
    expected = np.einsum("xyz,ax,by,cz->abc", image, a, b, c)
    np.testing.assert_allclose(along_axes(image, (a, b, c)), expected, rtol=1e-4)


def test_noise_has_zero_mean_and_unit_variance():
    field = smooth_noise(voxel_axes((80, 80, 80)), 5.0, np.random.default_rng(0))
    assert field.mean() == pytest.approx(0, abs=0.05)
    assert field.std() == pytest.approx(1, abs=0.08)


def test_noise_over_the_distance_from_the_midline_is_symmetric():
    x, y, z = voxel_axes((41, 20, 20))
    field = smooth_noise((np.abs(x), y, z), 6.0, np.random.default_rng(0))
    np.testing.assert_allclose(field, field[::-1], atol=1e-5)
