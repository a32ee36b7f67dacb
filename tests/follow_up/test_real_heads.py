"""Real scans of one head: the same one again, the next visits, and somebody else's."""

from itertools import pairwise

import numpy as np
import pytest

from presight.config import load_config
from presight.errors import InputError
from presight.follow_up import rigid
from presight.follow_up.align import align
from presight.follow_up.comparison import compare
from presight.follow_up.rescan import Rescan
from presight.follow_up.trend import trend

SETTINGS = load_config("follow_up.yaml")["align"]
MOVED = Rescan(turn_deg=(4, -5, 6), shift_mm=(5, -7, 9), slice_mm=1, noise=0.02, gain=1.7, seed=3)
FULL_MM = 1.0


@pytest.fixture(scope="module")
def repeated(real, again):
    first = real("mslesseg/P14_T1", FULL_MM)
    return compare(first, again(first, MOVED))


@pytest.fixture(scope="module")
def visits(real):
    points = [real(f"mslesseg/P14_T{number}") for number in (1, 2, 3)]
    comparisons = [compare(*pair) for pair in pairwise(points)]
    return points, comparisons


def test_a_scan_against_itself_moved_resliced_and_renoised_changes_by_less_than_3_percent(repeated):
    report = repeated.report
    assert abs(report.percent) < 3
    assert report.trend == "unchanged"
    assert report.lesions_by_change["new"] == report.lesions_by_change["resolved"] == 0
    changed = sum(report.volume_ml[kind] for kind in ("new", "grown", "shrunk", "resolved"))
    assert changed < 0.03 * report.before_ml
    assert abs(report.confirmed_ml) <= changed


def test_the_movement_that_was_made_is_the_one_that_is_found(repeated, real):
    first = real("mslesseg/P14_T1", FULL_MM)
    made = MOVED.movement(first.flair.grid)  # from points of the new scan to those of the old
    places = np.argwhere(first.brain)[::500]
    points = rigid.apply(first.flair.grid.affine, places)
    found = rigid.apply(repeated.half_way.movement, points)
    slip_mm = np.linalg.norm(rigid.apply(made, found) - points, axis=1)
    assert slip_mm.max() < 0.5


def test_neither_scan_comes_first(visits):
    points, (there, _) = visits
    back, there = align(points[1], points[0], SETTINGS), there.half_way
    np.testing.assert_allclose(back.to_before, there.to_after, atol=1e-9)
    np.testing.assert_allclose(back.to_after, there.to_before, atol=1e-9)
    assert back.grid.matches(there.grid)
    turns = [rigid.turn_deg(movement) for movement in (there.to_before, there.to_after)]
    assert turns[0] == pytest.approx(turns[1])


def test_another_head_is_refused(real):
    with pytest.raises(InputError, match="do not look like one head"):
        align(real("mslesseg/P14_T1", FULL_MM), real("mslesseg/P18_T1", FULL_MM), SETTINGS)


def test_what_is_stable_keeps_its_volume_and_a_new_lesion_is_where_it_is(visits):
    _, (first, _) = visits
    for lesion in first.changes.lesions:
        if lesion.change.name == "STABLE":
            assert abs(lesion.after_ml - lesion.before_ml) < max(0.2, 0.2 * lesion.before_ml)
    new = next(row for row in first.report.lesions if row.change == "new")
    assert new.after_ml > 2
    x, y, _ = new.centre_mm
    assert x > 5  # in the right half
    assert y > 5  # of the frontal lobes


def test_volumes_at_the_half_way_place_are_those_of_the_scans(visits):
    points, comparisons = visits
    volumes_ml = [point.lesion.sum() * point.flair.grid.voxel_ml for point in points]
    for pair_ml, comparison in zip(pairwise(volumes_ml), comparisons, strict=True):
        found_ml = (comparison.report.before_ml, comparison.report.after_ml)
        assert found_ml == pytest.approx(pair_ml, rel=0.02)


def test_three_visits_make_a_course(visits):
    points, comparisons = visits
    course = trend(points, comparisons)
    assert [point.change for point in course] == [None, "progressed", "improved"]
    assert course[1].percent_of_first == pytest.approx(119.7, abs=3)
    assert course[1].new >= 1
    assert course[0].percent_of_first == 100
    assert course[0].new is None


@pytest.mark.parametrize("patient", ["patient01", "patient12"])
def test_clinical_scans_of_two_visits_are_brought_onto_each_other(real, patient):
    first, second = (real(f"open_ms_longitudinal/{patient}_study{n}") for n in (1, 2))
    comparison = compare(first, second)
    assert comparison.report.alignment.similarity > 0.85
    assert comparison.report.alignment.disagreement_mm < 1
    assert comparison.report.trend is None  # nobody outlined a lesion: nothing is made up
    assert not comparison.changes.labels.any()


def test_the_map_lies_on_the_grid_of_the_later_scan(repeated):
    native = repeated.native_map()
    after = repeated.after
    assert native.shape == after.flair.grid.shape
    overlap = (native > 0) & after.lesion
    assert overlap.sum() > 0.85 * after.lesion.sum()
