"""The intensity scale stays with healthy tissue."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presight.config import load_config
from presight.errors import InputError
from presight.preprocess.normalise import commonest_intensity

SETTINGS = load_config("preprocess.yaml")["normalise"]


def brain_like(rng, bright_share=0.0):
    """White matter at 100, grey at 120, CSF at 30, and oedema at 190 in a share of it."""
    size = 60_000
    tissue = rng.choice([100.0, 120.0, 30.0], size, p=[0.45, 0.45, 0.10])
    tissue[: int(bright_share * size)] = 190
    return (tissue + rng.normal(0, 10, size)).astype(np.float32).reshape(40, 50, 30)


def mode(data, **kwargs):
    return commonest_intensity(data, np.ones(data.shape, bool), SETTINGS, **kwargs)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.floats(0.05, 0.33))
def test_a_third_of_the_brain_bright_does_not_move_the_scale(seed, share):
    rng = np.random.default_rng(seed)
    healthy, ill = mode(brain_like(rng)), mode(brain_like(rng, share))
    assert ill == pytest.approx(healthy, rel=0.12)
    mean_shift = brain_like(rng, 0.33).mean() / brain_like(rng).mean()
    assert mean_shift > 1.2  # what a mean would have done


@settings(max_examples=20, deadline=None)
@given(st.floats(1e-3, 1e4))
def test_the_scale_follows_the_gain(gain):
    data = brain_like(np.random.default_rng(1))
    assert mode(data * np.float32(gain)) == pytest.approx(gain * mode(data), rel=1e-3)


def test_an_empty_brain_is_refused():
    with pytest.raises(InputError, match="0 all over"):
        mode(np.zeros((8, 8, 8), np.float32))
