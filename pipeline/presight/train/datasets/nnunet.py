"""A dataset in the raw layout of nnU-Net v2."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from presight.errors import InputError
from presight.train.datasets.case import Case, Truth
from presight.train.datasets.names import patient_of, plain

_LAYOUT = "dataset.json, imagesTr/CASE_0000.nii.gz and labelsTr/CASE.nii.gz"
_FLAIR = ("flair", "t2f", "t2-f")


def nnunet_cases(folder: Path) -> Iterator[Case]:
    """Yield the cases of ``DatasetXXX_NAME``: ``imagesTr`` and ``imagesTs`` with their labels.

    The FLAIR is the channel whose name says so, or the only one. Every label but ``background``
    is lesion and ``ignore`` is ignored. The dataset's name is that of the folder.

    Raises
    ------
    InputError
        ``dataset.json`` cannot be read or names no FLAIR.
    """
    about = _about(folder)
    channel, ending = _flair_channel(about, folder), str(about.get("file_ending", ".nii.gz"))
    suffix = f"_{channel:04d}{ending}"
    for part in ("Tr", "Ts"):
        for flair in (folder / f"images{part}").glob(f"*{suffix}"):
            name = flair.name.removesuffix(suffix)
            truth = _truth(folder / f"labels{part}" / f"{name}{ending}", about)
            licence = str(about.get("licence") or about.get("license") or "not stated")
            dataset = plain(folder.name)
            yield Case(dataset, name, patient_of(name), dataset, flair, truth, licence)


def _about(folder: Path) -> dict[str, Any]:
    path = folder / "dataset.json"
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError("the description cannot be read", where=path, expected=_LAYOUT) from error
    if not isinstance(about, dict):
        raise InputError("the description is not an object", where=path, expected=_LAYOUT)
    return about


def _flair_channel(about: dict[str, Any], folder: Path) -> int:
    channels = {str(name).lower(): int(number) for number, name in _channels(about).items()}
    named = [number for name, number in channels.items() if any(word in name for word in _FLAIR)]
    if len(named) == 1 or (not named and len(channels) == 1):
        return named[0] if named else next(iter(channels.values()))
    raise InputError(
        f"{len(named) or 'none'} of the channels {', '.join(channels) or '(none)'} is FLAIR",
        where=folder / "dataset.json",
        expected="one channel_names entry that says FLAIR",
    )


def _channels(about: dict[str, Any]) -> dict[str, Any]:
    channels = about.get("channel_names") or about.get("modality") or {}
    return channels if isinstance(channels, dict) else {}


def _truth(mask: Path, about: dict[str, Any]) -> Truth | None:
    if not mask.is_file():
        return None
    labels = about.get("labels", {})
    lesion = {
        value
        for name, values in labels.items()
        if name not in {"background", "ignore"}
        for value in _listed(values)
    }
    ignored = tuple(_listed(labels.get("ignore", ())))
    return Truth((mask,), tuple(sorted(lesion - {0} - set(ignored))), ignored)


def _listed(values: int | Iterable[int]) -> list[int]:
    return [values] if isinstance(values, int) else [int(value) for value in values]
