"""What the watcher needs of a PACS, whatever it speaks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from presight.errors import PresightError


class ArchiveError(PresightError):
    """The PACS does not answer, refuses, or answers what cannot be understood: try again later."""


@dataclass(frozen=True)
class Seen:
    """A study as it stands in the PACS.

    Attributes
    ----------
    uid : str
        Study instance UID.
    signature : str
        Changes when images come in; results that are stored back do not change it.
    """

    uid: str
    signature: str


class Archive(Protocol):
    """A PACS. Every method raises ArchiveError where it does not answer."""

    def studies(self) -> Sequence[Seen]:
        """Find the studies that match the filter of ``configs/pacs.yaml``."""

    def fetch(self, uid: str, folder: Path) -> None:
        """Write the images of a study into a folder."""

    def missing(self, study_uid: str, sop_uids: Collection[str]) -> set[str]:
        """Those of the objects that the PACS does not hold."""

    def store(self, files: Sequence[Path]) -> None:
        """Give objects to the PACS."""
