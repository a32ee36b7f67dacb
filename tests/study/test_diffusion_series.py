"""ADC from diffusion images at several b-values."""

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presight.errors import InputError
from presight.study import Contrast
from presight.study.diffusion import adc_from_signals
from presight.study.load import StudyInput, load_study

SHAPE = (24, 24, 20)
AFFINE = np.diag([6.0, 6.0, 7.0, 1.0])


def brain() -> np.ndarray:
    return np.random.default_rng(1).uniform(500, 1500, SHAPE).astype(np.float32)


@given(st.floats(100, 3000), st.lists(st.integers(1, 30), min_size=2, max_size=5, unique=True))
def test_the_slope_is_found_whatever_the_b_values(adc, hundreds):
    signals = {100.0 * b: np.full((1, 1, 1), 1e4 * np.exp(-b * adc / 1e4)) for b in hundreds}
    assert adc_from_signals(signals)[0, 0, 0] == pytest.approx(adc, rel=1e-3)


def test_no_signal_has_no_diffusion():
    signals = {0.0: np.array([[[0.0, 100.0]]]), 1000.0: np.array([[[50.0, 200.0]]])}
    assert adc_from_signals(signals).tolist() == [[[0.0, 0.0]]]


def test_one_b_value_is_not_enough():
    with pytest.raises(InputError, match="two b-values"):
        adc_from_signals({1000.0: np.ones((2, 2, 2))})


@pytest.fixture
def files(tmp_path):
    """A FLAIR and a diffusion series of three directions whose ADC is known."""
    base, truth = brain(), np.where(np.arange(SHAPE[0]) < 12, 800.0, 1600.0)[:, None, None]
    series = [base, *(base * np.exp(-1000 * truth * scale / 1e6) for scale in (0.9, 1.0, 1.1))]
    nib.save(nib.Nifti1Image(base, AFFINE), tmp_path / "flair.nii.gz")
    image = nib.Nifti1Image(np.stack(series, axis=-1).astype(np.float32), AFFINE)
    nib.save(image, tmp_path / "dwi.nii.gz")
    (tmp_path / "dwi.bval").write_text("0 1000 995 1005\n", encoding="utf-8")
    others = {Contrast.DWI: tmp_path / "dwi.nii.gz"}
    return StudyInput("a", tmp_path / "flair.nii.gz", others=others)


def test_a_series_with_its_b_values_gives_trace_and_adc(files):
    study = load_study(files)
    adc = study.volumes[Contrast.ADC]
    assert np.median(adc.data[:12]) == pytest.approx(800, rel=0.01)
    assert np.median(adc.data[12:]) == pytest.approx(1600, rel=0.01)
    assert any("b = 0, 9" in doubt or "b = 0, 10" in doubt for doubt in adc.doubts)
    assert study.volumes[Contrast.DWI].data.shape == SHAPE


def test_b_values_that_do_not_fit_are_refused(files):
    files.others[Contrast.DWI].with_name("dwi.bval").write_text("0 1000", encoding="utf-8")
    with pytest.raises(InputError, match="2 b-values were found for 4 volumes"):
        load_study(files)
