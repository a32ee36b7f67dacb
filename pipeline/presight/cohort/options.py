"""How to run a cohort."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class RunOptions:
    """How to run.

    Attributes
    ----------
    out : Path
        Folder for the results.
    bundle : Path
        Folder of the segmentation model.
    device : {"auto", "cpu", "cuda", "openvino"}
    resume : bool
        Keep a study whose result already stands there and was made from the same input files,
        clinical values, weights and settings.
    settings : mapping
        What stands over the shipped configuration.
    setting : str or None
        Prior to start from, of ``configs/evidence/prior.yaml``.
    without : tuple of str
        Facts to leave out of the score.
    prior : Path or None
        Where the earlier scans of the patients are: results of a run, a FLAIR or DICOM.
    days_since_prior : float or None
        Days between the two, where neither headers nor the names of the sessions say it.
    jobs : int or None
        Studies to run at a time, each in a process of its own; ``None``: as many as fit.
    scheduler : str or None
        Address of a Dask scheduler to run on instead of this machine.
    group : bool
        Whether to write the tables and the page of all studies at the end.
    labels : Path or None
        Table of known classes, for the calibration on that page.
    dicom : bool
        Whether to write DICOM objects of results whose FLAIR came as DICOM.
    dicom_anatomy : bool
        Whether to write the regions as DICOM too.
    """

    out: Path
    bundle: Path
    device: str = "auto"
    resume: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict)
    setting: str | None = None
    without: tuple[str, ...] = ()
    prior: Path | None = None
    days_since_prior: float | None = None
    jobs: int | None = None
    scheduler: str | None = None
    group: bool = True
    labels: Path | None = None
    dicom: bool = False
    dicom_anatomy: bool = False

    @property
    def that_matter(self) -> dict[str, Any]:
        """What a result depends on: written beside it, and part of its fingerprint."""
        chosen = {
            "setting": self.setting,
            "without": list(self.without),
            "days_since_prior": self.days_since_prior,
            "dicom": self.dicom,
            "dicom_anatomy": self.dicom_anatomy,
        }
        return {**self.settings, **{key: value for key, value in chosen.items() if value}}
