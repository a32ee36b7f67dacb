"""The files of a study appear all together: they are written aside and then moved into place."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from presight.cohort.locks import STATE
from presight.report.atomic import output_error

_LAST = "_assessment.json"  # makes a study complete


@contextmanager
def staged(out: Path, study: str) -> Iterator[Path]:
    """Give a folder to write a study's results into, laid out as ``out`` is.

    At the end they are moved into ``out``, the assessment last. A process that is killed before
    leaves nothing there that could be taken for a result.

    Parameters
    ----------
    out : Path
        Output folder of the run, on the same disk.
    study : str
        Stem of the study, whose lock is held.

    Raises
    ------
    OutputError
        A file cannot be moved.
    """
    folder = out / STATE / "staging" / study
    shutil.rmtree(folder, ignore_errors=True)  # of a process that was killed
    try:
        yield folder
        _move(folder, out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _move(folder: Path, out: Path) -> None:
    files = (path for path in folder.glob("*/**/*") if path.is_file())
    for path in sorted(files, key=lambda path: path.name.endswith(_LAST)):
        target = out / path.relative_to(folder)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
        except OSError as error:
            raise output_error(target, error) from error
