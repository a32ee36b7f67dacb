"""One labelled scan of a dataset, before anything is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Case:
    """Where one scan and its truth lie, and whose it is.

    Attributes
    ----------
    dataset : str
        Name of the dataset: ``"lgg"``.
    name : str
        Name of the scan within its dataset: ``"P14_T2"``.
    patient : str
        Patient the scan is of: ``"P14"``. Splits never part the scans of one patient.
    site : str
        Institution or scanner, as the dataset states it.
    flair : Path
    mask : Path or None
        Hyperintensity drawn by people, on the grid of the FLAIR; ``None`` where nobody drew it,
        which does not mean that there is none.
    licence : str
    """

    dataset: str
    name: str
    patient: str
    site: str
    flair: Path
    mask: Path | None
    licence: str

    @property
    def id(self) -> str:
        """``dataset/name``: what split rules are matched against."""
        return f"{self.dataset}/{self.name}"
