"""Decompressing: what gzip itself would give, or a refusal."""

import gzip
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presight.errors import InputError
from presight.study import gunzip as module
from presight.study.gunzip import gunzip

PARTS = st.lists(st.binary(max_size=3000), min_size=1, max_size=4)


@given(PARTS, st.integers(0, 9000), st.integers(0, 600))
@settings(max_examples=150, deadline=None)
def test_streams_one_after_another_are_read_as_gzip_reads_them(tmp_path_factory, parts, keep, pad):
    path = tmp_path_factory.mktemp("packed") / "a.gz"
    path.write_bytes(b"".join(gzip.compress(part) for part in parts) + bytes(pad))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_PIECE", 97)  # so that streams and pieces end anywhere
        assert gunzip(path, 12_000, lambda _: keep) == b"".join(parts)[:keep]


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
