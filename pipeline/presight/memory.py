"""Memory of images, kept for the next image."""

from __future__ import annotations

import ctypes
from contextlib import suppress

# Parameters of mallopt(3), and the largest values that glibc takes.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_EVERYTHING, _LARGEST = 2**31 - 1, 2**25


def keep_memory() -> None:
    """Let the C library keep what this process frees.

    An image is freed and the next one of its size is made. In between, the system would take the
    memory and fill it with zeros once more: that is an eighth of a run. A process that waits for
    work should not ask for this. Does nothing where the C library is not glibc.
    """
    with suppress(OSError, AttributeError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_TRIM_THRESHOLD, _EVERYTHING)
        mallopt(_MMAP_THRESHOLD, _LARGEST)
