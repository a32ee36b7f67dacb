"""A pipe whose reader has left: ``presight info | head -1`` ends there and says nothing of it."""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn, TextIO

READER_LEFT = 128 + signal.SIGPIPE  # what a shell reports of any other program that this happens to


@contextmanager
def ending_with_the_reader() -> Iterator[None]:
    """End the program when what it prints, or has printed, is read by nobody.

    Raises
    ------
    SystemExit
        With the code 141.
    BrokenPipeError
        It was about something else, such as a connection.
    """
    try:
        try:
            yield
        finally:  # now, and not when Python ends: it would complain of the rest
            sys.stdout.flush()
    except BrokenPipeError:
        if not any(map(_reader_left, _outputs())):
            raise
        leave()


def leave() -> NoReturn:
    """End the program; what is still to be written to the pipe goes nowhere.

    Raises
    ------
    SystemExit
        With the code 141.
    """
    for output in filter(_reader_left, _outputs()):
        os.dup2(os.open(os.devnull, os.O_WRONLY), output.fileno())
    raise SystemExit(READER_LEFT)


def _outputs() -> tuple[TextIO, TextIO]:
    return sys.stdout, sys.stderr


def _reader_left(output: TextIO) -> bool:
    poll = select.poll()
    poll.register(output.fileno(), 0)  # errors are told of unasked
    return bool(poll.poll(0))
