"""Threads that this process computes with: its share of the cores."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextvars import copy_context
from typing import ParamSpec, TypeVar

from joblib import cpu_count

_Given = ParamSpec("_Given")
_Made = TypeVar("_Made")

_shared: list[int] = []  # empty where nobody said


def submit(
    pool: Executor, work: Callable[_Given, _Made], *args: _Given.args, **kwargs: _Given.kwargs
) -> Future[_Made]:
    """Have a thread do something with the settings that hold here (``config.overridden``)."""
    context = copy_context()
    return pool.submit(lambda: context.run(work, *args, **kwargs))


def cores() -> int:
    """Cores that this process may use: those of its affinity mask and its container."""
    return max(1, int(cpu_count()))


def use_threads(count: int) -> None:
    """Compute with so many threads from now on; torch is told when a device is selected."""
    _shared[:] = [max(1, count)]


def shared_threads() -> int | None:
    """Threads that were given to this process; ``None`` where nobody said."""
    return _shared[0] if _shared else None
