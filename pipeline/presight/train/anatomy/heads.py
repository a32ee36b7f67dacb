"""Heads with known regions, at half resolution on disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from presight.errors import InputError
from presight.preprocess.halve import halved
from presight.train.cache import TrainingVolume


@dataclass(frozen=True)
class AnatomyHead:
    """One head on a 2 mm RAS+ grid.

    Attributes
    ----------
    name : str
    image : (X, Y, Z) ndarray of float16
        FLAIR, commonest brain intensity 1.
    labels : (X, Y, Z) ndarray of uint8
        Ids of ``configs/anatomy.yaml``; 0 outside the brain.
    """

    name: str
    image: NDArray[np.float16]
    labels: NDArray[np.uint8]


def halve_volume(volume: TrainingVolume) -> AnatomyHead:
    """Bring a cached volume to half resolution."""
    image = halved(volume.image.astype(np.float32)).astype(np.float16)
    return AnatomyHead(volume.id.replace("/", "__"), image, volume.anatomy[::2, ::2, ::2].copy())


def write_head(head: AnatomyHead, folder: Path) -> None:
    """Write a head whole or not at all, as ``<name>.npz``."""
    beside = folder / f"{head.name}.part"
    with beside.open("wb") as stream:
        np.savez(stream, image=head.image, labels=head.labels)
    beside.replace(folder / f"{head.name}.npz")


def read_heads(folder: Path, patterns: Sequence[str] = ("*",)) -> tuple[AnatomyHead, ...]:
    """Every head of a folder whose name fits one of the patterns, by name.

    Raises
    ------
    InputError
        There is none.
    """
    paths = [
        path
        for path in sorted(folder.glob("*.npz"))
        if any(fnmatch(path.stem, pattern) for pattern in patterns)
    ]
    if not paths:
        raise InputError("there is no head to train on", where=folder, expected="*.npz files")
    return tuple(_read(path) for path in paths)


def _read(path: Path) -> AnatomyHead:
    with np.load(path, allow_pickle=False) as stored:
        return AnatomyHead(path.stem, stored["image"], stored["labels"])
