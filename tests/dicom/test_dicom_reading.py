"""A series is read by where its slices lie, whatever the files are called and hold besides."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from dicom_writer import (
    SeriesToWrite,
    from_nifti,
    recompress,
    turned,
    write_classic,
    write_enhanced,
)
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from presight.dicom.inputs import find_examinations
from presight.study import Contrast
from presight.study.nifti import read_nifti


@pytest.fixture(scope="module")
def nifti(shared) -> Path:
    return shared / "open_ms_longitudinal" / "patient01_study2" / "flair.nii.gz"


@pytest.fixture
def series(nifti) -> SeriesToWrite:
    return from_nifti(nifti)


@pytest.fixture
def small() -> SeriesToWrite:
    data = np.random.default_rng(5).integers(0, 1000, (40, 48, 9)).astype(np.uint16)
    return SeriesToWrite(data, np.diag([-5.0, -5.0, 8.0, 1.0]))


def read_flair(path: Path):
    (examination,), _ = find_examinations(path)
    return examination.choice.taken[Contrast.FLAIR].read(Contrast.FLAIR)


def same_image(one, other) -> bool:
    """The same values at the same places, whatever the voxel order."""
    first, second = (
        nib.as_closest_canonical(nib.Nifti1Image(v.data, v.grid.affine)) for v in (one, other)
    )
    return np.array_equal(first.get_fdata(), second.get_fdata()) and np.allclose(
        first.affine, second.affine, atol=1e-3
    )


def shuffled_names(z: int) -> str:
    return f"{random.Random(z).getrandbits(64):016x}"  # noqa: S311


def test_classic(series, nifti, tmp_path):
    write_classic(series, tmp_path)
    volume = read_flair(tmp_path)
    assert same_image(volume, read_nifti(nifti, Contrast.FLAIR))
    assert volume.doubts == ()


def test_enhanced_with_frames_in_any_order(series, nifti, tmp_path):
    order = list(range(series.data.shape[2]))
    random.Random(3).shuffle(order)  # noqa: S311
    write_enhanced(series, tmp_path / "IM1", order)
    assert same_image(read_flair(tmp_path), read_nifti(nifti, Contrast.FLAIR))


def test_shuffled_names_and_wrong_instance_numbers(series, nifti, tmp_path):
    def renumber(dataset, z):
        dataset.InstanceNumber = (z * 7) % 5

    write_classic(series, tmp_path, shuffled_names, renumber)
    assert same_image(read_flair(tmp_path), read_nifti(nifti, Contrast.FLAIR))


@pytest.mark.parametrize("axes", ["PIR", "LIP", "RAS", "PSL"])
def test_slices_in_other_directions_are_the_same_image(series, nifti, tmp_path, axes):
    write_classic(turned(series, axes), tmp_path)
    assert same_image(read_flair(tmp_path), read_nifti(nifti, Contrast.FLAIR))


def test_oblique(series, tmp_path):
    angle = np.radians(25)
    turn = np.eye(4)
    turn[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    series.affine = turn @ series.affine
    write_classic(series, tmp_path)
    volume = read_flair(tmp_path)
    assert np.allclose(volume.grid.affine, series.affine, atol=1e-3)
    assert np.array_equal(volume.data, series.data)


@pytest.mark.parametrize(
    "syntax",
    [RLELossless, JPEG2000Lossless, JPEGLSLossless, DeflatedExplicitVRLittleEndian],
    ids=lambda uid: uid.name,
)
def test_compressed(series, nifti, tmp_path, syntax):
    if syntax == DeflatedExplicitVRLittleEndian:

        def deflate(dataset, _z):
            dataset.file_meta.TransferSyntaxUID = syntax

        write_classic(series, tmp_path, change=deflate)
    else:
        write_classic(series, tmp_path, syntax=syntax)
    assert same_image(read_flair(tmp_path), read_nifti(nifti, Contrast.FLAIR))


@pytest.mark.parametrize("syntax", ["JPEGLosslessProcess14_1", "JPEGLosslessProcess14"])
def test_jpeg_lossless_as_old_archives_keep_it(small, tmp_path, syntax):
    for file in write_classic(small, tmp_path):
        recompress(file, syntax)
    assert np.array_equal(read_flair(tmp_path).data, small.data)


def test_a_compression_that_cannot_be_decoded_is_named(small, tmp_path):
    for file in write_classic(small, tmp_path):
        recompress(file, "JPEGExtendedProcess2_4")
    ((verdict,),) = [e.choice.verdicts for e in find_examinations(tmp_path)[0]]
    assert "or a form of JPEG Extended" in verdict.why


def test_zip_is_read_in_place(series, nifti, tmp_path):
    files = write_classic(series, tmp_path / "in")
    archive = tmp_path / "case7.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in files:
            packed.write(file, f"DICOM/{file.name}")
    (examination,), _ = find_examinations(archive)
    assert examination.stem == "sub-case7"
    volume = examination.choice.taken[Contrast.FLAIR].read(Contrast.FLAIR)
    assert same_image(volume, read_nifti(nifti, Contrast.FLAIR))
