"""How far a figure would move with other patients of the same kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Reduce = Callable[..., Any]  # numpy.nanmedian or numpy.nanmean: of an array, along an axis


def interval(
    values: Sequence[float], patients: Sequence[str], reduce: Reduce, settings: dict[str, Any]
) -> tuple[float, float] | None:
    """Percentile interval of the bootstrap (Efron 1979), patients drawn with all their scans.

    Parameters
    ----------
    values : sequence of float, (N,)
        One a scan.
    patients : sequence of str, (N,)
        Whose scan it is: scans of one patient are no independent evidence.
    reduce : callable
        ``numpy.nanmedian`` or ``numpy.nanmean``.
    settings : dict
        ``bootstrap`` of ``configs/evaluation.yaml``.

    Returns
    -------
    (float, float) or None
        ``None`` for fewer patients than ``fewest_patients``.
    """
    table = _by_patient(values, patients)
    if len(table) < settings["fewest_patients"]:
        return None
    rng = np.random.default_rng(settings["seed"])
    drawn = rng.integers(len(table), size=(settings["resamples"], len(table)))
    results = reduce(table[drawn].reshape(len(drawn), -1), axis=1)
    tail = (1 - settings["level"]) / 2
    low, high = np.quantile(results, [tail, 1 - tail])
    return float(low), float(high)


def _by_patient(values: Sequence[float], patients: Sequence[str]) -> NDArray[np.float64]:
    """One row a patient, filled up with NaN."""
    scans = defaultdict[str, list[float]](list)
    for value, patient in zip(values, patients, strict=True):
        scans[patient].append(value)
    table = np.full((len(scans), max(map(len, scans.values()), default=0)), np.nan)
    for row, of_patient in zip(table, scans.values(), strict=True):
        row[: len(of_patient)] = of_patient
    return table
