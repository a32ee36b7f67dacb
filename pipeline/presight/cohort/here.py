"""Many studies at a time on this machine, each in a process of its own.

A process runs its study from reading to writing, so the stages of different studies overlap, and
no more studies are in memory than there are processes. One that dies takes only its study along.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait

from presight.cohort.outcome import DONE, Outcome, Progress, failed
from presight.cohort.threads import share_threads
from presight.cohort.work import Work, do
from presight.config import load_config
from presight.errors import PresightError
from presight.memory import keep_memory

Function = Callable[[Work, Callable[[str], None]], Outcome]


def run_one_by_one(works: Iterable[Work], progress: Progress) -> Iterator[Outcome]:
    """Run studies in this process, one after the other."""
    share_threads(jobs=1)
    for work in works:
        outcome = do(work, partial(progress, work.files))
        progress(work.files, DONE)
        yield outcome


def run_in_processes(
    works: Iterable[Work], progress: Progress, jobs: int, function: Function = do
) -> Iterator[Outcome]:
    """Run ``jobs`` studies at a time and yield each outcome as it comes.

    Parameters
    ----------
    works : iterable of Work
        Taken one by one as processes become free.
    progress : callable of (study, stage)
    jobs : int
    function : callable
        What is done with each study, importable by name.
    """
    waiting, free = iter(works), deque(_Worker(jobs, function) for _ in range(jobs))
    busy: list[_Worker] = []
    try:
        while True:
            while free and (work := next(waiting, None)):
                busy.append(free.popleft())
                busy[-1].begin(work)
            if not busy:
                return
            for worker in _ready(busy):
                outcome = worker.hear(progress)
                if outcome is not None:
                    busy.remove(worker)
                    free.append(worker)
                    yield outcome
    finally:
        for worker in (*busy, *free):
            worker.end()


class _Worker:
    """A process that runs one study after the other, and its replacement when it dies."""

    def __init__(self, jobs: int, function: Function) -> None:
        self._jobs, self._function = jobs, function
        self._tries = 0
        self._start()

    def _start(self) -> None:
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, self._jobs, self._function), daemon=True
        )
        self._process.start()
        theirs.close()

    def begin(self, work: Work) -> None:
        self._work, self._tries = work, load_config("cohort.yaml")["tries_after_death"]
        self._send()

    def _send(self) -> None:
        with suppress(OSError):  # it died just now: hearing from it will say so
            self.pipe.send(self._work)

    def hear(self, progress: Progress) -> Outcome | None:
        """Take one message: the name of a stage, or the outcome, which is returned."""
        files = self._work.files
        try:
            message = self.pipe.recv()
        except (EOFError, OSError):
            message = self._died()
        if isinstance(message, str):
            progress(files, message)
            return None
        if message is not None:
            progress(files, DONE)
        return message

    def _died(self) -> Outcome | None:
        """Start a new process; try the study again, or give it up."""
        self._process.join()
        self.pipe.close()
        code = self._process.exitcode
        self._start()
        if self._tries:
            self._tries -= 1
            self._send()
            return None
        return failed(self._work.files, _death(code), "run")

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        self.pipe.close()


def _ready(workers: list[_Worker]) -> list[_Worker]:
    ready = wait([worker.pipe for worker in workers])
    return [worker for worker in workers if worker.pipe in ready]


def _death(code: int | None) -> PresightError:
    how = f"by signal {-code}" if code and code < 0 else f"with exit code {code}"
    return PresightError(
        f"the process that ran the study ended {how}, also when it was tried again",
        expected="it to live: most often the memory was not enough",
        action="Run it with fewer --jobs, or on a machine with more memory",
    )


def _serve(pipe: Connection, jobs: int, function: Function) -> None:
    """Run what comes through the pipe until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who started this process
    threading.Thread(target=_die_with_parent, daemon=True).start()
    share_threads(jobs)
    keep_memory()
    with suppress(EOFError, OSError):
        while True:
            pipe.send(function(pipe.recv(), pipe.send))


def _die_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
