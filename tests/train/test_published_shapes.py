"""Published lesion shapes land where they belong on another head."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from presight.preprocess.atlas import Atlas, load_atlas
from presight.train.synthesis.paint import paint
from presight.train.synthesis.published import affine_to_atlas, lay_onto


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    return load_atlas()


def test_a_moved_and_stretched_head_is_found_again(atlas: Atlas) -> None:
    cut = atlas.labels[10:, 12:, :][::, ::2, :]
    found = affine_to_atlas(cut)
    assert found is not None
    truth = atlas.grid.affine @ np.array(
        [[1, 0, 0, 10], [0, 2, 0, 12], [0, 0, 1, 0], [0, 0, 0, 1.0]]
    )
    corners = np.array([[x, y, z, 1] for x in (20, 160) for y in (10, 90) for z in (20, 150)])
    assert np.abs((found - truth) @ corners.T).max() < 1.0


def test_a_shape_stays_in_its_region(atlas: Atlas, tmp_path: Path) -> None:
    ids = np.unique(atlas.labels)
    rng = np.random.default_rng(1)
    region = ids[np.argmax(np.bincount(atlas.labels[atlas.labels > 0]))]
    middle = np.argwhere(atlas.labels == region).mean(axis=0).round().astype(int)
    mask = np.zeros(atlas.labels.shape, dtype=np.uint8)
    mask[tuple(slice(c - 4, c + 5) for c in middle)] = 1
    nib.save(nib.Nifti1Image(mask, atlas.grid.affine), tmp_path / "shape.nii.gz")
    centre_mm = atlas.grid.affine[:3] @ [*middle, 1]
    for _ in range(5):
        margin = lay_onto(tmp_path / "shape.nii.gz", atlas.labels, rng)
        assert margin is not None
        inside = np.argwhere(margin > 0)
        assert 0.7 * mask.sum() < len(inside) < 1.3 * mask.sum()
        there = atlas.grid.affine[:3] @ [*inside.mean(axis=0), 1]
        assert abs(abs(there[0]) - abs(centre_mm[0])) < 12
        assert np.abs(there[1:] - centre_mm[1:]).max() < 12


def test_nothing_is_laid_onto_a_head_that_is_not_seen(atlas: Atlas) -> None:
    assert affine_to_atlas(np.zeros((40, 40, 40), dtype=np.uint8)) is None


def test_a_given_shape_is_painted_as_it_is(atlas: Atlas) -> None:
    labels = atlas.labels
    flair = np.where(labels > 0, np.float32(1), np.float32(0))
    margin = np.full(labels.shape, -6, dtype=np.float32)
    middle = tuple(slice(c // 2 - 5, c // 2 + 6) for c in labels.shape)
    margin[middle] = 3
    image, mask = paint(flair, labels, labels > 0, np.random.default_rng(2), "ms", margin=margin)
    assert np.array_equal(mask, (margin > 0) & (labels > 0))
    assert (image[mask] - flair[mask]).min() > 0.1
    assert np.array_equal(image[~mask & (margin <= -4)], flair[~mask & (margin <= -4)])
