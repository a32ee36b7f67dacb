"""No broken file makes a traceback, and none is taken for the image that it was."""

from __future__ import annotations

import tracemalloc
import warnings
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from mutations import mutants, write_bomb

from presight.errors import InputError
from presight.study import Contrast
from presight.study.nifti import read_nifti
from presight.study.volume import Volume

MUTANTS = 300


@pytest.fixture(scope="module")
def image() -> bytes:
    """A small head-sized image with every value its own."""
    rng = np.random.default_rng(0)
    voxels = rng.permutation(40 * 48 * 20).reshape(40, 48, 20).astype(np.float32)
    picture = nib.Nifti1Image(voxels, np.diag([4.0, 4.0, 6.0, 1.0]))
    picture.header.set_xyzt_units("mm")
    return picture.to_bytes()


@pytest.fixture(scope="module")
def whole(image, tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "whole.nii"
    path.write_bytes(image)
    return read_nifti(path, Contrast.FLAIR)


def read(path: Path) -> Volume | str:
    """Read an image, or return the sentence by which it was refused."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the library's own, about the broken header
            return read_nifti(path, Contrast.FLAIR)
    except InputError as error:
        return str(error)


def test_a_mutant_is_refused_in_a_sentence_or_is_the_very_image(image, whole, tmp_path):
    refused = 0
    for mutant in mutants(image, MUTANTS):
        path = tmp_path / mutant.name
        path.write_bytes(mutant.content)
        found = read(path)
        if isinstance(found, str):
            refused += 1
            assert mutant.name in found, mutant.what
            assert "\n" not in found, mutant.what
        else:
            np.testing.assert_array_equal(found.data, whole.data, err_msg=mutant.what)
            np.testing.assert_array_equal(found.grid.affine, whole.grid.affine, mutant.what)
    assert refused > 0.7 * MUTANTS


def test_a_bomb_is_refused_before_it_fills_the_memory(tmp_path):
    bomb = tmp_path / "bomb.nii.gz"
    write_bomb(bomb, gigabytes=3)
    assert bomb.stat().st_size < 50 * 2**20
    tracemalloc.start()
    with pytest.raises(InputError, match="decompresses to more than 2048 MiB"):
        read_nifti(bomb, Contrast.FLAIR)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50 * 2**20
