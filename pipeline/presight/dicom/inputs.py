"""From folders and zips of DICOM to the studies that are meant."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from presight.dicom.choose import Choice, Wishes, choose
from presight.dicom.files import FileRef, is_dicomdir, list_files, looks_like_dicom
from presight.dicom.index import Index, Series, index_files
from presight.dicom.stack import Stack
from presight.errors import InputError
from presight.study.contrast import Contrast
from presight.study.days import UNORDERED
from presight.study.inputs import (
    Plan,
    bids_label,
    find_studies,
    with_others,
    without_shared_ids,
)
from presight.study.load import StudyInput

_NIFTI = (".nii", ".nii.gz")
_LABEL_LENGTH = 10
_NAMED = 6


@dataclass(frozen=True)
class Examination:
    """One examination as it was found.

    Attributes
    ----------
    source : Path
        What was given: a folder, a zip, ...
    subject, session : str, str or None
        BIDS labels; never taken from the header, which names the patient.
    choice : Choice
    """

    source: Path
    subject: str
    session: str | None
    choice: Choice

    @property
    def stem(self) -> str:
        """BIDS file-name stem: ``sub-<id>[_ses-<id>]``."""
        return f"sub-{self.subject}" + (f"_ses-{self.session}" if self.session else "")

    def as_input(self) -> StudyInput:
        """Hand it to a run.

        Raises
        ------
        InputError
            It has no FLAIR.
        """
        taken = self.choice.taken
        if Contrast.FLAIR not in taken:
            raise InputError(
                f"no FLAIR was found among {_series_seen(self.choice)}",
                where=self.source,
                action="See why with --list-series, and name it with --series flair=UID",
            )
        series = taken[Contrast.FLAIR].series
        return StudyInput(
            self.subject,
            self.source,
            self.session,
            images=taken,
            day=series.day,
            patient=short_hash(series.patient) if series.patient.strip() else "",
        )


def find_all(
    paths: Iterable[Path],
    others: Mapping[Contrast, Path] | None = None,
    wishes: Wishes | None = None,
) -> Plan:
    """Find the studies of every path that a person gave, NIfTI and DICOM alike.

    Parameters
    ----------
    paths : iterable of Path
    others : mapping of Contrast to Path, optional
        NIfTI files of further contrasts; allowed with a single study only.
    wishes : mapping of Contrast to Wish or None, optional
        Series that a person asked for.

    Raises
    ------
    InputError
        There is nothing to run, or a wish cannot be granted.
    """
    dicom: list[Path] = []
    nifti: list[Path] = []
    for path in paths:
        (dicom if holds_dicom(path) else nifti).append(path)
    if not dicom:
        return find_studies(nifti, others)
    found, refused = _inputs(dicom, wishes)
    if nifti:
        plan = find_studies(nifti)
        found, refused = [*found, *plan.studies], [*refused, *plan.refused]
    if others:
        found = [with_others(found, others)]
    return without_shared_ids(found, tuple(refused))


def holds_dicom(path: Path) -> bool:
    """Whether a path that a person gave is to be read as DICOM.

    A zip and a DICOMDIR are; a folder is if it holds no NIfTI file and at least one DICOM file.

    Raises
    ------
    InputError
        The path cannot be read.
    """
    if path.name.endswith(_NIFTI):
        return False
    if not path.is_dir():
        return path.suffix.lower() == ".zip" or looks_like_dicom(path)
    files = [ref.path for ref in list_files(path)]
    has_nifti = any(file.name.endswith(_NIFTI) for file in files)
    return not has_nifti and any(looks_like_dicom(file) for file in files)


def find_examinations(path: Path, wishes: Wishes | None = None) -> tuple[list[Examination], Index]:
    """Index a path and choose the series of each examination below it.

    An input with one patient is called after itself, as a NIfTI file is; a DICOMDIR after the
    folder that it lies in. Of several patients, one
    with a folder of his own is called after that; any other, and several examinations of one
    patient, by a hash of the study UID: such sessions have no order in time.

    Raises
    ------
    InputError
        There is no MR image, or a wish cannot be granted.
    """
    index = index_files(list_files(path))
    if not index.series:
        raise _nothing(path, index)
    by_study: dict[str, list[Series]] = defaultdict(list)
    for series in index.series:
        by_study[series.info.study_uid].append(series)
    _check_wishes(index, wishes or {})
    labels = _labels(path.absolute().parent if is_dicomdir(path) else path, index.series)
    found = [
        Examination(path, *labels[uid], choose(_stacks(series), _of_study(series, wishes or {})))
        for uid, series in by_study.items()
    ]
    return found, index


def _series_seen(choice: Choice) -> str:
    names = sorted({verdict.stack.series.name for verdict in choice.verdicts})
    return f"{len(names)} series ({', '.join(names[:_NAMED])}{', ...' * (len(names) > _NAMED)})"


def _stacks(series: Iterable[Series]) -> list[Stack]:
    return [stack for one in series for stack in one.stacks]


def _check_wishes(index: Index, wishes: Wishes) -> None:
    known = {series.info.uid for series in index.series}
    for contrast, wish in wishes.items():
        if wish and wish.uid not in known:
            raise InputError(
                f"there is no series {wish.uid} to take as {contrast.value}",
                action="See the UIDs with --list-series",
            )


def _of_study(series: Sequence[Series], wishes: Wishes) -> Wishes:
    """Keep the wishes that speak of this examination: those for its series, and those for none."""
    own = {one.info.uid for one in series}
    return {contrast: wish for contrast, wish in wishes.items() if wish is None or wish.uid in own}


def _labels(path: Path, series: Sequence[Series]) -> dict[str, tuple[str, str | None]]:
    """Subject and session of each study UID."""
    studies: dict[str, set[str]] = defaultdict(set)
    folders: dict[str, set[str]] = defaultdict(set)
    for one in series:
        studies[one.info.patient].add(one.info.study_uid)
        folders[one.info.patient] |= {_folder(ref, path) for s in one.stacks for ref in s.files}
    labels = {}
    for patient, uids in studies.items():
        others = set().union(*(names for other, names in folders.items() if other != patient))
        subject = _own_name(path, folders[patient], others, alone=len(studies) == 1)
        for uid in uids:
            session = UNORDERED + short_hash(uid) if subject and len(uids) > 1 else None
            labels[uid] = (subject or short_hash(uid), session)
    return labels


def _folder(ref: FileRef, path: Path) -> str:
    """Name of the first folder below the input that a file lies in."""
    inside = PurePosixPath(ref.member or ref.path.absolute().relative_to(path.absolute()))
    return inside.parts[0] if len(inside.parts) > 1 else ""


def _own_name(path: Path, folders: set[str], others: set[str], *, alone: bool) -> str | None:
    if alone:
        return bids_label(path.absolute().name.split(".")[0])
    own = next(iter(folders)) if len(folders) == 1 else ""
    return bids_label(own) if own and own not in others else None


def short_hash(uid: str) -> str:
    """Label that stands for a UID and does not show it."""
    return hashlib.sha256(uid.encode()).hexdigest()[:_LABEL_LENGTH]


def _inputs(
    paths: Iterable[Path], wishes: Wishes | None
) -> tuple[list[StudyInput], list[tuple[Path, InputError]]]:
    found: list[StudyInput] = []
    refused: list[tuple[Path, InputError]] = []
    for path in paths:
        for examination in find_examinations(path, wishes)[0]:
            try:
                found.append(examination.as_input())
            except InputError as error:
                refused.append((path, error))
    return found, refused


def _nothing(path: Path, index: Index) -> InputError:
    reasons = sorted({error.found for _, error in index.skipped})
    return InputError(
        f"no MR image among {len(index.skipped)} files ({'; '.join(reasons[:3]) or 'no file'})",
        where=path,
        expected="DICOM files of an MR examination",
    )
