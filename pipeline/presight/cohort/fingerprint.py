"""What a result depends on, as one hash: equal means that running again would change nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from presight import __version__
from presight.errors import InputError
from presight.study import ClinicalRecord, Contrast, StudyInput


def fingerprint(
    study: StudyInput, clinical: ClinicalRecord, model_sha256: str, settings: Mapping[str, Any]
) -> str:
    """Sha256 of the input files' bytes, the clinical record, the weights and the settings.

    Raises
    ------
    InputError
        A file cannot be read.
    """
    parts = {
        "presight": __version__,
        "study": study.stem,
        "files": {name.value: file_sha256(path) for name, path in _files(study)},
        "clinical": clinical.model_dump(mode="json"),
        "model": model_sha256,
        "settings": settings,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


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
    return [(Contrast.FLAIR, study.flair), *sorted(study.others.items())]
