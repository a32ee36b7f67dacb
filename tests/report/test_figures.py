"""Left is left, lengths are true, the outline is the mask, and the lesion is shown."""

import base64
import io
import itertools
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nibabel.orientations import axcodes2ornt, inv_ornt_aff, ornt_transform
from PIL import Image

from presight.report.figures import choose_slices, make_mosaic, outline_path
from presight.study.volume import Grid

SIZE = (20, 24, 16)
SPACING_MM = (1.0, 2.0, 5.0)
ORIENTATIONS = [
    "".join(codes)
    for axes in itertools.permutations(["RL", "AP", "SI"])
    for codes in itertools.product(*axes)
]


def stored(orientation):
    """A bright lesion on the patient's left, at the back, in slice 4 (of 16) from below."""
    flair = np.full(SIZE, 100, np.float32)
    lesion = np.zeros(SIZE, bool)
    lesion[3:6, 2:5, 4] = True  # axes grow to the right, the front and the head: this is left, back
    flair[lesion] = 200
    turn = ornt_transform(axcodes2ornt("RAS"), axcodes2ornt(orientation))
    affine = np.diag([*SPACING_MM, 1.0]) @ inv_ornt_aff(turn, SIZE)
    turned = [np.ascontiguousarray(_turn(array, turn)) for array in (flair, lesion)]
    return (*turned, np.ones_like(turned[1]), Grid(turned[0].shape, affine))


def _turn(array, turn):
    from nibabel.orientations import apply_orientation

    return apply_orientation(array, turn)


def pixels(picture):
    data = base64.b64decode(picture.image.removeprefix("data:image/png;base64,"))
    return np.asarray(Image.open(io.BytesIO(data))).astype(float)


def corners(path):
    return [(float(x), float(y)) for x, y in re.findall(r"M(\d+) (\d+)", path)]


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_lesion_on_the_left_and_back_is_drawn_right_and_below(orientation):
    mosaic = make_mosaic(*stored(orientation))
    (shown,) = [picture for picture in mosaic if picture.outline]
    assert all(x > shown.columns / 2 for x, _ in corners(shown.outline))
    assert all(y > shown.rows / 2 for _, y in corners(shown.outline))
    grey = pixels(shown)
    row, column = np.unravel_index(np.argmax(grey), grey.shape)
    assert column > grey.shape[1] / 2
    assert row > grey.shape[0] / 2


@pytest.mark.parametrize("orientation", ["RAS", "LPS", "LAI", "IRP"])
def test_slices_run_from_the_feet_and_keep_their_number_in_the_file(orientation):
    mosaic = make_mosaic(*stored(orientation))
    (place,) = [n for n, picture in enumerate(mosaic) if picture.outline]
    assert place == 4
    from_below = "S" in orientation
    assert mosaic[place].number == (5 if from_below else 12)
    assert {picture.count for picture in mosaic} == {16}


@pytest.mark.parametrize("orientation", ["RAS", "PSR", "SAL"])
def test_lengths_are_true_in_both_directions(orientation):
    picture = make_mosaic(*stored(orientation))[0]
    assert (picture.width_mm, picture.height_mm) == (20.0, 48.0)
    rows, columns = pixels(picture).shape
    assert rows / columns == pytest.approx(48 / 20, rel=0.02)


def test_volume_of_the_lesion_in_a_slice_is_its_voxels():
    flair, lesion, brain, grid = stored("LPS")
    (shown,) = [p for p in make_mosaic(flair, lesion, brain, grid) if p.outline]
    assert shown.lesion_ml == pytest.approx(9 * 1 * 2 * 5 / 1000)


def test_the_outline_of_one_voxel_is_its_four_edges():
    assert outline_path(np.eye(1)) == "M0 0h1M0 1h1M0 0v1M1 0v1"


def test_nothing_to_outline_is_nothing_drawn():
    assert outline_path(np.zeros((4, 5))) == ""


@given(st.integers(0, 2**20 - 1))
def test_the_outline_encloses_exactly_the_mask(bits):
    mask = np.array([(bits >> n) & 1 for n in range(20)], dtype=bool).reshape(4, 5)
    path = outline_path(mask)
    up_and_down = np.zeros((5, 5), dtype=int)
    for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)", path):
        up_and_down[int(y), int(x) : int(x) + int(length)] = 1
    inside = np.cumsum(up_and_down, axis=0)[:4] % 2  # crossing an edge goes in or out
    np.testing.assert_array_equal(inside.astype(bool), mask)


@given(
    st.integers(18, 200).flatmap(
        lambda n: st.tuples(st.just(n), st.lists(st.integers(0, 50), min_size=n, max_size=n))
    )
)
def test_as_many_slices_as_there_is_room_for_the_worst_among_them(drawn):
    count, lesion = drawn
    chosen = choose_slices(np.array(lesion), np.ones(count, int), 18)
    assert len(set(chosen)) == 18
    assert list(chosen) == sorted(chosen)
    assert max(lesion[k] for k in chosen) == max(lesion)


def test_slices_cover_the_brain_and_leave_the_neck_out():
    brain = np.zeros(150, int)
    brain[40:140] = 1
    chosen = choose_slices(np.zeros(150, int), brain, 18)
    assert min(chosen) in range(40, 46)
    assert max(chosen) in range(134, 140)
    assert max(np.diff(chosen)) <= 7


def test_a_scan_with_few_slices_is_shown_whole():
    assert choose_slices(np.zeros(5, int), np.ones(5, int), 18) == (0, 1, 2, 3, 4)
