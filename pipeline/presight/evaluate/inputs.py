"""Which scans are evaluated: of a manifest or of a cache folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from presight.errors import InputError
from presight.evaluate.comparison import Comparison
from presight.evaluate.predictions import compare_cached, compare_scan
from presight.segment.bundle import Bundle
from presight.train.cache import TrainingVolume, read_cache
from presight.train.datasets.case import Case
from presight.train.datasets.manifest import manifest_cases
from presight.train.recipe import load_recipe
from presight.train.split import Part, split_cases


@dataclass(frozen=True)
class Scan:
    """One scan with a drawn mask, from either source."""

    source: Case | TrainingVolume

    @property
    def id(self) -> str:
        """``dataset/name``."""
        return self.source.id

    @property
    def dataset(self) -> str:
        """Name of the dataset."""
        return self.source.dataset

    @property
    def patient(self) -> str:
        """Whose scan it is."""
        return self.source.patient

    @property
    def grid(self) -> str:
        """Which grid masks are compared on."""
        return "the grid they were drawn on" if isinstance(self.source, Case) else "the 1 mm grid"

    def compare(self, bundle: Bundle, device: str) -> Comparison:
        """Run the bundle over the scan."""
        if isinstance(self.source, Case):
            return compare_scan(self.source, bundle, device)
        return compare_cached(self.source, bundle, device)


def read_scans(inputs: Sequence[Path]) -> tuple[Scan, ...]:
    """Find the scans of manifests and cache folders; those without a mask are passed over.

    Raises
    ------
    InputError
        One of the inputs cannot be read, or two hold a scan of the same name.
    """
    scans = tuple(Scan(source) for path in inputs for source in _sources(path))
    names = [scan.id for scan in scans]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise InputError(f"the scan {twice} is there twice", expected="each scan once")
    return scans


def select(
    scans: Sequence[Scan], recipe: Path | None, part: Part, patterns: Sequence[str] | None
) -> tuple[Scan, ...]:
    """Keep the scans of one part of a recipe's split whose ``dataset/name`` matches a pattern.

    Raises
    ------
    ConfigError
        The recipe cannot be read, or parts the scans of a patient.
    InputError
        Nothing is left.
    """
    chosen = tuple(scans)
    if recipe:
        chosen = split_cases(chosen, load_recipe(recipe).split)[part]
    if patterns:
        chosen = tuple(s for s in chosen if any(fnmatch(s.id, pattern) for pattern in patterns))
    if not chosen:
        raise InputError(
            f"none of {len(scans)} scans with a mask is left to evaluate",
            expected="a part and patterns that match some dataset/name",
        )
    return chosen


def _sources(path: Path) -> Iterator[Case | TrainingVolume]:
    if path.is_dir():
        yield from read_cache(path)
    else:
        yield from (case for case in manifest_cases(path) if case.mask is not None)
