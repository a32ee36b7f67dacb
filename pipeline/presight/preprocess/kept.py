"""Keep what takes seconds to work out in the user's cache folder, checked when it is read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.uint8]


def kept(
    name: str, made_from: str, shape: tuple[int, ...] | None, make: Callable[[], Labels]
) -> Labels:
    """Read a label map, or bytes of any meaning, from the cache, or make and keep them.

    The file's name carries the hash of what the map is made from, and the file that of its own
    content: another source or a damaged file is made anew. Where the folder cannot be written,
    the map is made each time.

    Parameters
    ----------
    name : str
        What it is.
    made_from : str
        Everything that the content depends on.
    shape : tuple of int or None
        ``None`` where it is not known before.
    make : callable
        Makes the map.

    Returns
    -------
    ndarray of uint8
    """
    path = cache_folder() / f"{name}-{_hash(made_from.encode())[:16]}.npz"
    found = _read(path, shape)
    if found is None:
        found = make()
        _write(path, found)
    return found


def cache_folder() -> Path:
    """``presight`` in ``XDG_CACHE_HOME``, or in ``~/.cache`` where that is not set."""
    home = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(home) / "presight"


def _read(path: Path, shape: tuple[int, ...] | None) -> Labels | None:
    try:
        with np.load(path, allow_pickle=False) as stored:
            labels, checksum = stored["labels"], str(stored["sha256"])
    except Exception:  # missing or damaged in any way: it is made again
        return None
    whole = shape in (None, labels.shape) and labels.dtype == np.uint8
    return labels if whole and _hash(labels.tobytes()) == checksum else None


def _write(path: Path, labels: Labels) -> None:
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as stream:
            np.savez_compressed(stream, labels=labels, sha256=_hash(labels.tobytes()))
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink()


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
