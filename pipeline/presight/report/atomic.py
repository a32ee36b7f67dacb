"""A file appears whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from presight.errors import OutputError

_ACTIONS = {
    "ENOSPC": "Free some space or choose another folder with --out",
    "EDQUOT": "Free some of your quota or choose another folder with --out",
    "EFBIG": "Raise the file size limit or choose another folder with --out",
    "EACCES": "Choose a folder that you may write to with --out",
    "EPERM": "Choose a folder that you may write to with --out",
    "EROFS": "Choose a folder that you may write to with --out",
}


def write_atomically(path: Path, writer: Callable[[BinaryIO], object]) -> None:
    """Write beside ``path``, flush to disk, then rename, making the folders that are missing.

    Parameters
    ----------
    path : Path
        The file to make or to replace.
    writer : callable
        Is given the binary file to write into.

    Raises
    ------
    OutputError
        The disk is full, the folder may not be written to, ...: nothing is left behind, and a
        file that was there before is untouched.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            writer(file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException as error:
        _discard(beside)
        if isinstance(error, OSError):
            raise output_error(path, error) from error
        raise


def write_text(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8, whole or not at all. Raises as `write_atomically` does."""
    write_atomically(path, lambda file: file.write(text.encode("utf-8")))


def output_error(path: Path, error: OSError) -> OutputError:
    """Say in a sentence why ``path`` could not be written."""
    reason = (error.strerror or str(error)).lower()
    action = _ACTIONS.get(_name(error), "Choose another folder with --out")
    return OutputError(f"the file cannot be written ({reason})", where=path, action=action)


def _name(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, "")


def _discard(path: Path) -> None:
    with suppress(OSError):  # the folder itself may not be writable: then there is nothing there
        path.unlink(missing_ok=True)
