"""Lesions painted into a FLAIR: what a person who trains or tests on them relies on."""

import numpy as np
import pytest
from scipy import ndimage

from presight.config import load_config
from presight.train.synthesis.anatomy import draw_head
from presight.train.synthesis.confluent import draw_confluent
from presight.train.synthesis.extent import draw_extent
from presight.train.synthesis.head import tissue_contrast
from presight.train.synthesis.paint import draw_family, family_settings, paint
from presight.train.synthesis.scene import STEP_MM, see

FAMILIES = list(load_config("synthesis.yaml")["families"])
WITH_LESION = [family for family in FAMILIES if family != "none"]
PIECE = (slice(34, 162), slice(30, 206), slice(40, 136))


@pytest.fixture(scope="module")
def whole():
    rng = np.random.default_rng(0)
    head = draw_head(rng)
    return tissue_contrast(head, rng), head.labels, head.brain


@pytest.fixture(scope="module")
def piece(whole):
    return tuple(np.ascontiguousarray(part[PIECE]) for part in whole)


@pytest.mark.parametrize("family", WITH_LESION)
def test_lesion_is_in_the_brain_out_of_fluid_and_brighter(piece, family):
    flair, _, brain = piece
    painted, mask = paint(*piece, np.random.default_rng(4), family)
    assert mask.any()
    assert not (mask & ~brain).any()
    assert (painted[mask] > 0.6).all()  # fluid is darker than 0.45
    assert np.median(painted[mask] - flair[mask]) > 0.02


@pytest.mark.parametrize("family", FAMILIES)
def test_same_seed_paints_the_same(piece, family):
    first = paint(*piece, np.random.default_rng(9), family)
    second = paint(*piece, np.random.default_rng(9), family)
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])


def test_input_is_left_as_it_was(piece):
    before = piece[0].copy()
    paint(*piece, np.random.default_rng(1), "pres")
    np.testing.assert_array_equal(piece[0], before)


def test_none_stays_none(piece):
    painted, mask = paint(*piece, np.random.default_rng(1), "none")
    assert not mask.any()
    np.testing.assert_array_equal(painted, piece[0])


def test_nothing_is_painted_where_there_is_no_brain():
    empty = np.zeros((32, 32, 32), dtype=np.float32)
    painted, mask = paint(
        empty, empty.astype(np.uint8), empty > 0, np.random.default_rng(1), "pres"
    )
    assert not mask.any()
    assert not painted.any()


def test_far_from_the_lesion_next_to_nothing_changes(piece):
    painted, mask = paint(*piece, np.random.default_rng(5), "ms")
    changed = np.abs(painted - piece[0]) > 0.02
    far = ndimage.distance_transform_edt(~mask) > 8
    assert changed.any()
    assert (changed & far).sum() < 0.01 * changed.sum()  # slivers of less than half a voxel


def test_pres_is_bilateral_as_often_as_published():
    settings = family_settings("pres")
    rng = np.random.default_rng(0)
    extents = [draw_extent(settings, rng) for _ in range(2000)]
    bilateral = np.mean([min(extent.left, extent.right) > 0 for extent in extents])
    assert bilateral == pytest.approx(settings["bilateral"]["value"], abs=0.02)
    assert bilateral > 0.9


def test_regions_and_patterns_of_pres_come_as_often_as_published():
    settings = family_settings("pres")
    rng = np.random.default_rng(0)
    extents = [draw_extent(settings, rng) for _ in range(4000)]
    for name, pattern in settings["patterns"].items():
        share = np.mean([extent.pattern == name for extent in extents])
        assert share == pytest.approx(pattern["frequency"]["value"], abs=0.03)
    for site, published in settings["involved"].items():
        share = np.mean([site in extent.weights for extent in extents])
        assert share == pytest.approx(published["value"], abs=0.03), site


def test_a_site_that_takes_part_gets_a_lesion(whole):
    scene, settings = see(*whole), family_settings("pres")
    drawn = found = 0
    for seed in range(10):
        extent = draw_extent(settings, np.random.default_rng(seed))
        inside = (draw_confluent(scene, settings, np.random.default_rng(seed)) > 0) & scene.solid
        for site in extent.weights:
            drawn += 1
            found += (inside & scene.within(site)).sum() * STEP_MM**3 > 100
    assert found > 0.9 * drawn


