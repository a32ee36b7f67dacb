"""Locks: two runs on one output folder never work on one study at the same time.

A lock is held by a process on a small file and is free again the moment that the process ends,
however it ends. The files stay: taking one away could let two runs hold "the" lock.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from presight.errors import OutputError
from presight.report.atomic import output_error

STATE = ".presight"  # what belongs to the runs and not to the results
GROUP = "group"


class Busy(Exception):  # noqa: N818 (it is no error: somebody else is at work)
    """Another process holds the lock."""


@contextmanager
def lock(out: Path, name: str, *, wait: bool) -> Iterator[None]:
    """Hold the lock ``name`` of an output folder.

    Parameters
    ----------
    out : Path
    name : str
        A study's stem, or :data:`GROUP` for the tables and pages of all of them.
    wait : bool
        Whether to wait for another process that holds it.

    Raises
    ------
    Busy
        Another process holds it, and ``wait`` is false.
    OutputError
        The folder cannot be written to, or its disk knows no locks.
    """
    path = out / STATE / "locks" / f"{name}.lock"
    held = FileLock(path, timeout=-1 if wait else 0)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held.acquire()
    except Timeout as error:
        raise Busy(name) from error
    except NotImplementedError as error:
        raise OutputError(
            "the disk of the output folder knows no file locks",
            where=out,
            action="Mount it with locks (Lustre: -o flock), or choose another folder with --out",
        ) from error
    except OSError as error:
        raise output_error(path, error) from error
    try:
        yield
    finally:
        held.release()


def is_held(out: Path, name: str) -> bool:
    """Whether a process holds the lock at this moment; looking needs no right to write."""
    if not (out / STATE / "locks" / f"{name}.lock").exists():
        return False
    try:
        with lock(out, name, wait=False):
            return False
    except Busy:
        return True
    except OutputError:  # may be looked at only: nothing is known
        return False
