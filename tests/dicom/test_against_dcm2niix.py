"""Every public series is read as dcm2niix reads it, or refused with the right reason."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

import dcm2niix
import nibabel as nib
import numpy as np
import pytest

from presight.dicom.files import list_files
from presight.dicom.index import Index, index_files
from presight.dicom.pixels import read_pixels


@pytest.fixture(scope="module")
def index(shared) -> Index:
    return index_files(list_files(shared / "dicom"))


@pytest.fixture(scope="module")
def converted(shared, tmp_path_factory) -> dict[int, list[nib.Nifti1Image]]:
    """What dcm2niix makes of the same folder, by series number."""
    out = tmp_path_factory.mktemp("niix")
    command = [dcm2niix.bin, "-b", "n", "-z", "n", "-f", "%s_%d", "-o", str(out)]
    subprocess.run([*command, str(shared / "dicom")], check=True, capture_output=True)
    images: dict[int, list[nib.Nifti1Image]] = {}
    for path in sorted(out.glob("*.nii")):
        images.setdefault(int(path.name.split("_")[0]), []).append(nib.load(path))
    return images


def test_every_series_is_found(index, converted):
    assert {s.info.number for s in index.series} | {3, 4, 5, 6} == set(converted)


def test_geometry_and_number_of_volumes_are_those_of_dcm2niix(index, converted):
    for series in index.series:
        theirs = [i for i in converted[series.info.number] if i.shape[2:] != (5, 2)]
        volumes = sum(image.shape[3] if image.ndim > 3 else 1 for image in theirs)
        assert len(series.stacks) == volumes, series.info.description
        assert all(stack.grid is not None for stack in series.stacks)
        for stack in series.stacks:
            assert any(same_place(stack.grid, image) for image in theirs), series.info.description


def same_place(grid, image) -> bool:
    """The corners of the two images lie in the same places."""
    ours = corners(grid.affine, grid.shape)
    return np.allclose(ours, corners(image.affine, image.shape[:3]), atol=0.02)


def corners(affine, shape) -> np.ndarray:
    ends = np.array(np.meshgrid(*[(0, n - 1) for n in shape])).reshape(3, -1).T
    places = nib.affines.apply_affine(affine, ends)
    return places[np.lexsort(places.round(1).T)]


@pytest.mark.parametrize("number", [1901, 3000])
def test_values_lie_where_those_of_dcm2niix_lie(index, converted, number):
    (series,) = [s for s in index.series if s.info.number == number]
    stack = series.stacks[0]
    ours = nib.Nifti1Image(read_pixels(stack.frames, "here"), stack.grid.affine)
    image = converted[number][0]
    first = image.get_fdata() if image.ndim == 3 else np.asarray(image.dataobj[..., 0], float)
    theirs = nib.as_closest_canonical(nib.Nifti1Image(first, image.affine)).get_fdata()
    # Philips scaling may differ by one factor, which dcm2niix takes from private elements.
    assert (
        np.corrcoef(nib.as_closest_canonical(ours).get_fdata().ravel(), theirs.ravel())[0, 1]
        > 0.9999
    )


def test_mosaics_and_texts_are_refused_with_the_reason(index):
    reasons = Counter(error.found.split(" (")[0] for _, error in index.skipped)
    assert reasons == {"a Siemens mosaic": 8, "not DICOM": 8}


def test_nothing_is_taken_for_a_flair(shared):
    from presight.dicom.inputs import find_examinations
    from presight.study import Contrast

    found, _ = find_examinations(Path(shared / "dicom"))
    assert all(Contrast.FLAIR not in examination.choice.taken for examination in found)
