"""What a result depends on, as hashes: all equal means that running again changes nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from presight import __version__
from presight.errors import InputError
from presight.study import ClinicalRecord, Contrast, StudyInput


def ingredients(
    study: StudyInput, clinical: ClinicalRecord, model_sha256: str, settings: Mapping[str, Any]
) -> dict[str, str]:
    """Hash of everything that goes into a result, by name.

    Returns
    -------
    dict of str to str
        Sha256 of each image's bytes by contrast, of the clinical record, the weights and the
        settings; the version of presight; the study's name.

    Raises
    ------
    InputError
        A file cannot be read.
    """
    return {
        "presight": __version__,
        "name": study.stem,
        **{name.value: file_sha256(path) for name, path in _files(study)},
        **{name.value: image.sha256() for name, image in sorted(study.images.items())},
        "clinical record": _sha256(clinical.model_dump(mode="json")),
        "weights": model_sha256,
        "settings": _sha256(settings),
    }


def fingerprint(parts: Mapping[str, str]) -> str:
    """Sha256 of all ingredients together."""
    return _sha256(dict(parts))


def changes(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """Names of the ingredients that differ, came or went."""
    return tuple(
        name for name in dict.fromkeys((*now, *before)) if before.get(name) != now.get(name)
    )


def file_sha256(path: Path) -> str:
    """Sha256 of a file, read in pieces.

    Raises
    ------
    InputError
        There is no such file, or it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise InputError("there is no such file", where=path, action="Check the path") from error
    except OSError as error:
        raise InputError(f"the file cannot be read ({error.strerror})", where=path) from error


def _files(study: StudyInput) -> list[tuple[Contrast, Path]]:
    paths = [(Contrast.FLAIR, study.flair), *sorted(study.others.items())]
    return [(contrast, path) for contrast, path in paths if contrast not in study.images]


def _sha256(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
