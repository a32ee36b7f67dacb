"""Half a movement is the same from either end."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from presight.follow_up import rigid

numbers = st.floats(-60, 60)
movements = st.builds(
    lambda turn, shift: rigid.from_parts(
        Rotation.from_euler("xyz", turn, degrees=True).as_matrix(), np.array(shift)
    ),
    st.tuples(numbers, numbers, numbers),
    st.tuples(numbers, numbers, numbers),
)
close = {"rtol": 0, "atol": 1e-6}


@settings(deadline=None, max_examples=50)
@given(movements)
def test_half_done_twice_is_the_whole_and_the_half_back_is_the_inverse(movement):
    half = rigid.half(movement)
    np.testing.assert_allclose(half @ half, movement, **close)
    np.testing.assert_allclose(rigid.half(np.linalg.inv(movement)), np.linalg.inv(half), **close)


@settings(deadline=None, max_examples=50)
@given(movements, st.tuples(*[st.floats(-5, 5)] * 3))
def test_the_middle_of_two_estimates_does_not_depend_on_the_direction(movement, slip):
    other = rigid.from_parts(
        Rotation.from_euler("xyz", slip, degrees=True).as_matrix(), np.array(slip)
    )
    other = other @ movement
    there = rigid.middle(movement, other)
    back = rigid.middle(np.linalg.inv(movement), np.linalg.inv(other))
    np.testing.assert_allclose(there @ back, np.eye(4), **close)


@settings(deadline=None, max_examples=50)
@given(movements)
def test_points_tell_the_movement(movement):
    points = np.random.default_rng(1).normal(0, 50, (6, 3))
    found = rigid.fit(points, rigid.apply(movement, points), np.ones(6))
    np.testing.assert_allclose(found, movement, **close)


@settings(deadline=None, max_examples=50)
@given(movements)
def test_simpleitk_moves_points_as_we_do(movement):
    x, y, z = 12.0, -30.0, 44.0
    moved = rigid.to_itk(movement).TransformPoint((-x, -y, z))
    expected = rigid.apply(movement, np.array([[x, y, z]]))[0]
    np.testing.assert_allclose(np.array(moved) * (-1, -1, 1), expected, **close)
