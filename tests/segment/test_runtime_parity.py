"""The network gives the same answer in every number format that the hardware offers."""

import numpy as np
import pytest
import torch

from presight.config import load_config
from presight.preprocess.conform import conform
from presight.preprocess.normalise import commonest_intensity
from presight.segment.device import autocast, has_bfloat16
from presight.study import Contrast
from presight.study.nifti import read_nifti

CPU = torch.device("cpu")


def box_of(flair, bundle):
    """The box around a stripped brain, as the network takes it."""
    brain = flair.data > 0
    scale = commonest_intensity(flair.data, brain, load_config("preprocess.yaml")["normalise"])
    there = np.argwhere(brain)
    low, multiple = there.min(axis=0), bundle.settings.size_multiple
    size = (there.max(axis=0) + 1 - low) // multiple * multiple
    box = tuple(slice(a, a + n) for a, n in zip(low, size, strict=True))
    image = torch.from_numpy(flair.data[box] / scale).clamp(*bundle.settings.intensity_clip)
    return image[None, None].contiguous(memory_format=torch.channels_last_3d)


@pytest.mark.skipif(not has_bfloat16(CPU), reason="this CPU has no bfloat16 units")
@pytest.mark.parametrize("name", ["open_ms/patient26", "mslesseg/P14_T1"])
def test_bfloat16_finds_what_float32_finds(shared, bundle, name):
    flair = conform(read_nifti(shared / name / "flair.nii.gz", Contrast.FLAIR), 1.0)
    image = box_of(flair, bundle)
    with torch.inference_mode():
        exact = torch.sigmoid(bundle.network(image).float())
        with autocast(CPU):
            quick = torch.sigmoid(bundle.network(image).float())
    difference = (exact - quick).abs()
    assert difference.mean() < 1e-3
    wanted, found = exact > 0.5, quick > 0.5
    assert wanted.sum() > 200
    assert 2 * (wanted & found).sum() / (wanted.sum() + found.sum()) > 0.97


def test_tiny_numbers_are_zero_only_while_the_network_runs(bundle):
    from presight.segment.predict import predict

    before = torch.full((1,), 1e-40) * 1.0
    predict(np.zeros((32, 32, 32), np.float32), np.ones((32, 32, 32), bool), bundle, CPU)
    after = torch.full((1,), 1e-40) * 1.0
    assert before > 0
    assert torch.equal(before, after)
