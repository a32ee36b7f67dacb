"""Decompressing: what gzip itself would give, or a refusal."""

import gzip
import zlib

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presight.errors import InputError
from presight.study import gunzip as module
from presight.study.contrast import Contrast
from presight.study.gunzip import gunzip
from presight.study.nifti import read_nifti

PARTS = st.lists(st.binary(max_size=3000), min_size=1, max_size=4)


@given(PARTS, st.integers(0, 9000), st.integers(0, 600))
@settings(max_examples=150, deadline=None)
def test_streams_one_after_another_are_read_as_gzip_reads_them(tmp_path_factory, parts, keep, pad):
    path = tmp_path_factory.mktemp("packed") / "a.gz"
    path.write_bytes(b"".join(gzip.compress(part) for part in parts) + bytes(pad))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_PIECE", 97)  # so that streams and pieces end anywhere
        assert gunzip(path, 12_000, lambda _: keep) == b"".join(parts)[:keep]


@given(PARTS)
@settings(max_examples=50, deadline=None)
def test_how_much_to_keep_is_asked_once_and_with_enough_to_tell(tmp_path_factory, parts):
    path, whole = tmp_path_factory.mktemp("head") / "a.gz", b"".join(parts)
    path.write_bytes(b"".join(gzip.compress(part) for part in (b"", *parts)))
    heads = []
    gunzip(path, 12_000, lambda head: heads.append(head) or 0)
    assert len(heads) == 1
    assert whole.startswith(heads[0])
    assert len(heads[0]) >= min(len(whole), 1024)


@pytest.mark.parametrize("end_of_first", [0, 3, 300])  # in the header, and before it
def test_an_image_may_come_in_several_streams(tmp_path, end_of_first):
    voxels = np.random.default_rng(4).normal(100, 20, (10, 9, 8)).astype(np.float32)
    content = nib.Nifti1Image(voxels, np.diag([9.0, 10, 11, 1])).to_bytes()
    streams = content[:end_of_first], content[end_of_first:]
    path = tmp_path / "a.nii.gz"
    path.write_bytes(b"".join(map(gzip.compress, streams)))
    np.testing.assert_array_equal(read_nifti(path, Contrast.FLAIR).data, voxels)


@given(st.binary(min_size=1, max_size=5000), st.data())
@settings(max_examples=100, deadline=None)
def test_a_file_cut_short_is_never_taken_for_a_whole_one(tmp_path_factory, content, data):
    packed = gzip.compress(content)
    path = tmp_path_factory.mktemp("cut") / "a.gz"
    path.write_bytes(packed[: data.draw(st.integers(1, len(packed) - 1))])
    with pytest.raises((EOFError, zlib.error)):
        gunzip(path, 10_000, len)


def test_more_than_is_allowed_is_refused(tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(bytes(5 * 2**20)))
    with pytest.raises(InputError, match="more than 4 MiB"):
        gunzip(path, 4 * 2**20, len)
