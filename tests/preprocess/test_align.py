"""Another contrast is brought onto the FLAIR, or refused with the reason."""

import numpy as np
import pytest

from presight.config import load_config
from presight.errors import InputError
from presight.preprocess.align import align
from presight.preprocess.atlas import load_atlas
from presight.study import Contrast, Grid, Volume

SETTINGS = load_config("preprocess.yaml")["align"]


@pytest.fixture(scope="module")
def head():
    atlas = load_atlas()
    flair = np.where(atlas.brain, 1.4 * atlas.grey + atlas.white + 0.1, 0).astype(np.float32)
    return Volume(flair, atlas.grid, Contrast.FLAIR), Volume(atlas.t1, atlas.grid, Contrast.T1)


def moved(volume: Volume, shift_mm: tuple[float, float, float]) -> Volume:
    affine = volume.grid.affine.copy()
    affine[:3, 3] += shift_mm
    return Volume(volume.data, Grid(volume.grid.shape, affine), Contrast.ADC)


def test_a_patient_who_moved_between_series_is_put_back(head):
    flair, t1 = head
    brain = flair.data > 0
    found = align(moved(t1, (4, -3, 5)), flair, brain, SETTINGS)
    before = np.corrcoef(moved(t1, (0, 0, 0)).data[brain], found.data[brain])[0, 1]
    assert before > 0.98
    assert found.grid is flair.grid


def test_a_series_that_lies_elsewhere_is_refused(head):
    flair, t1 = head
    with pytest.raises(InputError, match="covers 0% of the brain"):
        align(moved(t1, (500, 0, 0)), flair, flair.data > 0, SETTINGS)


def test_a_large_movement_is_refused(head):
    flair, t1 = head
    with pytest.raises(InputError, match="only after a movement"):
        align(moved(t1, (0, 38, 0)), flair, flair.data > 0, SETTINGS)
