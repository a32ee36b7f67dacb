"""Where the DICOM objects of a result are."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from presight.study import Study, StudyInput


def dicom_folder(study: Study | StudyInput, out: Path) -> Path:
    """Folder for the objects of a study; nothing is made."""
    session = [f"ses-{study.session}"] if study.session else []
    return out.joinpath(f"sub-{study.subject}", *session, "dicom")


def discard_dicom(study: Study | StudyInput, out: Path) -> None:
    """Take away the objects of an older result."""
    folder = dicom_folder(study, out)
    with suppress(OSError):
        for file in folder.glob(f"{study.stem}_desc-*.dcm"):
            file.unlink()
        folder.rmdir()
