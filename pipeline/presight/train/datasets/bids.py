"""A BIDS dataset whose lesion masks are a derivative."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from presight.errors import InputError
from presight.train.datasets.case import Case, Truth
from presight.train.datasets.names import plain

_FLAIR = re.compile(
    r"sub-(?P<patient>[A-Za-z0-9]+)(?:_ses-(?P<visit>[A-Za-z0-9]+))?(?:_[a-z]+-[A-Za-z0-9]+)*"
    r"_FLAIR\.nii(?:\.gz)?"
)
_LESION = re.compile(r"label-L_|lesion|wmh|hyperintensity", re.IGNORECASE)
_NOT_A_MASK = re.compile(r"probseg|brain", re.IGNORECASE)


def bids_cases(folder: Path) -> Iterator[Case]:
    """Yield a case for every ``sub-*/[ses-*/]anat/*_FLAIR.nii[.gz]``.

    Parameters
    ----------
    folder : Path
        The dataset, or the one folder below its ``derivatives`` that holds the masks. A mask is a
        file of the same subject and session whose name holds ``label-L``, ``lesion``, ``wmh`` or
        ``hyperintensity``; several of one scan are several raters.

    Raises
    ------
    InputError
        More than one derivative holds lesion masks: which of them people drew is for a person
        to say.
    """
    root, derivative = _root_and_derivative(folder)
    about = _about(root)
    dataset = plain(str(about.get("Name") or root.resolve().name))
    licence = str(about.get("License") or "not stated")
    drawn = sorted(_masks_below(derivative)) if derivative else []
    for flair in [*root.glob("sub-*/anat/*"), *root.glob("sub-*/ses-*/anat/*")]:
        if named := _FLAIR.fullmatch(flair.name):
            masks = _masks_of(named["patient"], named["visit"], drawn)
            truth = Truth(masks) if masks else None
            name = flair.name.split("_FLAIR")[0]
            yield Case(dataset, name, f"sub-{named['patient']}", dataset, flair, truth, licence)


def _root_and_derivative(folder: Path) -> tuple[Path, Path | None]:
    if folder.resolve().parent.name == "derivatives":
        return folder.resolve().parent.parent, folder
    held = [child for child in (folder / "derivatives").glob("*") if any(_masks_below(child))]
    if any(child.name.startswith("sub-") for child in held):
        return folder, folder / "derivatives"
    if len(held) > 1:
        raise InputError(
            f"{' and '.join(sorted(child.name for child in held))} hold lesion masks",
            where=folder / "derivatives",
            expected="one folder of masks that people drew",
            action=f"Give that folder itself, for example {folder}/derivatives/{held[0].name}",
        )
    return folder, held[0] if held else None


def _masks_below(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*.nii*"):
        if _LESION.search(path.name) and not _NOT_A_MASK.search(path.name):
            yield path


def _masks_of(patient: str, visit: str | None, drawn: list[Path]) -> tuple[Path, ...]:
    start = f"sub-{patient}_ses-{visit}_" if visit else f"sub-{patient}_"
    return tuple(path for path in drawn if path.name.startswith(start))


def _about(root: Path) -> dict[str, object]:
    try:
        about = json.loads((root / "dataset_description.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return about if isinstance(about, dict) else {}
