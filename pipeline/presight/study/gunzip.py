"""Decompress a file once and to its end, and keep no more of it than is wanted."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from presight.errors import InputError

_GZIP = zlib.MAX_WBITS | 16  # a gzip stream, its checksum compared
_PIECE = 2**22  # in small ones each would wait for other threads of Python
_HEAD = 1024  # bytes; no NIfTI header has more


def gunzip(path: Path, limit: int, wanted: Callable[[bytes], int]) -> bytes:
    """First part of the content of a gzip file, the rest checked and dropped.

    Parameters
    ----------
    path : Path
    limit : int
        Most bytes that the file may hold.
    wanted : callable
        How many bytes to keep, told from the first 1024 or more, or from all where there are fewer.

    Raises
    ------
    InputError
        The file holds more than ``limit``.
    EOFError, zlib.error
        It is cut short or damaged, or no gzip file.
    """
    kept, seen, keep = bytearray(), 0, 0
    with path.open("rb") as file:
        for piece in _after_a_head(_pieces(file)):
            keep = wanted(piece) if not seen else keep
            seen += len(piece)
            if seen > limit:
                raise InputError(
                    f"the file decompresses to more than {limit // 2**20} MiB",
                    where=path,
                    expected="one image",
                )
            kept += piece[: max(keep - len(kept), 0)]
    return bytes(kept)


def _after_a_head(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Give the pieces, the first of them joined: any stream may be short, or empty."""
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= _HEAD:
            break
    yield head
    yield from pieces


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    packed = file.read(_PIECE)
    while packed:  # a file may be several streams one after another
        stream = zlib.decompressobj(_GZIP)
        while not stream.eof:
            piece = stream.decompress(packed, _PIECE)
            rest = stream.unused_data if stream.eof else stream.unconsumed_tail
            packed = rest or file.read(_PIECE)
            if not (piece or packed or stream.eof):
                raise EOFError
            yield piece
        packed = packed.lstrip(b"\0")  # some writers fill the last block of a disk
