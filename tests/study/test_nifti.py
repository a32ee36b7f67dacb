"""Every file that is not a usable image is refused in one sentence that names it."""

import gzip

import nibabel as nib
import numpy as np
import pytest

from presight.errors import InputError
from presight.study import Contrast
from presight.study.nifti import read_nifti

SHAPE = (64, 64, 24)
AFFINE = np.diag([3.0, 3.0, 6.0, 1.0])


@pytest.fixture
def image():
    return np.random.default_rng(0).normal(100, 20, SHAPE).astype(np.float32)


def save(path, data, affine=AFFINE):
    nib.save(nib.Nifti1Image(data, affine), path)
    return path


def refusal(path):
    with pytest.raises(InputError) as caught:
        read_nifti(path, Contrast.FLAIR)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_sound_image_is_read_as_it_is(tmp_path, image):
    volume = read_nifti(save(tmp_path / "flair.nii.gz", image), Contrast.FLAIR)
    np.testing.assert_array_equal(volume.data, image)
    assert volume.grid.spacing_mm == (3.0, 3.0, 6.0)
    assert volume.grid.voxel_ml == pytest.approx(0.054)


def test_a_fourth_axis_of_one_is_dropped(tmp_path, image):
    volume = read_nifti(save(tmp_path / "a.nii", image[..., None]), Contrast.FLAIR)
    assert volume.data.shape == SHAPE


def test_missing_file(tmp_path):
    assert "no such file" in refusal(tmp_path / "nowhere.nii.gz")


def test_a_folder(tmp_path):
    assert "not a file" in refusal(tmp_path)


def test_empty_file(tmp_path):
    path = tmp_path / "empty.nii.gz"
    path.touch()
    assert "empty" in refusal(path)


def test_text_called_nifti(tmp_path):
    path = tmp_path / "notes.nii.gz"
    path.write_text("no image at all")
    assert "not a NIfTI" in refusal(path)


def test_gzip_cut_short(tmp_path, image):
    path = save(tmp_path / "cut.nii.gz", image)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "cut short" in refusal(path)


def test_gzip_cut_inside_the_header(tmp_path, image):
    path = save(tmp_path / "cut.nii.gz", image)
    path.write_bytes(path.read_bytes()[:40])
    assert "damaged" in refusal(path)


def test_pixel_data_cut_short(tmp_path, image):
    path = save(tmp_path / "cut.nii", image)
    path.write_bytes(path.read_bytes()[:5000])
    assert "cut short" in refusal(path)


def test_two_dimensions(tmp_path, image):
    assert "2 dimensions" in refusal(save(tmp_path / "slice.nii.gz", image[:, :, 0]))


def test_more_than_one_volume(tmp_path, image):
    series = np.stack([image, image], axis=-1)
    assert "4 dimensions" in refusal(save(tmp_path / "series.nii.gz", series))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_no_number(tmp_path, image, bad):
    image[3, 4, 5] = bad
    assert "1 voxels are not a finite number" in refusal(save(tmp_path / "nan.nii.gz", image))


def test_constant_image(tmp_path):
    assert "every voxel is 7" in refusal(save(tmp_path / "flat.nii.gz", np.full(SHAPE, 7.0)))


def test_a_mask_given_as_an_image(tmp_path, image):
    assert "mask" in refusal(save(tmp_path / "mask.nii.gz", (image > 100).astype(np.uint8)))


@pytest.mark.parametrize("spacing", [0.01, 40.0])
def test_absurd_spacing(tmp_path, image, spacing):
    path = save(tmp_path / "spacing.nii.gz", image, np.diag([1.0, 1.0, spacing, 1.0]))
    assert "voxel spacing" in refusal(path)


def test_singular_affine(tmp_path, image):
    affine = AFFINE.copy()
    affine[:3, 2] = affine[:3, 1]
    path = tmp_path / "singular.nii"
    header = nib.Nifti1Header()
    header.set_data_shape(SHAPE)
    header.set_data_dtype(np.float32)
    header["sform_code"] = 1
    header["srow_x"], header["srow_y"], header["srow_z"] = affine[:3]
    header["vox_offset"] = 352
    path.write_bytes(header.binaryblock + bytes(4) + image.tobytes(order="F"))
    assert "singular" in refusal(path)


def test_sheared_grid(tmp_path, image):
    affine = AFFINE.copy()
    affine[1, 2] = 2.0
    assert "right angles" in refusal(save(tmp_path / "tilt.nii.gz", image, affine))


def test_coloured_image(tmp_path):
    rgb = np.zeros(SHAPE, dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    assert "coloured" in refusal(save(tmp_path / "colour.nii.gz", rgb))


def test_a_header_that_promises_terabytes_is_refused_before_reading(tmp_path, image):
    path = save(tmp_path / "huge.nii", image)
    raw = bytearray(path.read_bytes())
    raw[42:48] = np.array([30000, 30000, 30000], "<i2").tobytes()
    path.write_bytes(raw)
    assert "30000 x 30000 x 30000" in refusal(path)


def test_a_decompression_bomb_is_read_no_further_than_its_header_says(tmp_path, image):
    path = save(tmp_path / "bomb.nii", image)
    with gzip.open(tmp_path / "bomb.nii.gz", "wb") as file:
        file.write(path.read_bytes())
        for _ in range(64):
            file.write(bytes(1 << 20))
    volume = read_nifti(tmp_path / "bomb.nii.gz", Contrast.FLAIR)
    np.testing.assert_array_equal(volume.data, image)


def test_unknown_orientation_is_said(tmp_path, image):
    nifti = nib.Nifti1Image(image, AFFINE)
    nifti.set_qform(None, 0)
    nifti.set_sform(None, 0)
    nib.save(nifti, tmp_path / "a.nii.gz")
    volume = read_nifti(tmp_path / "a.nii.gz", Contrast.FLAIR)
    assert "left and right are assumed" in volume.doubts[0]
