"""The working grid: the same head however it was stored, mirrored when it was mirrored."""

from itertools import permutations, product

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nibabel.orientations import inv_ornt_aff, ornt_transform

from presight.preprocess.conform import conform, isotropic_grid, reorient
from presight.study import Contrast, Grid, Volume
from presight.study.resample import resample

AFFINE = np.array([[1.1, 0.1, 0, -30], [-0.1, 1.1, 0.2, -40], [0, -0.09, 3.3, -20], [0, 0, 0, 1]])
AFFINE[:3, :3] = np.linalg.qr(AFFINE[:3, :3])[0] @ np.diag([-1.1, -1.1, 3.3])
AFFINE[:3, :3] *= np.sign(np.diag(AFFINE[:3, :3]))


@pytest.fixture
def volume():
    data = np.random.default_rng(0).random((20, 24, 10)).astype(np.float32)
    return Volume(data, Grid(data.shape, AFFINE), Contrast.FLAIR)


def stored_as(volume: Volume, ornt: np.ndarray) -> Volume:
    image = nib.Nifti1Image(volume.data, volume.grid.affine).as_reoriented(ornt)
    return Volume(np.asarray(image.dataobj), Grid(image.shape, image.affine), volume.contrast)


ORIENTATIONS = [
    np.column_stack([axes, signs])
    for axes in permutations(range(3))
    for signs in product((1, -1), repeat=3)
]


@pytest.mark.parametrize(
    "ornt", ORIENTATIONS, ids=lambda o: "".join(nib.orientations.ornt2axcodes(o))
)
def test_every_storage_order_gives_the_same_head(volume, ornt):
    expected, found = conform(volume, 1.0), conform(stored_as(volume, ornt), 1.0)
    np.testing.assert_array_equal(found.data, expected.data)
    np.testing.assert_allclose(found.grid.affine, expected.grid.affine, atol=1e-9)


def test_reorient_moves_no_voxel_in_space(volume):
    turned = reorient(volume)
    ornt = ornt_transform(
        nib.io_orientation(volume.grid.affine), nib.io_orientation(turned.grid.affine)
    )
    expected = volume.grid.affine @ inv_ornt_aff(ornt, volume.grid.shape)
    np.testing.assert_allclose(turned.grid.affine, expected, atol=1e-5)


def test_a_mirrored_head_gives_the_mirrored_result(volume):
    mirrored = Volume(volume.data[::-1].copy(), volume.grid, volume.contrast)
    np.testing.assert_allclose(
        conform(mirrored, 1.0).data, conform(volume, 1.0).data[::-1], atol=1e-4
    )


def test_a_constant_stays_constant_up_to_the_border(volume):
    flat = Volume(np.full_like(volume.data, 5), volume.grid, volume.contrast)
    np.testing.assert_allclose(conform(flat, 1.0).data, 5, rtol=1e-6)


spacings = st.floats(0.4, 8.0)


@settings(max_examples=60, deadline=None)
@given(spacings, spacings, spacings, st.integers(8, 40))
def test_the_isotropic_grid_covers_the_old_one_about_the_same_middle(x, y, z, size):
    grid = Grid((size, size + 3, size + 7), np.diag([x, y, z, 1.0]))
    new = isotropic_grid(grid, 1.0)
    old_extent = np.asarray(grid.shape) * grid.spacing_mm
    assert (np.asarray(new.shape) >= old_extent - 1e-2).all()
    assert (np.asarray(new.shape) < old_extent + 1.01).all()
    middles = [
        g.affine[:3, :3] @ ((np.asarray(g.shape) - 1) / 2) + g.affine[:3, 3] for g in (grid, new)
    ]
    np.testing.assert_allclose(*middles, atol=1e-6)


def test_labels_come_back_to_the_native_grid(volume):
    labels = np.zeros(volume.grid.shape, np.uint8)
    labels[4:9, 6:14, 2:6] = 3
    work = isotropic_grid(reorient(volume).grid, 0.5)
    there = resample(labels, volume.grid, work, nearest=True)
    back = resample(there, work, volume.grid, nearest=True)
    np.testing.assert_array_equal(back, labels)
