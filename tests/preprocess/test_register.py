"""The reference head is found in heads that lie, turn and scale differently."""

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk

from presight.config import load_config
from presight.preprocess.atlas import load_atlas
from presight.preprocess.conform import conform
from presight.preprocess.register import register_atlas
from presight.study import Contrast, Grid, Volume
from presight.study.nifti import read_nifti
from presight.study.resample import resample

SETTINGS = load_config("preprocess.yaml")["registration"]
GRID = Grid(
    (200, 236, 190), np.array([[1.0, 0, 0, -99], [0, 1, 0, -136], [0, 0, 1, -72], [0, 0, 0, 1]])
)


def dice(a, b):
    return 2 * (a & b).sum() / (a.sum() + b.sum())


def brain_in(volume: Volume, grid: Grid) -> np.ndarray:
    atlas = load_atlas()
    found = register_atlas(volume, atlas, SETTINGS)
    moved = resample(atlas.brain, atlas.grid, grid, nearest=True, transform=found.transform)
    return moved.astype(bool)


@pytest.mark.parametrize(
    ("pitch", "roll", "scale", "shift"), [(18, 0, 1.1, 12), (-18, 10, 0.9, -12), (8, -8, 1.0, 20)]
)
def test_a_turned_and_scaled_head_is_found(pitch, roll, scale, shift):
    atlas = load_atlas()
    flair_like = np.where(atlas.brain, 1.4 * atlas.grey + atlas.white + 0.1, 0).astype(np.float32)
    place = sitk.Similarity3DTransform()
    place.SetRotation((0.9, 0.1, 0.0), 0.0)
    place = sitk.AffineTransform(3)
    place.Scale(scale)
    place.Rotate(1, 2, float(np.deg2rad(pitch)))
    place.Rotate(0, 1, float(np.deg2rad(roll)))
    place.SetTranslation((shift, -shift / 2, shift / 3))
    data = resample(flair_like, atlas.grid, GRID, transform=place)
    truth = resample(atlas.brain, atlas.grid, GRID, nearest=True, transform=place).astype(bool)
    assert dice(brain_in(Volume(data, GRID, Contrast.FLAIR), GRID), truth) > 0.97


@pytest.mark.parametrize("patient", ["patient01_study1", "patient20_study2"])
def test_real_heads_with_skull(shared, patient):
    folder = shared / "open_ms_longitudinal" / patient
    flair = read_nifti(folder / "flair.nii.gz", Contrast.FLAIR)
    truth = np.asarray(nib.load(folder / "brain.nii.gz").dataobj) > 0
    assert dice(brain_in(conform(flair, 1.0), flair.grid), truth) > 0.93


def test_registration_is_repeatable():
    atlas = load_atlas()
    head = Volume(
        atlas.t1[::2, ::2, ::2].copy(),
        Grid((99, 117, 95), atlas.grid.affine @ np.diag([2, 2, 2, 1.0])),
        Contrast.FLAIR,
    )
    first, second = (register_atlas(head, atlas, SETTINGS) for _ in range(2))
    assert first.transform.GetParameters() == second.transform.GetParameters()


def test_a_mirrored_head_is_found_mirrored():
    atlas = load_atlas()
    tilted = sitk.AffineTransform(3)
    tilted.Rotate(0, 2, 0.15)
    tilted.SetTranslation((6, -4, 3))
    brightness = 1.4 * atlas.grey + atlas.white + 0.1
    brightness *= np.linspace(0.9, 1.2, brightness.shape[0])[:, None, None]
    flair_like = np.where(atlas.brain, brightness, 0).astype(np.float32)
    data = resample(flair_like, atlas.grid, GRID, transform=tilted)
    labels, mirrored = (
        resample(
            atlas.labels,
            atlas.grid,
            GRID,
            nearest=True,
            transform=register_atlas(Volume(d, GRID, Contrast.FLAIR), atlas, SETTINGS).transform,
        )
        for d in (data, np.ascontiguousarray(data[::-1]))
    )
    sides = load_config("anatomy.yaml")["labels"]
    twin = {
        (label["region"], {"left": "right", "right": "left"}.get(label["side"], "midline")): n
        for n, label in sides.items()
    }
    for number, label in sides.items():
        here = labels == twin[label["region"], label["side"]]
        assert dice(mirrored[::-1] == number, here) > 0.998
