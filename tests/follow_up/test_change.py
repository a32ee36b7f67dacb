"""Every kind of change, painted where we know it, is named; what is no change is not."""

import numpy as np
import pytest

from presight.config import load_config
from presight.follow_up.change import Change, map_change
from presight.follow_up.comparison import confirmed_ml, judge
from presight.follow_up.evolution import adc_evolution, contrast, region_changes
from presight.follow_up.pair import Pair, Resampled
from presight.follow_up.retest import Retest, retest_for
from presight.study.volume import Grid

SETTINGS = load_config("follow_up.yaml")["change"]
RETEST = Retest(slice_mm=1, border_mm=0.05, lone_ml=0.02, total_mm=0.05, confirmed_mm=0.005)
SHAPE = (60, 40, 40)
BRAIN, LESION, FLUID = 1.0, 1.8, 0.25
EVERYWHERE = (slice(None),) * 3


def box(x, size=6):
    return slice(x, x + size), slice(15, 15 + size), slice(15, 15 + size)


def head(bright=(), outlined=None, fluid=(), seen=EVERYWHERE, adc=None, seed=0):
    flair = np.full(SHAPE, BRAIN, np.float32)
    flair += np.random.default_rng(seed).normal(0, 0.03, SHAPE).astype(np.float32)
    lesion, inside, look = (np.zeros(SHAPE, bool) for _ in range(3))
    inside[2:-2, 2:-2, 2:-2] = True
    look[seen] = True
    for place in bright:
        flair[place] = LESION
    for place in bright if outlined is None else outlined:
        lesion[place] = True
    for place in fluid:
        flair[place] = FLUID
    anatomy = np.where(inside, 1, 0).astype(np.uint8)
    anatomy[SHAPE[0] // 2 :] *= 2
    return Resampled(flair, lesion, inside, look, anatomy, adc)


def pair(before, after):
    return Pair(before, after, Grid(SHAPE, np.eye(4)), before.anatomy, before.seen & after.seen)


def kinds(before, after):
    found = map_change(pair(before, after), RETEST, SETTINGS)
    return found, [lesion.change for lesion in found.lesions]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([], [box(20)], Change.NEW),
        ([box(20)], [], Change.RESOLVED),
        ([box(20)], [box(20)], Change.STABLE),
        ([box(20)], [box(20, 9)], Change.GROWN),
        ([box(20, 9)], [box(20)], Change.SHRUNK),
    ],
)
def test_each_kind_of_change_is_named_and_back_in_time_it_is_its_opposite(before, after, expected):
    found, named = kinds(head(before, seed=1), head(after, seed=2))
    assert named == [expected]
    assert expected in found.labels
    opposite = {
        Change.NEW: Change.RESOLVED,
        Change.RESOLVED: Change.NEW,
        Change.GROWN: Change.SHRUNK,
        Change.SHRUNK: Change.GROWN,
    }
    _, back = kinds(head(after, seed=2), head(before, seed=1))
    assert back == [opposite.get(expected, expected)]


def test_several_lesions_are_told_apart():
    found, named = kinds(
        head([box(5), box(35)], seed=1), head([box(5), box(20), box(35, 9)], seed=2)
    )
    assert sorted(named) == sorted([Change.STABLE, Change.NEW, Change.GROWN])
    new = next(lesion for lesion in found.lesions if lesion.change is Change.NEW)
    assert new.centre_mm == pytest.approx((22.5, 17.5, 17.5))
    assert new.after_ml == pytest.approx(0.216)


def test_an_outline_alone_is_no_change_where_the_tissue_looks_the_same():
    same = [box(20)]
    _, named = kinds(head(same, outlined=[], seed=1), head(same, outlined=same, seed=2))
    assert named == [Change.UNCONFIRMED]
    shaky = [box(20, 8)]
    _, named = kinds(head(shaky, outlined=[box(20)], seed=1), head(shaky, seed=2))
    assert named == [Change.STABLE]


