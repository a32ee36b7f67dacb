"""Leave an evaluation behind: one row a scan, the figures for a program, a page for a person."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from presight import __version__
from presight.evaluate.calibration import Reliability, pooled
from presight.evaluate.case import CaseScore
from presight.evaluate.evaluation import Evaluation
from presight.evaluate.plots import write_plots
from presight.evaluate.sizes import SizeClass, together
from presight.evaluate.summary import Figure, Summary
from presight.evaluate.table import NOMINAL_NOTE, UNKNOWN, Section, headings, sections
from presight.report.atomic import write_text

_LIBRARIES = ("monai", "panoptica", "scipy", "numpy", "torch")


def write_evaluation(
    evaluation: Evaluation, summaries: tuple[Summary, ...], folder: Path
) -> dict[str, Any]:
    """Write ``cases.tsv``, ``summary.json``, ``summary.md`` and the plots (SVG and PNG).

    Parameters
    ----------
    evaluation : Evaluation
        With at least one score.
    summaries : tuple of Summary
    folder : Path
        Made if it is not there.

    Returns
    -------
    dict
        What ``summary.json`` holds.

    Raises
    ------
    OutputError
        A file cannot be written.
    """
    content = summary_content(evaluation, summaries)
    write_text(folder / "cases.tsv", _cases_table(evaluation.scores))
    write_text(folder / "summary.json", json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    pictures = write_plots(evaluation.scores, folder)
    write_text(folder / "summary.md", _page(evaluation, summaries, pictures))
    return content


def summary_content(evaluation: Evaluation, summaries: tuple[Summary, ...]) -> dict[str, Any]:
    """Everything of an evaluation but the single scans, JSON-able."""
    bundle = evaluation.bundle
    return {
        "presight": __version__,
        "model": {
            "name": bundle.name,
            "version": bundle.version,
            "sha256": bundle.sha256,
            "threshold": bundle.settings.threshold,
            "temperature": bundle.settings.temperature,
            "smallest_lesion_mm3": bundle.settings.smallest_lesion_mm3,
            "small_lesion_ml": bundle.settings.small_lesion_ml,
            "small_lesion_mean": bundle.settings.small_lesion_mean,
        },
        "compared_on": evaluation.compared_on,
        "libraries": {name: _version(name) for name in _LIBRARIES},
        "settings": evaluation.settings,
        "groups": [_group(summary) for summary in summaries],
        "lesions_by_size": [
            {**asdict(size), "recall": size.recall} for size in _sizes(evaluation.scores)
        ],
        "reliability": _bins(pooled(score.reliability for score in evaluation.scores)),
        "failed": [asdict(failed) for failed in evaluation.failed],
    }


def _sizes(scores: Sequence[CaseScore]) -> tuple[SizeClass, ...]:
    """Of the scans whose voxel size is known."""
    return together(score.by_size for score in scores if score.spacing_known)


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def _group(summary: Summary) -> dict[str, Any]:
    figures = {
        name: {**_figure(figure), "nominal": summary.is_nominal(name)}
        for name, figure in summary.figures.items()
    }
    return {**vars(summary), "figures": figures}


def _figure(figure: Figure) -> dict[str, Any]:
    low, high = figure.interval or (None, None)
    return {"value": figure.value, "low": low, "high": high, "scans": figure.scans}


def _bins(bins: Reliability) -> list[dict[str, float]]:
    columns = zip(bins.voxels, bins.predicted, bins.observed, strict=True)
    return [
        {"voxels": float(n), "mean_predicted": float(p / n), "mean_drawn": float(o / n)}
        for n, p, o in columns
        if n
    ]


def _cases_table(scores: tuple[CaseScore, ...]) -> str:
    rows = [_case_row(score) for score in scores]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter="\t", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _case_row(score: CaseScore) -> dict[str, str]:
    matched = score.matched
    values: dict[str, object] = {
        "id": score.id,
        "dataset": score.dataset,
        "patient": score.patient_id,
        "site": score.site,
        "spacing": "known" if score.spacing_known else "estimated",
        "slice_mm": score.slice_mm,
        "drawn_ml": score.drawn_ml,
        "found_ml": score.found_ml,
        "volume_error_ml": score.volume_error_ml,
        "volume_error_percent": score.volume_error_percent,
        "lesion_load_percent": score.lesion_load_percent,
        "dice": score.dice,
        "hd95_mm": score.hd95_mm,
        "detected": score.detected,
        "lesions_drawn": score.overlap.drawn,
        "lesions_found": score.overlap.found,
        "lesion_recall": score.overlap.recall,
        "lesion_precision": score.overlap.precision,
        "lesion_f1": score.overlap.f1,
        "matched_recall": matched and matched.recall,
        "matched_precision": matched and matched.precision,
        "matched_f1": matched and matched.f1,
        "ece": score.reliability.ece,
        "false_ml": score.false_ml,
        "free_slices_false_ml": score.free_slices_false_ml,
    }
    return {name: _cell(value) for name, value in values.items()}


def _cell(value: object) -> str:
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.6g}" if isinstance(value, float) else " ".join(str(value).split())


def _page(evaluation: Evaluation, summaries: tuple[Summary, ...], pictures: dict[str, str]) -> str:
    bundle, settings = evaluation.bundle, evaluation.settings
    parts = [
        f"# {bundle.name} {bundle.version}",
        f"Compared on {evaluation.compared_on}; threshold {bundle.settings.threshold:g}, "
        f"temperature {bundle.settings.temperature:g}. Brackets: 95 % intervals by bootstrap over "
        f"patients; none for fewer than {settings['bootstrap']['fewest_patients']}. "
        "Research use only.",
        *_tables(sections(summaries, settings["not_measured"])),
        *([] if all(summary.spacing_known for summary in summaries) else [NOMINAL_NOTE]),
        *_sizes_table(_sizes(evaluation.scores)),
        *([_failures(evaluation)] if evaluation.failed else []),
        "## Figures",
        *(f"![{caption}]({name}.png)\n\n{caption}" for name, caption in pictures.items()),
        "## What is measured, and by what",
        _markdown(("figure", "library", "definition"), _definitions(settings)),
    ]
    return "\n\n".join(parts) + "\n"


def _tables(parts: tuple[Section, ...]) -> list[str]:
    return [f"**{part.title}**\n\n{_markdown(headings(), part.rows)}" for part in parts]


def _sizes_table(sizes: tuple[SizeClass, ...]) -> list[str]:
    rows = [
        (size.name, str(size.drawn), str(size.found), f"{size.found / size.drawn:.2f}")
        for size in sizes
        if size.drawn
    ]
    if not rows:
        return []
    heading = ("single lesions", "drawn", "found", "recall")
    note = "Lesions of all scans whose voxel size is known, by the volume of each."
    return [f"**By lesion size**\n\n{_markdown(heading, rows)}\n\n{note}"]


def _failures(evaluation: Evaluation) -> str:
    lines = [f"* {failed.id}: {failed.sentence}" for failed in evaluation.failed]
    return "\n".join([f"Not evaluated: {len(lines)} scans.", "", *lines])


def _definitions(settings: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (name, _with_version(metric["library"]), metric["definition"].strip())
        for name, metric in settings["metrics"].items()
    ]


def _with_version(library: str) -> str:
    name = library.split(".", maxsplit=1)[0]
    return f"{library} {_version(name) or '(not installed)'}"


def _markdown(heading: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heading, tuple("---" for _ in heading), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
