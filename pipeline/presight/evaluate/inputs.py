"""Which scans are evaluated: of a manifest or of a cache folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

from presight.errors import InputError
from presight.train.cache import TrainingVolume, read_cache
from presight.train.datasets.case import Case
from presight.train.datasets.manifest import manifest_cases
from presight.train.split import Part, Split, split_cases

Source = Case | TrainingVolume


def read_sources(inputs: Sequence[Path]) -> tuple[Source, ...]:
    """Find the scans of manifests and cache folders; those without a mask are passed over.

    Raises
    ------
    InputError
        One of the inputs cannot be read, or two hold a scan of the same name.
    """
    sources = tuple(source for path in inputs for source in _sources(path))
    name, times = Counter(source.id for source in sources).most_common(1)[0] if sources else ("", 0)
    if times > 1:
        raise InputError(f"the scan {name} is there {times} times", expected="each scan once")
    return sources


def select(
    sources: Sequence[Source], split: Split | None, part: Part, patterns: Sequence[str] | None
) -> tuple[Source, ...]:
    """Keep the scans of one part of a split whose ``dataset/name`` matches one of the patterns.

    Parameters
    ----------
    sources : sequence of Case or TrainingVolume
        With a split, all that it was made for: a fold is dealt among them.
    split : Split or None
    part : {"train", "validation", "test"}
        Of the split, where there is one.
    patterns : sequence of str or None

    Raises
    ------
    ConfigError
        The split parts the scans of a patient, or leaves none to train on.
    InputError
        Nothing is left.
    """
    chosen = split_cases(sources, split)[part] if split else tuple(sources)
    if patterns:
        chosen = tuple(s for s in chosen if any(fnmatch(s.id, pattern) for pattern in patterns))
    if not chosen:
        raise InputError(
            f"none of {len(sources)} scans with a mask is left to evaluate",
            expected="a part and patterns that match some dataset/name",
        )
    return chosen


def _sources(path: Path) -> Iterator[Source]:
    if path.is_dir():
        yield from read_cache(path)
    else:
        yield from (case for case in manifest_cases(path) if case.truth is not None)
