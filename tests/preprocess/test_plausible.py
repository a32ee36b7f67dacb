"""Regions that cannot be those of a head are recognised, and their fit to the atlas is found."""

import numpy as np
import pytest
import SimpleITK as sitk

from presight.config import load_config
from presight.preprocess.atlas import load_atlas
from presight.preprocess.fit import fit_atlas
from presight.preprocess.plausible import implausible
from presight.study import Grid
from presight.study.resample import resample

SETTINGS = load_config("preprocess.yaml")["anatomy"]["plausible"]
LABELS = load_config("anatomy.yaml")["labels"]
GRID = Grid(
    (200, 236, 190), np.array([[1.0, 0, 0, -99], [0, 1, 0, -136], [0, 0, 1, -72], [0, 0, 0, 1]])
)


@pytest.fixture(scope="module")
def tilted():
    """The atlas, turned, scaled and moved, and the transform that did it."""
    place = sitk.AffineTransform(3)
    place.Scale(1.06)
    place.Rotate(1, 2, 0.2)
    place.Rotate(0, 1, -0.1)
    place.SetTranslation((6, -4, 5))
    atlas = load_atlas()
    return resample(atlas.labels, atlas.grid, GRID, nearest=True, transform=place), place


def reason(labels):
    return implausible(labels, GRID, fit_atlas(labels, GRID), SETTINGS)


def test_the_atlas_is_found_from_regions_alone(tilted):
    labels, place = tilted
    fit = fit_atlas(labels, GRID)
    for point in [(0, 0, 0), (60, 20, 10), (-50, -70, 40)]:
        found, truth = fit.to_atlas.TransformPoint(point), place.TransformPoint(point)
        assert np.linalg.norm(np.subtract(found, truth)) < 1
    assert fit.distance_mm < 1


def test_one_region_out_of_place_does_not_move_the_fit(tilted):
    labels, place = tilted
    wrong = labels.copy()
    wrong[labels == 1] = 0
    wrong[:30, :30, 20:50] = 1
    found = fit_atlas(wrong, GRID).to_atlas.TransformPoint((40, 0, 20))
    assert np.linalg.norm(np.subtract(found, place.TransformPoint((40, 0, 20)))) < 3


def test_a_head_is_plausible(tilted):
    assert reason(tilted[0]) is None


def test_what_is_no_head_is_not(tilted):
    labels, _ = tilted
    assert reason(np.zeros_like(labels)) == "the brain would hold 0 mL"
    without = labels.copy()
    without[labels == 15] = 16
    assert "Cerebellum (left) would have 0.0 times" in reason(without)
    assert "mL" in reason(np.where(np.arange(200)[:, None, None] < 100, labels, 0)[:, ::2])


def test_swapped_sides_are_not_believed(tilted):
    labels, _ = tilted
    other = {"left": "right", "right": "left", "midline": "midline"}
    ids = {(label["region"], label["side"]): number for number, label in LABELS.items()}
    table = np.zeros(1 + max(LABELS), np.uint8)
    for number, label in LABELS.items():
        table[number] = ids[label["region"], other[label["side"]]]
    assert reason(table[labels]) == "the head would be turned over or mirrored"


def test_regions_far_from_their_places_are_not_believed(tilted):
    labels, _ = tilted
    back_to_front = np.ascontiguousarray(labels[:, ::-1])
    assert reason(back_to_front) == "the head would be turned over or mirrored"
