"""What is printed into a pipe that nobody reads: the end, without a word."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from presight.pipes import READER_LEFT, ending_with_the_reader

TABLE = """
from presight.console import print_table
from presight.pipes import ending_with_the_reader
with ending_with_the_reader():
    print_table(["dataset", "dice"], [("fold", [["a", "0.5"]])])
"""


@pytest.fixture
def unread():
    """Writing end of a pipe whose reader has left."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["-m", "presight", "info", "--json"], id="printed by a command"),
        pytest.param(["-c", TABLE], id="printed as a table"),
    ],
)
def test_a_command_ends_quietly_when_nobody_reads_on(words, unread):
    done = run(words, stdout=unread, stderr=subprocess.PIPE)
    assert done.stderr == b""
    assert done.returncode == READER_LEFT == 141


def test_so_does_help(unread):  # whose own printing forgives what cannot be written
    assert run(["-m", "presight", "--help"], stdout=unread, stderr=subprocess.PIPE).stderr == b""


def test_an_error_that_nobody_reads_ends_quietly_too(unread, tmp_path):
    words = [
        "-m",
        "presight",
        "score",
        str(tmp_path / "gone.csv"),
        "--out",
        str(tmp_path / "a.csv"),
    ]
    assert run(words, stdout=unread, stderr=unread).returncode == READER_LEFT


def test_a_connection_that_breaks_is_no_reader_who_left():
    with pytest.raises(BrokenPipeError), ending_with_the_reader():
        raise BrokenPipeError


def run(words: list[str], **outputs: int) -> subprocess.CompletedProcess[bytes]:
    """Python, with that for what it prints."""
    return subprocess.run([sys.executable, *words], check=False, **outputs)
