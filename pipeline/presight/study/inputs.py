"""From what a person typed to the studies that are meant: files, folders, tables."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from presight.config import load_config
from presight.errors import InputError
from presight.study.contrast import Contrast
from presight.study.load import StudyInput

_ENDINGS = (".nii", ".nii.gz")
_BIDS = re.compile(r"sub-(?P<subject>[A-Za-z0-9]+)(?:_ses-(?P<session>[A-Za-z0-9]+))?")


@dataclass(frozen=True)
class Plan:
    """The studies to run, and the inputs that cannot be one, with the reason."""

    studies: tuple[StudyInput, ...]
    refused: tuple[tuple[Path, InputError], ...] = ()


def find_studies(paths: Iterable[Path], others: Mapping[Contrast, Path] | None = None) -> Plan:
    """Find the studies below the given files and folders.

    A file is a FLAIR. A folder with a file called ``flair.nii[.gz]`` is one study, and the files
    beside it that are called after another contrast (``configs/input.yaml``) belong to it. In any
    other folder every NIfTI file is a FLAIR of its own, and its sub-folders are searched.

    Parameters
    ----------
    paths : iterable of Path
    others : mapping of Contrast to Path, optional
        Further contrasts of the study; allowed with a single FLAIR only.

    Raises
    ------
    InputError
        There is nothing to run, or further contrasts were given for several studies.
    """
    paths = list(paths)
    found = [study for path in paths for study in _below(path)]
    if not found:
        raise InputError(
            "no NIfTI file and no DICOM was found",
            where=", ".join(str(path) for path in paths) or None,
            expected="a .nii or .nii.gz file, a DICOM examination, or a folder that holds some",
        )
    if others:
        found = [with_others(found, others)]
    return without_shared_ids(found)


def read_table(path: Path) -> Plan:
    """Read a table of studies: columns ``flair``, other contrasts, ``subject``, ``session``.

    Paths are relative to the table. CSV, or TSV by its ending.

    Raises
    ------
    InputError
        The table cannot be read, has no column ``flair``, an unknown column, or no row.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ",")
            rows, columns = list(reader), list(reader.fieldnames or [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            "the table of studies cannot be read", where=path, expected="a CSV or TSV file in UTF-8"
        ) from error
    _check_columns(columns, path)
    if not rows:
        raise InputError("the table of studies has no row", where=path)
    return without_shared_ids([_from_row(row, path) for row in rows])


def with_others(found: list[StudyInput], others: Mapping[Contrast, Path]) -> StudyInput:
    """Add further contrasts to the one study; what a person names stands over what was found.

    Raises
    ------
    InputError
        There are several studies.
    """
    if len(found) != 1:
        raise InputError(
            f"further contrasts were given for {len(found)} studies",
            expected="one FLAIR together with --t1, --adc and so on",
            action="Use --table for many studies",
        )
    study = found[0]
    images = {c: image for c, image in study.images.items() if c not in others}
    return replace(study, others={**study.others, **others}, images=images)


def without_shared_ids(
    found: list[StudyInput], refused: tuple[tuple[Path, InputError], ...] = ()
) -> Plan:
    """Refuse studies whose results would overwrite each other."""
    by_stem: dict[str, list[StudyInput]] = defaultdict(list)
    for study in found:
        by_stem[study.stem].append(study)
    single = tuple(studies[0] for studies in by_stem.values() if len(studies) == 1)
    shared = tuple(
        (study.flair, _shared_id(stem, studies))
        for stem, studies in by_stem.items()
        if len(studies) > 1
        for study in studies
    )
    return Plan(single, (*refused, *shared))


def bids_label(text: str) -> str:
    """Letters and digits of a text, which is all that a BIDS label may hold."""
    return re.sub(r"[^A-Za-z0-9]", "", text) or "unnamed"


def _below(path: Path) -> list[StudyInput]:
    if not _is_folder(path):
        return [_from_file(path)]
    return [study for folder in _folders(path) for study in _in_folder(folder)]


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # may not even be looked at: reading it as a file will say so
        return False


def _folders(path: Path) -> list[Path]:
    """List the folder and those below it; links to folders are not followed: they can be loops."""
    if (path / "dataset_description.json").exists():
        raise InputError(
            "this is a BIDS dataset, whose files are not all FLAIR",
            where=path,
            expected="FLAIR files, a folder of them, or a table of studies",
            action="Name the FLAIR files, or list them in a table given with --table",
        )
    try:
        children = sorted(path.iterdir())
    except OSError as error:
        raise InputError(f"the folder cannot be read ({error.strerror})", where=path) from error
    below = [child for child in children if child.is_dir() and not child.is_symlink()]
    return [path, *(folder for child in below for folder in _folders(child))]


def _in_folder(folder: Path) -> list[StudyInput]:
    files = sorted(f for f in folder.iterdir() if f.is_file() and f.name.endswith(_ENDINGS))
    by_contrast = {contrast: file for file in files if (contrast := _contrast_of(file))}
    if Contrast.FLAIR in by_contrast:
        flair = by_contrast.pop(Contrast.FLAIR)
        return [StudyInput(*_ids(flair), others=by_contrast)]
    return [_from_file(file) for file in files]


def _from_file(path: Path) -> StudyInput:
    return StudyInput(*_ids(path))


def _ids(flair: Path) -> tuple[str, Path, str | None]:
    """Subject, file and session: from BIDS entities, else from the file's or folder's name."""
    entities = _BIDS.search(flair.name)
    if entities:
        return entities["subject"], flair, entities["session"]
    named_by_folder = _contrast_of(flair) is not None
    name = flair.absolute().parent.name if named_by_folder else _stem(flair)
    return bids_label(name), flair, None


def _contrast_of(path: Path) -> Contrast | None:
    names: dict[str, list[str]] = load_config("input.yaml")["companions"]
    stem = _stem(path).lower()
    return next((Contrast(key) for key, known in names.items() if stem in known), None)


def _stem(path: Path) -> str:
    return path.name.removesuffix(".gz").removesuffix(".nii")


def _check_columns(columns: list[str], path: Path) -> None:
    known = {"subject", "session", *(contrast.value for contrast in Contrast)}
    unknown = sorted(set(columns) - known)
    if "flair" not in columns or unknown:
        raise InputError(
            f"the table has the columns {', '.join(columns) or '(none)'}",
            where=path,
            expected=f"flair, and any of {', '.join(sorted(known - {'flair'}))}",
        )


def _from_row(row: dict[str, str], table: Path) -> StudyInput:
    paths = {c: table.parent / row[c.value] for c in Contrast if row.get(c.value)}
    flair = paths.pop(Contrast.FLAIR, table.parent / "(no flair in this row)")
    subject, _, session = _ids(flair)
    given = (row.get("subject") or "").removeprefix("sub-")
    return StudyInput(
        subject=bids_label(given) if given else subject,
        flair=flair,
        session=bids_label(row["session"].removeprefix("ses-")) if row.get("session") else session,
        others=paths,
    )


def _shared_id(stem: str, studies: list[StudyInput]) -> InputError:
    return InputError(
        f"{len(studies)} inputs have the one id {stem}",
        where=", ".join(str(study.flair) for study in studies),
        expected="an id for each",
        action="Rename them, or name subject and session in a table given with --table",
    )
