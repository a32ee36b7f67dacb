"""A cohort as its page shows it, read from the tables in the output folder."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from presight.config import load_config
from presight.report.tables import Failure
from presight.score.assessment import Label

LABELS = tuple(label.value for label in Label)
CLASSES = tuple(label for label in LABELS if label != Label.INDETERMINATE)


@dataclass(frozen=True)
class Scan:
    """One complete study.

    Attributes
    ----------
    study : str
        BIDS stem.
    label : str
        Likeliest class, or ``indeterminate``.
    probabilities : mapping of str to float
    because, alerts, doubts : str
        As the tables say them; empty where there is nothing to say.
    numbers : mapping of str to float or None
        What was measured, by the name of its column.
    folder : str
        Where the study's files are, relative to the output folder.
    """

    study: str
    label: str
    probabilities: Mapping[str, float]
    because: str
    alerts: str
    doubts: str
    numbers: Mapping[str, float | None]
    folder: str

    @property
    def report(self) -> str:
        """The study's page, relative to the output folder."""
        return f"{self.folder}/{self.study}_desc-presight_report.html"

    @property
    def thumbnail(self) -> str:
        """The study's picture, relative to the output folder."""
        return f"{self.folder}/{self.study}_desc-presight_thumbnail.svg"

    @property
    def probability(self) -> float:
        """Probability of the likeliest class."""
        return max(self.probabilities.values())

    @property
    def lesion_ml(self) -> float | None:
        """Hyperintense volume."""
        return self.numbers.get("lesion_ml")


@dataclass(frozen=True)
class Cohort:
    """Every study of an output folder, in the order of the tables."""

    scans: tuple[Scan, ...]
    failures: tuple[Failure, ...]

    @property
    def worth_a_page(self) -> bool:
        """Whether there are several studies, one of them complete; a single one has its own."""
        return bool(self.scans) and len(self.scans) + len(self.failures) > 1

    @property
    def counts(self) -> Counter[str]:
        """Scans by label."""
        return Counter(scan.label for scan in self.scans)

    def flagged(self) -> list[Scan]:
        """Return the scans to look at first: with an alert, then by class and probability."""
        first: list[str] = load_config("cohort_page.yaml")["flagged"]["labels"]
        found = [scan for scan in self.scans if scan.alerts or scan.label in first]
        return sorted(
            found, key=lambda s: (not s.alerts, s.label not in first, -s.probability, s.study)
        )


def read_cohort(out: Path) -> Cohort:
    """Read ``findings.tsv``, ``assessments.tsv`` and ``failures.tsv``."""
    findings = {_study(row): row for row in _rows(out / "findings.tsv")}
    scans = tuple(_scan(row, findings[_study(row)]) for row in _rows(out / "assessments.tsv"))
    return Cohort(scans, tuple(Failure(**row) for row in _rows(out / "failures.tsv")))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def _study(row: Mapping[str, str]) -> str:
    parts = (row[name] for name in ("participant_id", "session_id", "scan"))
    return "_".join(part for part in parts if part != "n/a")


def _scan(assessment: Mapping[str, str], findings: Mapping[str, str]) -> Scan:
    session = assessment["session_id"]
    folders = [assessment["participant_id"], *([] if session == "n/a" else [session]), "anat"]
    return Scan(
        study=_study(assessment),
        label=assessment["label"],
        probabilities={name: float(assessment[name]) for name in CLASSES},
        because=_text(assessment["because"]),
        alerts=_text(assessment["alerts"]),
        doubts=_text(findings["quality_doubts"]),
        numbers={name: _number(cell) for name, cell in findings.items()},
        folder="/".join(folders),
    )


def _text(cell: str) -> str:
    return "" if cell == "n/a" else cell


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None
