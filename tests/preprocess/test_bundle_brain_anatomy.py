"""The anatomy network that ships: brain, regions and sides on heads of a site it never saw."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch

from presight.config import load_config, model_path
from presight.preprocess.anatomy import Anatomy
from presight.preprocess.anatomy_bundle import load_anatomy_network
from presight.preprocess.conform import conform
from presight.preprocess.find import by_network, by_registration
from presight.study import Contrast, Volume
from presight.study.nifti import read_nifti
from presight.study.resample import resample

SETTINGS = load_config("preprocess.yaml")
CPU = torch.device("cpu")
UNSEEN = "open_ms_longitudinal/patient12_study1"


@pytest.fixture(scope="module")
def model():
    return load_anatomy_network(model_path("brain_anatomy"))


@pytest.fixture(scope="module")
def native(shared):
    return read_nifti(shared / UNSEEN / "flair.nii.gz", Contrast.FLAIR)


@pytest.fixture(scope="module")
def found(native, model) -> Anatomy:
    found = by_network(conform(native, 1.0), model, SETTINGS, CPU)
    assert isinstance(found, Anatomy), found
    return found


def dice(a, b):
    return 2 * (a & b).sum() / (a.sum() + b.sum())


def test_the_weights_are_small_enough_to_ship():
    folder = model_path("brain_anatomy")
    assert sum(file.stat().st_size for file in Path(folder).rglob("*")) < 20e6


def test_the_brain_is_that_of_the_dataset(shared, native, found):
    mask = np.asarray(nib.load(shared / UNSEEN / "brain.nii.gz").dataobj) > 0
    brain = resample(found.brain, conform(native, 1.0).grid, native.grid, nearest=True)
    assert dice(brain, mask) > 0.95


def test_left_and_right_are_those_of_the_registration(native, found):
    labels = load_config("anatomy.yaml")["labels"]
    side = np.zeros(1 + max(labels), int)
    for number, label in labels.items():
        side[number] = {"left": -1, "right": 1, "midline": 0}[label["side"]]
    registered = by_registration(conform(native, 1.0), SETTINGS)
    here, there = side[found.labels], side[registered.labels]
    both = (here != 0) & (there != 0)
    assert (here == there)[both].mean() > 0.98


def test_a_mirrored_head_has_the_mirrored_brain(native, found, model):
    flair = conform(native, 1.0)
    mirrored = Volume(flair.data[::-1].copy(), flair.grid, flair.contrast)
    twin = by_network(mirrored, model, SETTINGS, CPU)
    assert isinstance(twin, Anatomy)
    assert dice(twin.brain[::-1], found.brain) > 0.999
