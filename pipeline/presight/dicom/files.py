"""Which files may be DICOM: below a folder, in a zip, or named by a DICOMDIR."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile, ZipFile, ZipInfo, is_zipfile

import pydicom
from pydicom.errors import BytesLengthException, InvalidDicomError

from presight.config import load_config
from presight.errors import InputError

_ENCRYPTED = 0x1  # flag of a zip member
HEAD = 132  # bytes of preamble and prefix
UNREADABLE = (  # what pydicom raises where a header is damaged
    InvalidDicomError, BytesLengthException, OSError, EOFError, ValueError, KeyError, TypeError,
    AttributeError, NotImplementedError, IndexError, MemoryError, RecursionError, OverflowError,
)  # fmt: skip
_OLD_BEGINNINGS = (b"\x08\0\x05\0", b"\x08\0\0\0", b"\x02\0\0\0")


@dataclass(frozen=True, order=True)
class FileRef:
    """A file on disk, or a member of a zip, which is read in place and never unpacked."""

    path: Path
    member: str | None = None

    @property
    def name(self) -> str:
        """Name without folders."""
        return PurePosixPath(self.member).name if self.member else self.path.name


def list_files(path: Path) -> list[FileRef]:
    """List every file that a folder, a zip, a DICOMDIR or a single file stands for.

    Links to folders are not followed: they can be loops.

    Raises
    ------
    InputError
        The path cannot be read, holds too much, or is a zip that is encrypted, damaged, a bomb,
        or has members that point out of it.
    """
    try:
        if path.is_dir():
            found = [FileRef(file) for file in _below(path)]
        elif is_zipfile(path):
            found = [FileRef(path, name) for name in _members(path)]
        elif is_dicomdir(path):
            found = [FileRef(file) for file in _named_by(path)]
        else:
            found = [FileRef(path)] if path.is_file() else []
    except OSError as error:
        raise InputError(f"it cannot be read ({error.strerror})", where=path) from error
    most = load_config("dicom.yaml")["files"]["files_at_most"]
    if len(found) > most:
        raise InputError(f"there are {len(found)} files", where=path, expected=f"at most {most}")
    return found


def opened(refs: Iterable[FileRef]) -> Iterator[tuple[FileRef, BufferedIOBase]]:
    """Open one file after the other; a zip stays open as long as its members follow each other.

    Raises
    ------
    OSError, BadZipFile
        A file cannot be opened.
    """
    with ExitStack() as stack:
        archive: ZipFile | None = None
        for ref in refs:
            if ref.member is None:
                with ref.path.open("rb") as file:
                    yield ref, file
                continue
            if archive is None or archive.filename != str(ref.path):
                stack.close()
                archive = stack.enter_context(ZipFile(ref.path))
            with archive.open(ref.member) as packed:
                yield ref, packed  # type: ignore[misc]  # ZipExtFile, which zipfile calls IO


def is_dicomdir(path: Path) -> bool:
    """Whether a file is the table of contents of a CD or an export."""
    return path.name.upper() == "DICOMDIR" and path.is_file()


def looks_like_dicom(path: Path) -> bool:
    """Whether the first bytes of a file are those of DICOM."""
    try:
        with path.open("rb") as file:
            return starts_as_dicom(file.read(HEAD))
    except OSError:
        return False


def starts_as_dicom(head: bytes) -> bool:
    """Whether bytes are a preamble with its prefix, or group 2 or 8 at once, as of old files."""
    return head[128:HEAD] == b"DICM" or head.startswith(_OLD_BEGINNINGS)


def _below(folder: Path) -> list[Path]:
    return sorted(Path(parent, name) for parent, _, names in os.walk(folder) for name in names)


def _members(path: Path) -> list[str]:
    try:
        with ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
    except (BadZipFile, NotImplementedError) as error:
        raise InputError("the zip is damaged", where=path, action="Copy it again") from error
    _check_members(members, path)
    return sorted(member.filename for member in members)


def _check_members(members: list[ZipInfo], path: Path) -> None:
    if any(_points_out(member.filename) for member in members):
        raise InputError(
            "the zip has members that point out of it ('..' or an absolute path)",
            where=path,
            action="Do not unpack it; ask where it comes from",
        )
    if any(member.flag_bits & _ENCRYPTED for member in members):
        raise InputError("the zip is encrypted", where=path, action="Unpack it and give the folder")
    limit = load_config("dicom.yaml")["files"]["zip_ratio_at_most"]
    unpacked = sum(member.file_size for member in members)
    if unpacked > limit * path.stat().st_size:
        raise InputError(
            f"the zip would unpack to {unpacked / 2**30:.1f} GiB, more than {limit} times its size",
            where=path,
            expected="a zip of DICOM files, not a zip bomb",
        )


def _points_out(name: str) -> bool:
    parts = PurePosixPath(name.replace("\\", "/"))
    return parts.is_absolute() or ".." in parts.parts or name[1:2] == ":"


def _named_by(dicomdir: Path) -> list[Path]:
    """Files that a DICOMDIR names, none outside of its folder; one may be gone, which is told."""
    try:
        records = pydicom.dcmread(dicomdir).get("DirectoryRecordSequence", [])
    except UNREADABLE as error:
        raise InputError("the DICOMDIR is damaged", where=dicomdir) from error
    root = dicomdir.parent
    ids = [record.get("ReferencedFileID") for record in records]
    named = [root.joinpath(*([part] if isinstance(part, str) else part)) for part in ids if part]
    if not all(file.resolve().is_relative_to(root.resolve()) for file in named):
        raise InputError("the DICOMDIR names files outside of its folder", where=dicomdir)
    return sorted(_as_spelt(named, root))


def _as_spelt(named: list[Path], root: Path) -> list[Path]:
    """Find files whose names a copy has put into small letters, as many systems mount a CD."""
    if all(file.is_file() for file in named):
        return named
    there = {str(file).casefold(): file for file in _below(root)}
    return [there.get(str(file).casefold(), file) for file in named]
