"""A focus must count beside an oedema, and its edge as much as its middle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presight.train.weights import LesionWeight, lesion_weights

WEIGHT = LesionWeight(full_ml=1.0, most=10, halo_mm=2)


def cube(side: int) -> np.ndarray:
    mask = np.zeros((24, 24, 24), dtype=bool)
    mask[5 : 5 + side, 5 : 5 + side, 5 : 5 + side] = True
    return mask


@given(side=st.integers(3, 12))
def test_a_lesion_counts_by_the_root_of_its_volume(side: int) -> None:
    mask = cube(side)
    counted = lesion_weights(mask, WEIGHT)[mask].sum()
    volume = side**3
    assert counted == pytest.approx(np.sqrt(volume * 1000) if volume < 1000 else volume, rel=1e-5)


def test_the_smallest_focus_has_a_limit_and_an_empty_patch_counts_one() -> None:
    assert lesion_weights(cube(1), WEIGHT).max() == pytest.approx(10)
    assert np.unique(lesion_weights(cube(0), WEIGHT)).tolist() == [1.0]


def test_what_surrounds_a_focus_counts_as_the_focus_and_what_is_far_counts_one() -> None:
    counts = lesion_weights(cube(3), WEIGHT)
    inside = counts[6, 6, 6]
    assert inside > 1
    assert counts[3, 6, 6] == inside
    assert counts[2, 6, 6] == 1


def test_a_large_lesion_does_not_take_weight_from_a_focus_beside_it() -> None:
    both = cube(12)
    both[20, 20, 20] = True
    counts = lesion_weights(both, WEIGHT)
    assert counts[10, 10, 10] == 1
    assert counts[20, 20, 20] == 10