def test_tissue_that_gave_way_to_fluid_is_neither_resolved_nor_shrunk():
    edge = (slice(20, 23), *box(20)[1:])
    found, named = kinds(
        head([box(20)], seed=1), head([(slice(23, 26), *edge[1:])], fluid=[edge], seed=2)
    )
    assert Change.FLUID in found.labels
    assert found.lesions[0].vanished_ml == 0
    assert named == [Change.STABLE]


def test_nothing_is_said_beyond_the_field_of_view():
    cut = (slice(0, 30), slice(None), slice(None))
    _, named = kinds(head([box(10)], seed=1), head([box(10), box(40)], seed=2))
    assert Change.NEW in named
    _, named = kinds(head([box(10)], seen=cut, seed=1), head([box(10), box(40)], seed=2))
    assert named == [Change.STABLE]


def test_resolution_is_told_region_by_region():
    rows = region_changes(
        pair(head([box(10), box(40)]), head([(slice(10, 13), *box(10)[1:]), box(40)])), RETEST
    )
    first, second = rows
    assert first.resolution_percent == pytest.approx(50)
    assert not first.within_error
    assert second.resolution_percent == pytest.approx(0)
    assert second.within_error


def test_regions_add_up_to_the_lesion_over_the_edge_of_the_brain_too():
    over = (slice(0, 8), *box(0)[1:])  # its first two millimetres are outside every region
    both = pair(head([over, box(40)]), head([(slice(0, 5), *over[1:]), box(40)]))
    rows = region_changes(both, RETEST)
    assert sum(row.before_ml for row in rows) == pytest.approx(both.before.lesion.sum() / 1000)
    assert sum(row.after_ml for row in rows) == pytest.approx(both.after.lesion.sum() / 1000)


def test_diffusion_and_brightness_are_followed_in_the_same_tissue():
    low, high = np.full(SHAPE, 800, np.float32), np.full(SHAPE, 800, np.float32)
    low[box(20)] = 500
    both = pair(head([box(20)], adc=low, seed=1), head([], adc=high, seed=2))
    rows = {row.place: row for row in adc_evolution(both, map_change(both, RETEST, SETTINGS))}
    assert rows["lesion_before"].before == 500
    assert rows["lesion_before"].after_ratio == pytest.approx(1)
    assert rows["resolved"].before_ratio == pytest.approx(500 / 800)
    assert contrast(both, both.before) == pytest.approx(LESION, rel=0.05)
    assert contrast(both, both.after) == pytest.approx(1, rel=0.05)
    assert adc_evolution(pair(head([box(20)]), head([])), map_change(both, RETEST, SETTINGS)) == ()


@pytest.mark.parametrize(
    ("before", "after", "net", "trend"),
    [
        (10, 10.2, 0.2, "unchanged"),
        (10, 13, 3, "progressed"),
        (10, 13, -0.1, "unchanged"),
        (10, 10.1, 2, "progressed"),  # growth of one lesion that the loss of another hides
        (10, 10.1, -2, "improved"),
        (10, 13, 0.04, "unchanged"),  # the outlines alone: a map of a repeated scan has as much
        (10, 4, -6, "improved"),
        (10, 0.5, -9.5, "resolved"),
        (0, 1, 1, "progressed"),
        (0, 0, 0, None),
    ],
)
def test_the_whole_is_named_only_where_it_is_more_than_the_error(before, after, net, trend):
    volume_ml = {"new": max(net, 0), "grown": 0, "shrunk": 0, "resolved": max(-net, 0)}
    assert judge(before, after, volume_ml, error_ml=0.3, confirmed_error_ml=0.05) == trend
    assert confirmed_ml(volume_ml) == net


def test_the_error_is_that_of_the_next_thicker_slices():
    rows = [retest_for(slice_mm).slice_mm for slice_mm in (0.7, 1.0, 2.0, 3.0, 4.0, 9.0)]
    assert rows == [1, 1, 3, 3, 5, 5]