def test_bilateral_pres_lies_on_both_sides(whole):
    right = np.isin(whole[1], np.arange(2, 19, 2))
    shares = []
    for seed in range(4):
        _, mask = paint(*whole, np.random.default_rng(seed), "pres")
        shares.append((mask & right).sum() / mask.sum())
    assert sum(0.02 < share < 0.98 for share in shares) >= 3


def test_diffuse_family_is_symmetric_and_deep(whole):
    _, labels, _ = whole
    right = np.isin(labels, np.arange(2, 19, 2))
    left = np.isin(labels, np.arange(1, 19, 2))
    for seed in range(2):
        _, mask = paint(*whole, np.random.default_rng(seed), "toxic_leukoencephalopathy")
        sides = (mask & left).sum(), (mask & right).sum()
        assert abs(sides[0] - sides[1]) / sum(sides) < 0.15
        depth = see(*whole).depth_mm
        coarse = mask[::2, ::2, ::2]
        assert np.median(depth[coarse]) > np.median(depth[depth > 0])


def test_an_infarct_keeps_to_one_side(whole):
    right = np.isin(whole[1], np.arange(2, 19, 2))
    left = np.isin(whole[1], np.arange(1, 19, 2))
    _, mask = paint(*whole, np.random.default_rng(2), "infarct")
    sides = sorted([(mask & left).sum(), (mask & right).sum()])
    assert sides[0] < 0.1 * sides[1]


def test_burden_of_foci_is_what_was_drawn(whole):
    volumes = [
        paint(*whole, np.random.default_rng(seed), "small_vessel")[1].sum() / 1000
        for seed in range(4)
    ]
    assert all(0 < volume < 90 for volume in volumes)


def test_thick_slices_spread_the_lesion_over_as_much(piece):
    _, thin = paint(*piece, np.random.default_rng(3), "ms", slice_mm=1)
    painted, _ = paint(*piece, np.random.default_rng(3), "ms", slice_mm=6)
    lift = painted - piece[0]
    assert np.ptp(np.flatnonzero((lift > 0.01).any((0, 1)))) >= np.ptp(
        np.flatnonzero(thin.any((0, 1)))
    )


def test_families_are_drawn_as_the_mixture_says():
    rng = np.random.default_rng(0)
    drawn = [draw_family(rng) for _ in range(3000)]
    mixture = load_config("synthesis.yaml")["mixture"]
    for family, share in mixture.items():
        assert drawn.count(family) / 3000 == pytest.approx(share / sum(mixture.values()), abs=0.03)


def test_a_piece_finds_its_place_in_the_head(whole, piece):
    all_of_it, part = see(*whole), see(*piece)
    for axis, (around, within) in enumerate(zip(all_of_it.axes, part.axes, strict=True)):
        expected = around[PIECE[axis].start // 2]
        assert within[0] == pytest.approx(expected, abs=10)


def test_every_published_number_names_a_known_source():
    config = load_config("synthesis.yaml")
    sources = config["sources"] | load_config("evidence/sources.yaml")
    pres = config["families"]["pres"]
    rows = [*pres["involved"].values(), *(p["frequency"] for p in pres["patterns"].values())]
    for row in rows:
        assert row["source"] is None or row["source"] in sources
    assert sum(p["frequency"]["value"] for p in pres["patterns"].values()) == pytest.approx(1)


@pytest.mark.parametrize("family", WITH_LESION)
def test_any_piece_of_a_head_can_be_painted(whole, family):
    """Corners of the head, with a sliver of brain or none, come up in every training run."""
    rng = np.random.default_rng(0)
    for _ in range(12):
        start = [int(rng.integers(0, size - 48)) for size in whole[0].shape]
        cut = tuple(slice(low, low + 48) for low in start)
        painted, mask = paint(*(part[cut] for part in whole), rng, family)
        assert np.isfinite(painted).all()
        assert not (mask & ~whole[2][cut]).any()
