"""The files of a comparison, named and laid out as the other derivatives are."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass
from pathlib import Path

from presight.config import load_config
from presight.follow_up.change import Change
from presight.follow_up.comparison import Comparison
from presight.follow_up.page import render_change
from presight.follow_up.trend import TrendPoint
from presight.report.atomic import write_text
from presight.report.bids import sidecar, to_json, write_dataset
from presight.report.brains import FLAIR_STEP
from presight.report.nifti import write_nifti
from presight.study import StudyInput


@dataclass(frozen=True)
class ChangeFiles:
    """Paths of what a comparison leaves behind, beside the results of the later scan.

    The scan before lies on the grid of the later FLAIR, so that the two can be looked at together.
    """

    change_map: Path
    map_labels: Path
    map_sidecar: Path
    report: Path
    page: Path
    prior_flair: Path
    prior_flair_sidecar: Path
    prior_mask: Path
    prior_mask_sidecar: Path
    prior_findings: Path


def change_files(subject: str, session: str | None, out: Path) -> ChangeFiles:
    """Where the files of a comparison go under ``out``; nothing is written."""
    stem = StudyInput(subject, Path(), session).stem
    folder = out.joinpath(f"sub-{subject}", *([f"ses-{session}"] if session else []), "anat")
    return ChangeFiles(
        change_map=folder / f"{stem}_space-orig_desc-change_dseg.nii.gz",
        map_labels=folder / f"{stem}_space-orig_desc-change_dseg.tsv",
        map_sidecar=folder / f"{stem}_space-orig_desc-change_dseg.json",
        report=folder / f"{stem}_desc-presight_change.json",
        page=folder / f"{stem}_desc-presight_change.html",
        prior_flair=folder / f"{stem}_space-orig_desc-prior_FLAIR.nii.gz",
        prior_flair_sidecar=folder / f"{stem}_space-orig_desc-prior_FLAIR.json",
        prior_mask=folder / f"{stem}_space-orig_label-L_desc-prior_mask.nii.gz",
        prior_mask_sidecar=folder / f"{stem}_space-orig_label-L_desc-prior_mask.json",
        prior_findings=folder / f"{stem}_desc-prior_findings.json",
    )


def write_change(
    comparison: Comparison, out: Path, course: tuple[TrendPoint, ...] = ()
) -> ChangeFiles:
    """Write the map and the scan before, on the grid of the later FLAIR, the numbers and the page.

    Raises
    ------
    OutputError
        A file cannot be written.
    """
    after = comparison.after
    files = change_files(after.subject, after.session or None, out)
    write_dataset(out)
    source = after.flair.source
    about = sidecar(
        "What became of each lesion since the scan before", [source.name] if source else []
    )
    write_nifti(files.change_map, comparison.native_map(), after.flair.grid)
    write_text(files.map_labels, _labels())
    write_text(files.map_sidecar, to_json(about))
    write_text(files.page, render_change(comparison, course))
    _write_prior(comparison, files)
    write_text(files.report, to_json(comparison.report.model_dump(mode="json")))
    return files


def _write_prior(comparison: Comparison, files: ChangeFiles) -> None:
    before, grid = comparison.before, comparison.after.flair.grid
    flair, lesion = comparison.native_prior()
    source = [before.flair.source.name] if before.flair.source else []
    told = "Brain on the FLAIR before, the commonest brain intensity 1"
    write_nifti(files.prior_flair, flair, grid, step=FLAIR_STEP)
    write_text(files.prior_flair_sidecar, to_json(sidecar(told, source, SkullStripped=True)))
    write_nifti(files.prior_mask, lesion, grid)
    told = "Hyperintensity on the FLAIR before"
    write_text(files.prior_mask_sidecar, to_json(sidecar(told, source, Type="Lesion")))
    write_text(files.prior_findings, to_json(before.findings.model_dump(mode="json")))


def discard_change(subject: str, session: str | None, out: Path) -> None:
    """Take away the files of an older comparison: they no longer belong to the result."""
    for path in astuple(change_files(subject, session, out)):
        with suppress(OSError):
            path.unlink(missing_ok=True)


def write_trend(subject: str, course: Sequence[TrendPoint], out: Path) -> Path:
    """Write the course of a patient as a table, ``n/a`` for what is not known.

    Raises
    ------
    OutputError
    """
    path = out / f"sub-{subject}" / f"sub-{subject}_desc-presight_trend.tsv"
    columns = list(TrendPoint.model_fields)
    lines = ["\t".join(columns)]
    for point in course:
        values = point.model_dump(mode="json")
        cells = ("n/a" if values[name] is None else str(values[name]) for name in columns)
        lines.append("\t".join(cells))
    write_text(path, "\n".join(lines) + "\n")
    return path


def _labels() -> str:
    kinds = load_config("follow_up.yaml")["page"]["kinds"]
    rows = [f"{change.value}\t{kinds[change.name.lower()]['name'].lower()}" for change in Change]
    return "\n".join(["index\tname", *rows]) + "\n"
