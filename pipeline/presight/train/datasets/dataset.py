"""What all public datasets have in common: a folder goes in, cases come out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar

from presight.errors import InputError
from presight.train.datasets.case import Case, Truth
from presight.train.datasets.facts import DatasetFacts, facts_of


class Dataset(ABC):
    """A dataset in its own published folder layout.

    A subclass names its entry of ``configs/datasets.yaml``, says what the folder should hold, and
    finds the scans in it.
    """

    name: ClassVar[str]
    layout: ClassVar[str]

    @property
    def facts(self) -> DatasetFacts:
        """Citation, licence, download and meaning of the mask values."""
        return facts_of(self.name)

    def cases(self, folder: Path, workspace: Path) -> tuple[Case, ...]:
        """Every scan below ``folder``, by name; what must be converted goes to ``workspace``.

        Raises
        ------
        InputError
            The folder does not hold the dataset, or two scans have one name.
        """
        return checked(self._find(folder, workspace), folder, self.layout)

    @abstractmethod
    def _find(self, folder: Path, workspace: Path) -> Iterator[Case]: ...

    def _case(
        self, name: str, patient: str, site: str, flair: Path, masks: Iterable[Path] = ()
    ) -> Case:
        facts = self.facts
        drawn = tuple(mask for mask in masks if mask.is_file())
        truth = Truth(drawn, facts.lesion, facts.ignored, facts.complete) if drawn else None
        return Case(self.name, name, patient, site, flair, truth, facts.licence)


def checked(cases: Iterable[Case], folder: Path, layout: str) -> tuple[Case, ...]:
    """Cases by name, once it is sure that there are some, each with an image and a name of its own.

    Raises
    ------
    InputError
        There is none, an image is missing, or two scans have one name.
    """
    found = tuple(sorted(cases, key=lambda case: case.name))
    if not found:
        raise InputError("no scan was found", where=folder, expected=layout)
    for case in found:
        if not case.flair.is_file():
            raise InputError(f"{case.name} has no FLAIR", where=case.flair, expected=layout)
    name, count = Counter(case.name for case in found).most_common(1)[0]
    if count > 1:
        raise InputError(
            f"{count} scans are called {name}",
            where=folder,
            expected="every scan once",
            action="Give a folder that holds one copy of the dataset",
        )
    return found
