"""From a BIDS dataset to the studies in it, by the names of its files.

The rules are those of the Brain Imaging Data Structure (Gorgolewski 2016,
10.1038/sdata.2016.44): ``sub-<label>/[ses-<label>/]<datatype>/<entities>_<suffix>.nii[.gz]``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType

import nibabel as nib

from presight.config import load_config
from presight.errors import InputError
from presight.study.contrast import Contrast
from presight.study.diffusion import b_values_beside
from presight.study.inputs import Plan, bids_label, without_shared_ids
from presight.study.load import StudyInput

DESCRIPTION = "dataset_description.json"


@dataclass(frozen=True)
class Selection:
    """Which part of a dataset is meant. Empty means all of it.

    Attributes
    ----------
    subjects, sessions : tuple of str
        Labels, with or without ``sub-`` and ``ses-``.
    entities : mapping of str to str
        What an entity of the FLAIR's name must be, ``*`` and ``?`` allowed: ``{"acq": "space*"}``.
        Empty text: the name must not have that entity.
    """

    subjects: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    entities: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class BidsFile:
    """An image by the parts of its name.

    Attributes
    ----------
    path : Path
    datatype : str
        The folder it lies in: ``"anat"``, ``"dwi"``.
    entities : mapping of str to str
        In the order of the name: ``{"sub": "01", "run": "2"}``.
    suffix : str
    """

    path: Path
    datatype: str
    entities: Mapping[str, str]
    suffix: str


def is_bids(folder: Path) -> bool:
    """Whether the folder is a BIDS dataset of images as they came from the scanner."""
    try:
        text = (folder / DESCRIPTION).read_text(encoding="utf-8")
        description = json.loads(text)
    except (OSError, ValueError):
        return False
    kind = description.get("DatasetType", "raw") if isinstance(description, dict) else None
    return kind in ("raw", "study")


def find_bids(dataset: Path, selection: Selection | None = None) -> Plan:
    """Find every FLAIR of a dataset, each a study, with the other contrasts of its session.

    Two FLAIRs of one session are two studies, told apart by the further entities of their names.
    A companion is the image of the session that shares most entities with the FLAIR.

    Parameters
    ----------
    dataset : Path
    selection : Selection, optional

    Returns
    -------
    Plan
        Refused are subjects without a FLAIR, and FLAIRs whose content was not fetched.

    Raises
    ------
    InputError
        There is no such folder, or nothing is left after the selection.
    """
    chosen = selection or Selection()
    parts = [_of_subject(f, chosen) for f in _subject_folders(dataset, chosen.subjects)]
    studies = [study for part in parts for study in part.studies]
    refused = tuple(refusal for part in parts for refusal in part.refused)
    if not studies and not refused:
        raise _nothing(dataset, chosen)
    return without_shared_ids(studies, refused)


def bids_file(path: Path) -> BidsFile:
    """Take the name of an image apart."""
    *parts, suffix = path.name.removesuffix(".gz").removesuffix(".nii").split("_")
    pairs = (part.partition("-") for part in parts)
    entities = {key: value for key, dash, value in pairs if dash}
    return BidsFile(path, path.parent.name, entities, suffix)


def _of_subject(folder: Path, chosen: Selection) -> Plan:
    """Sort the FLAIRs of one subject into studies and refusals."""
    try:
        found = [study for visit in _visits(folder, chosen.sessions) for study in _studies(visit)]
    except InputError as error:
        return Plan((), ((folder, error),))
    if not found and not chosen.sessions:
        return Plan((), ((folder, _no_flair(folder)),))
    wanted = [study for study in found if _fits(study, chosen.entities)]
    missing = ((study.stem, _not_fetched(study)) for study in wanted)
    errors = {stem: why for stem, why in missing if why is not None}
    return Plan(
        tuple(study for study in wanted if study.stem not in errors),
        tuple((study.flair, errors[study.stem]) for study in wanted if study.stem in errors),
    )


def _subject_folders(dataset: Path, subjects: tuple[str, ...]) -> list[Path]:
    folders = [child for child in _children(dataset) if child.name.startswith("sub-")]
    wanted = {bids_label(subject.removeprefix("sub-")) for subject in subjects}
    there = {bids_label(folder.name.removeprefix("sub-")) for folder in folders}
    if missing := sorted(wanted - there):
        raise InputError(
            f"there is no participant {missing[0]}",
            where=dataset,
            expected=f"one of its {len(there)} participants",
        )
    return [f for f in folders if not wanted or bids_label(f.name.removeprefix("sub-")) in wanted]


def _visits(subject: Path, sessions: tuple[str, ...]) -> list[Path]:
    """Folders that hold the datatypes: the sessions, or the subject itself where it has none."""
    wanted = {bids_label(session.removeprefix("ses-")) for session in sessions}
    visits = [child for child in _children(subject) if child.name.startswith("ses-")]
    if wanted:
        return [v for v in visits if bids_label(v.name.removeprefix("ses-")) in wanted]
    return [subject, *visits]


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(child for child in folder.iterdir() if child.is_dir())
    except OSError as error:
        raise InputError(f"the folder cannot be read ({error.strerror})", where=folder) from error


def _studies(visit: Path) -> Iterator[StudyInput]:
    images = list(_images(visit))
    for flair in images:
        if _rank(flair, Contrast.FLAIR) is not None:
            yield StudyInput(
                subject=bids_label(_label(visit, "sub-")),
                flair=flair.path,
                session=bids_label(_label(visit, "ses-")) if _label(visit, "ses-") else None,
                others=_companions(flair, images),
                entities=_further(flair),
            )


def _images(visit: Path) -> Iterator[BidsFile]:
    datatypes = {rule["folder"] for rules in _rules().values() for rule in rules}
    for folder in (child for child in _children(visit) if child.name in datatypes):
        for path in sorted(folder.iterdir()):
            if path.name.endswith((".nii", ".nii.gz")) and not path.name.startswith("."):
                yield bids_file(path)


def _label(visit: Path, prefix: str) -> str:
    parts = (visit.parent.name, visit.name)
    return next((part.removeprefix(prefix) for part in parts if part.startswith(prefix)), "")


def _further(flair: BidsFile) -> str:
    """Entities beyond subject and session, as they go into the names of the results."""
    rest = {key: value for key, value in flair.entities.items() if key not in ("sub", "ses")}
    return "_".join(f"{bids_label(key)}-{bids_label(value)}" for key, value in rest.items())


def _companions(flair: BidsFile, images: list[BidsFile]) -> dict[Contrast, Path]:
    found = {c: _best(c, flair, images) for c in Contrast if c is not Contrast.FLAIR}
    return {contrast: image.path for contrast, image in found.items() if image is not None}


def _best(contrast: Contrast, flair: BidsFile, images: Iterable[BidsFile]) -> BidsFile | None:
    ranked = [
        (rank, -len(image.entities.items() & flair.entities.items()), image.path.name, image)
        for image in images
        if (rank := _rank(image, contrast)) is not None and _is_one_volume(image)
    ]
    return min(ranked, key=lambda item: item[:3])[3] if ranked else None


def _rank(image: BidsFile, contrast: Contrast) -> int | None:
    """Place of the image among the rules of a contrast, the best 0; ``None`` where none fits."""
    if image.entities.get("part") == "phase":
        return None
    after_agent = "ce" in image.entities and contrast is not Contrast.FLAIR
    for rank, rule in enumerate(_rules()[contrast.value]):
        named = (image.datatype, image.suffix) == (rule["folder"], rule["suffix"])
        if named and after_agent == rule.get("contrast_agent", False):
            return rank
    return None


def _is_one_volume(image: BidsFile) -> bool:
    """Whether it is one image, or a series that its b-values make one of.

    A damaged file is for its reader.
    """
    if image.suffix != "dwi" or b_values_beside(image.path) is not None:
        return True
    try:
        shape = nib.load(image.path).shape
    except Exception:  # whatever a damaged file makes a library raise
        return True
    return len(shape) == 3 or set(shape[3:]) == {1}


def _rules() -> Mapping[str, list[dict[str, str | bool]]]:
    rules: Mapping[str, list[dict[str, str | bool]]] = load_config("input.yaml")["bids"]
    return rules


def _fits(study: StudyInput, wanted: Mapping[str, str]) -> bool:
    entities = bids_file(study.flair).entities
    return all(
        fnmatchcase(entities.get(key, ""), pattern) if pattern else key not in entities
        for key, pattern in wanted.items()
    )


def _not_fetched(study: StudyInput) -> InputError | None:
    """Say that a link leads nowhere, as git-annex leaves one for content that is elsewhere."""
    paths = [study.flair, *study.others.values()]
    dangling = next((path for path in paths if path.is_symlink() and not path.exists()), None)
    if dangling is None:
        return None
    return InputError(
        "the file is a link to content that is not here",
        where=dangling,
        action="Fetch it first (datalad get, git annex get)",
    )


def _no_flair(subject: Path) -> InputError:
    return InputError(
        "the subject has no FLAIR",
        where=subject,
        expected="anat/*_FLAIR.nii.gz",
        action="Leave it out with --participant-label, or add the image",
    )


def _nothing(dataset: Path, selection: Selection) -> InputError:
    asked = [
        *(f"session {session}" for session in selection.sessions),
        *(f"{key}={pattern or '(none)'}" for key, pattern in selection.entities.items()),
    ]
    return InputError(
        f"no FLAIR was found with {', '.join(asked)}" if asked else "no subject was found",
        where=dataset,
        expected="sub-*/[ses-*/]anat/*_FLAIR.nii.gz",
    )
