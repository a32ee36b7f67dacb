"""The reference head is whole, symmetric and right about left and right."""

import numpy as np
import pytest

from presight.config import load_config
from presight.preprocess.atlas import load_atlas


@pytest.fixture(scope="module")
def atlas():
    return load_atlas()


def ids(side):
    labels = load_config("anatomy.yaml")["labels"]
    return [number for number, label in labels.items() if label["side"] == side]


def test_every_brain_voxel_has_a_region_and_no_other(atlas):
    np.testing.assert_array_equal(atlas.labels > 0, atlas.brain)


def test_left_is_at_negative_x(atlas):
    x = atlas.grid.affine[0, 0] * np.arange(atlas.labels.shape[0]) + atlas.grid.affine[0, 3]
    left = np.isin(atlas.labels, ids("left")).any(axis=(1, 2))
    right = np.isin(atlas.labels, ids("right")).any(axis=(1, 2))
    assert x[left].max() <= 0 < x[right].min()


def test_the_right_side_mirrors_the_left(atlas):
    sides = load_config("anatomy.yaml")["labels"]
    for number in ids("left"):
        (twin,) = [
            other for other in ids("right") if sides[other]["region"] == sides[number]["region"]
        ]
        left, right = atlas.labels == number, atlas.labels == twin
        away_from_the_middle = slice(0, atlas.labels.shape[0] // 2)
        np.testing.assert_array_equal(left[away_from_the_middle], right[::-1][away_from_the_middle])


def test_every_region_is_there(atlas):
    assert set(np.unique(atlas.labels)) == {0, *load_config("anatomy.yaml")["labels"]}


def test_lobes_lie_where_they_belong(atlas):
    labels = load_config("anatomy.yaml")["labels"]
    y = {
        label["region"]: np.argwhere(atlas.labels == number)[:, 1].mean()
        for number, label in labels.items()
    }
    assert y["occipital"] < y["parietal"] < y["frontal"]
