"""NIfTI files broken in every way that a disk, a transfer or a person can break them."""

from __future__ import annotations

import gzip
import io
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

Mutation = Callable[[bytes, np.random.Generator], bytes]

# Offset and type of header fields (NIfTI-1, nifti1.h), and values that no image of a head can have.
_FIELDS: dict[str, tuple[int, str, tuple[float, ...]]] = {
    "sizeof_hdr": (0, "i", (0, 349, -1)),
    "dim[0]": (40, "h", (0, -1, 8, 32767)),
    "dim[1]": (42, "h", (0, -1, 32767)),
    "dim[3]": (46, "h", (0, 1, -32768, 30000)),
    "datatype": (70, "h", (0, 1, 3, 999, 1792)),
    "bitpix": (72, "h", (0, 1, 3)),
    "pixdim[1]": (80, "f", (0.0, float("nan"), float("inf"), 1e30, 1e-30)),
    "pixdim[3]": (88, "f", (0.0, float("nan"), 900.0)),
    "vox_offset": (108, "f", (-1.0, 1e9, 1e38, float("nan"), float("inf"))),
    "scl_slope": (112, "f", (float("inf"), 1e38)),
    "scl_inter": (116, "f", (float("inf"), 3e38)),
    "srow_x[0]": (280, "f", (float("nan"), float("inf"), 1e20)),
    "srow_x[3]": (292, "f", (float("nan"), float("inf"))),
    "magic": (344, "i", (0, 0x00317865, -1)),
}


@dataclass(frozen=True)
class Mutant:
    """A broken file: what was done to it, its name and its bytes."""

    what: str
    name: str
    content: bytes


def mutants(image: bytes, count: int, seed: int = 1) -> Iterator[Mutant]:
    """Yield ``count`` broken copies of an uncompressed NIfTI file, the same for the same seed."""
    rng = np.random.default_rng(seed)
    kinds = list(_MUTATIONS.items())
    for number in range(count):
        what, (ending, mutate) = kinds[number % len(kinds)]
        yield Mutant(what, f"{number:03d}{ending}", mutate(image, rng))


def _truncated(image: bytes, rng: np.random.Generator) -> bytes:
    return image[: int(rng.integers(0, len(image) - 1))]


def _truncated_gz(image: bytes, rng: np.random.Generator) -> bytes:
    return _truncated(_packed(image), rng)


def _flipped_gz(image: bytes, rng: np.random.Generator) -> bytes:
    """Flip one bit of the compressed stream: the checksum at its end must give it away."""
    packed = bytearray(_packed(image))
    place = int(rng.integers(10, len(packed)))  # behind the heading, whose name and time are idle
    packed[place] ^= 1 << int(rng.integers(8))
    return bytes(packed)


def _zeroed_gz(image: bytes, rng: np.random.Generator) -> bytes:
    """Lose a block of the disk."""
    packed = bytearray(_packed(image))
    start = int(rng.integers(10, max(11, len(packed) - 600)))
    packed[start : start + 512] = bytes(len(packed[start : start + 512]))
    return bytes(packed)


def _field_out_of_range(image: bytes, rng: np.random.Generator) -> bytes:
    offset, kind, values = list(_FIELDS.values())[int(rng.integers(len(_FIELDS)))]
    broken = bytearray(image)
    struct.pack_into(f"<{kind}", broken, offset, values[int(rng.integers(len(values)))])
    return bytes(broken)


def _field_out_of_range_gz(image: bytes, rng: np.random.Generator) -> bytes:
    return _packed(_field_out_of_range(image, rng))


def _wrong_magic(image: bytes, rng: np.random.Generator) -> bytes:
    return image[:344] + rng.bytes(4) + image[348:]


def _something_else(image: bytes, rng: np.random.Generator) -> bytes:
    heads = (b"\x89PNG\r\n\x1a\n", b"PK\x03\x04", b"\x1f\x8b", b"%PDF-1.7", b"MZ", b"\x00" * 8)
    return heads[int(rng.integers(len(heads)))] + rng.bytes(int(rng.integers(2000)))


def _larger_than_said_gz(image: bytes, rng: np.random.Generator) -> bytes:
    """Make a small bomb: a few kilobytes that unpack to many megabytes behind the image."""
    return _packed(image) + _packed(bytes(int(rng.integers(2, 5)) * 2**20))


def _huge_image_gz(image: bytes, _rng: np.random.Generator) -> bytes:
    """Claim a size that would fill the memory, and pack as many zeros as are quickly made."""
    broken = bytearray(image[:352])
    struct.pack_into("<8h", broken, 40, 3, 30000, 30000, 30000, 1, 1, 1, 1)
    return _packed(bytes(broken) + bytes(4 * 2**20))


def _packed(content: bytes) -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile("", "wb", 1, packed, mtime=0) as stream:
        stream.write(content)
    return packed.getvalue()


_MUTATIONS: dict[str, tuple[str, Mutation]] = {
    "truncated": (".nii", _truncated),
    "truncated, compressed": (".nii.gz", _truncated_gz),
    "a bit flipped, compressed": (".nii.gz", _flipped_gz),
    "a block lost, compressed": (".nii.gz", _zeroed_gz),
    "a header field out of range": (".nii", _field_out_of_range),
    "a header field out of range, compressed": (".nii.gz", _field_out_of_range_gz),
    "wrong magic": (".nii", _wrong_magic),
    "something else": (".nii.gz", _something_else),
    "more than the header says": (".nii.gz", _larger_than_said_gz),
    "a huge image": (".nii.gz", _huge_image_gz),
}


def write_bomb(path: Path, gigabytes: int) -> None:
    """Write a gzip file that unpacks to that many gigabytes of zeros."""
    block = _packed(bytes(64 * 2**20))  # members one after the other are one stream
    with path.open("wb") as file:
        for _ in range(gigabytes * 16):
            file.write(block)
