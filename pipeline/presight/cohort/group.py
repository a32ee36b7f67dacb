"""What an output folder says about all of its studies together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from presight.cohort.history import History
from presight.cohort.ledger import RunRecord, read_ledger
from presight.cohort.locks import GROUP, lock
from presight.cohort.page.data import read_cohort
from presight.errors import InputError
from presight.report.result import ModelInfo
from presight.report.tables import Failure, write_failures, write_run_json, write_tables


def write_group(out: Path, labels: Path | None = None) -> None:
    """Write the tables of all studies, the failures, the record of the runs, and the page.

    They are made from what lies in the folder, so runs beside each other all end up with the
    same: the last to come here sees the work of the others.

    Parameters
    ----------
    out : Path
    labels : Path, optional
        Table of known classes, for the calibration.

    Raises
    ------
    InputError
        No run has been here, or a result or the labels cannot be read.
    OutputError
        A file cannot be written.
    """
    with lock(out, GROUP, wait=True):
        runs = read_ledger(out)
        if not runs:
            raise InputError(
                "no run has left results here",
                where=out,
                action="Run the participants first (presight run INPUT --out DIR)",
            )
        history = History.of(runs)
        write_tables(out)
        write_failures(out, _failures(runs[-1], history))
        _write_run_json(out, runs[-1].header, history)
        _write_page(out, labels)


def _write_page(out: Path, labels: Path | None) -> None:
    if not read_cohort(out).worth_a_page:
        return
    # Drawing takes libraries that a run does not wait for before its first study.
    from presight.cohort.page.write import write_page  # noqa: PLC0415

    write_page(out, labels)


def _failures(last: RunRecord, history: History) -> list[Failure]:
    """Studies whose last run failed, and what the last run refused to begin with."""
    refused = [Failure(**failure) for failure in last.header.get("refused", [])]
    named = {(failure.study, failure.input): failure for failure in history.failures()}
    return [*{**named, **{(f.study, f.input): f for f in refused}}.values()]


def _write_run_json(out: Path, header: Mapping[str, Any], history: History) -> None:
    unknown = {"name": "unknown", "version": "unknown", "sha256": "unknown"}
    write_run_json(
        out,
        bundle=ModelInfo(**header.get("bundle", unknown)),
        device=header.get("device", "unknown"),
        settings=header.get("settings", {}),
        anatomy=header.get("anatomy", {"method": "unknown", "because": "unknown"}),
        seconds=history.seconds(),
        peak_memory_mb=history.peak_memory_mb(),
    )
