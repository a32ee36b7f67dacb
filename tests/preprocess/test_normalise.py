"""The intensity scale stays with healthy tissue."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presight.config import load_config
from presight.errors import InputError
from presight.preprocess.atlas import load_atlas
from presight.preprocess.bias import correct_bias
from presight.preprocess.normalise import commonest_intensity
from presight.study import Contrast, Volume

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


def test_an_oedematous_brain_does_not_normalise_itself_away():
    """Two fifths of a head are bright: the bias field must not take it for coil sensitivity."""
    atlas, rng = load_atlas(), np.random.default_rng(4)
    fluid = np.clip(1 - atlas.grey - atlas.white, 0, 1)
    data = np.where(atlas.brain, 1.12 * atlas.grey + atlas.white + 0.2 * fluid, 0)
    data = np.maximum(data + 0.03 * rng.standard_normal(data.shape) * atlas.brain, 0)
    posterior = ("parietal", "occipital", "temporal")
    labels = load_config("anatomy.yaml")["labels"]
    ids = [number for number, label in labels.items() if label["region"] in posterior]
    ill = np.isin(atlas.labels, ids) & (data > 0.6)
    well = atlas.brain & ~ill & (data > 0.6)
    assert ill.sum() / atlas.brain.sum() > 0.33
    flair = np.where(ill, 1.6 * data, data).astype(np.float32)
    corrected = correct_bias(
        Volume(flair, atlas.grid, Contrast.FLAIR),
        atlas.brain,
        load_config("preprocess.yaml")["bias"],
    )
    scale = commonest_intensity(corrected, atlas.brain, SETTINGS)
    contrast = np.median(corrected[ill]) / np.median(corrected[well])
    assert np.median(corrected[well]) / scale == pytest.approx(1, abs=0.06)
    assert contrast > 0.93 * np.median(flair[ill]) / np.median(flair[well])
