"""Labels that a person gives for the studies of a cohort, and how the answers agree with them."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from presight.cohort.page.data import CLASSES, Cohort
from presight.config import load_config
from presight.errors import InputError
from presight.evaluate.calibration import Reliability, reliability
from presight.study.inputs import bids_label
from presight.study.study import bids_stem


@dataclass(frozen=True)
class Calibration:
    """How the probabilities of a cohort agree with its labels.

    Attributes
    ----------
    scans : int
        With an answer and a label.
    brier : float
        Mean over the scans of the squared distance between probabilities and label, 0 to 2
        (Brier 1950, 10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2).
    curves : mapping of str to Reliability
        By class, for classes that a scan is labelled with.
    """

    scans: int
    brier: float
    curves: Mapping[str, Reliability]


def calibrate(cohort: Cohort, labels: Mapping[str, str]) -> Calibration | None:
    """Compare the probabilities with labels; ``None`` where too few scans have both."""
    settings = load_config("cohort_page.yaml")["calibration"]
    scans = [scan for scan in cohort.scans if scan.study in labels]
    if len(scans) < settings["scans_at_least"]:
        return None
    said = np.array([[scan.probabilities[name] for name in CLASSES] for scan in scans], np.float32)
    true = np.array([[labels[scan.study] == name for name in CLASSES] for scan in scans])
    return Calibration(
        scans=len(scans),
        brier=float(((said - true) ** 2).sum(axis=1).mean()),
        curves={
            name: reliability(said[:, column], true[:, column], settings["bins"])
            for column, name in enumerate(CLASSES)
            if true[:, column].any()
        },
    )


def read_labels(path: Path) -> dict[str, str]:
    """Read a table with the columns ``subject``, ``label`` and, where needed, ``session``.

    Returns
    -------
    dict of str to str
        From the stem of a study to its class.

    Raises
    ------
    InputError
        The table cannot be read, lacks a column, or names what is no class.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            delimiter = "\t" if path.suffix == ".tsv" else ","
            rows = list(csv.DictReader(file, delimiter=delimiter))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError("the table of labels cannot be read", where=path) from error
    return dict(_labelled(row, number, path) for number, row in enumerate(rows, 2))


def _labelled(row: Mapping[str, str | None], number: int, path: Path) -> tuple[str, str]:
    subject, session = (
        bids_label(text.removeprefix(prefix)) if (text := row.get(column) or "") else None
        for column, prefix in (("subject", "sub-"), ("session", "ses-"))
    )
    label = row.get("label")
    if not subject or label not in CLASSES:
        raise InputError(
            f"the row has the label {label!r} for the subject {row.get('subject')!r}",
            where=f"{path.name}, row {number}",
            expected=f"columns subject, label and perhaps session; a label of {', '.join(CLASSES)}",
        )
    return bids_stem(subject, session), label
