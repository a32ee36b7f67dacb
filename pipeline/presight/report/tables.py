"""One row a study over everything in an output folder, and what a run says of itself."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Protocol, Union, get_args, get_origin

from presight import __version__
from presight.config import load_config
from presight.errors import InputError
from presight.measure.findings import Findings
from presight.report.atomic import write_text
from presight.report.bids import to_json
from presight.report.parquet import Kind, parquet_is_there, write_parquet
from presight.report.result import library_versions
from presight.score.assessment import Label

_ASSESSMENT = "_desc-presight_assessment.json"
_FINDINGS = "_desc-presight_findings.json"
_NESTED = {
    "said_by",
    "regions",
    "involved_regions",
    "depth",
    "sites",
    "lesions",
    "patterns",
    "pattern_numbers",
    "background",
    "gradings",
    "swelling_detail",
    "diffusion",
    "haemorrhages",
    "enhancements",
    "not_assessed",
}
Row = Mapping[str, object]


@dataclass(frozen=True)
class Failure:
    """A study that could not be brought to its end.

    Attributes
    ----------
    study : str
        BIDS stem, or what is known of it.
    input : str
        Name of the file or folder that came in.
    stage : str
    kind : str
        Class of the error.
    sentence : str
    """

    study: str
    input: str
    stage: str
    kind: str
    sentence: str


class Model(Protocol):
    """What identifies the segmentation model."""

    @property
    def name(self) -> str:
        """Name of the bundle."""

    @property
    def version(self) -> str:
        """Version of the bundle."""

    @property
    def sha256(self) -> str:
        """Checksum of the weights."""


def write_tables(out: Path) -> None:
    """Rebuild ``findings.tsv`` and ``assessments.tsv`` from every complete study under ``out``.

    Rows are sorted by study; ``n/a`` is unknown. Where pyarrow is installed the tables are written
    as Parquet too.

    Raises
    ------
    InputError
        A result cannot be read.
    OutputError
        A table cannot be written.
    """
    complete = sorted(out.glob(f"sub-*/**/anat/*{_ASSESSMENT}"), key=lambda path: path.name)
    findings = [_findings_row(_beside(path)) for path in complete]
    assessments = [_assessment_row(path) for path in complete]
    _write_both(out / "findings.tsv", _findings_columns(), findings)
    _write_both(out / "assessments.tsv", _assessment_columns(), assessments)


def write_failures(out: Path, failures: Iterable[Failure]) -> None:
    """Write ``failures.tsv``: one row a failed study, a heading alone where none failed.

    Raises
    ------
    OutputError
    """
    columns = [field.name for field in fields(Failure)]
    rows = [dict(zip(columns, astuple(failure), strict=True)) for failure in failures]
    rows.sort(key=lambda row: (row["study"], row["input"]))
    _write_table(out / "failures.tsv", columns, rows)


def write_run_json(
    out: Path,
    *,
    bundle: Model,
    device: str,
    settings: Mapping[str, Any],
    anatomy: Mapping[str, str],
    seconds: Mapping[str, Mapping[str, float]],
    peak_memory_mb: float | None,
) -> None:
    """Write ``run.json``: versions, settings, time and memory of this run.

    Parameters
    ----------
    out : Path
    bundle : Model
    device : str
    settings : mapping
        JSON-able.
    anatomy : mapping of str to str
        ``method`` that brain and regions are looked for with, and ``because``. Where a study fell
        back to another, its own ``assessment.json`` says so.
    seconds : mapping of str to mapping of str to float
        Time of each stage of each study that this run completed, by its BIDS stem.
    peak_memory_mb : float or None

    Raises
    ------
    OutputError
    """
    content = {
        "presight": __version__,
        "python": platform.python_version(),
        "libraries": library_versions(),
        "bundle": {"name": bundle.name, "version": bundle.version, "sha256": bundle.sha256},
        "device": device,
        "settings": dict(settings),
        "anatomy": dict(anatomy),
        "peak_memory_mb": peak_memory_mb,
        "seconds": {study: _rounded(stages) for study, stages in sorted(seconds.items())},
    }
    write_text(out / "run.json", to_json(content))


def _rounded(stages: Mapping[str, float]) -> dict[str, float]:
    return {stage: round(seconds, 3) for stage, seconds in stages.items()}


def _findings_columns() -> dict[str, Kind]:
    labels = load_config("anatomy.yaml")["labels"].values()
    regions = [f"{_region_id(label['region'], label['side'])}_lesion_ml" for label in labels]
    fields = {
        name: _kind(field.annotation)
        for name, field in Findings.model_fields.items()
        if name not in _NESTED
    }
    return {**_STUDY, **fields, **dict.fromkeys(regions, "number")}


def _kind(annotation: object) -> Kind:
    """Kind of a column by the type of its field, whether or not it may be unknown."""
    types = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    known = [type_ for type_ in types if type_ is not NoneType]
    if len(known) != 1:
        return "text"
    if get_origin(known[0]) is tuple:
        return "list"
    kinds: dict[object, Kind] = {float: "number", int: "whole", bool: "flag"}
    return kinds.get(known[0], "text")


def _findings_row(path: Path) -> Row:
    content = _read(path)
    regions = {
        f"{_region_id(region['region'], region['side'])}_lesion_ml": region["lesion_ml"]
        for region in content.get("regions", [])
    }
    return {**_study(path), **content, **regions}


def _assessment_columns() -> dict[str, Kind]:
    classes = [label for label in Label if label is not Label.INDETERMINATE]
    probabilities = [f"{label}{end}" for label in classes for end in ("", "_low", "_high")]
    kinds: dict[str, Kind] = {**_STUDY, "label": "text", **dict.fromkeys(probabilities, "number")}
    kinds |= {"because": "text", **dict.fromkeys(_LISTS, "list")}
    return kinds | dict.fromkeys(("severity", "presight", "bundle"), "text")


def _assessment_row(path: Path) -> Row:
    content = _read(path)
    classification, made_by = content["classification"], content["provenance"]
    probabilities = classification["probabilities"]
    interval = classification["interval"].items()
    return {
        **_study(path),
        **{key: classification[key] for key in ("label", "because")},
        **probabilities,
        **{f"{label}_{end}": ends[end] for label, ends in interval for end in ("low", "high")},
        "alerts": [alert["text"] for alert in content["alerts"]],
        "recommendations": [item["action"] for item in content["recommendations"]],
        "missing": [fact["name"] for fact in content["missing"]],
        "severity": content["severity"]["grade"],
        "presight": made_by["presight"],
        "bundle": f"{made_by['bundle']['name']} {made_by['bundle']['version']}",
    }


_STUDY: dict[str, Kind] = {"participant_id": "text", "session_id": "text", "scan": "text"}
_LISTS = ("alerts", "recommendations", "missing")


def _study(path: Path) -> Row:
    """Ids of a study by the name of its file; ``scan`` tells several of one visit apart."""
    parts = path.name.removesuffix(_ASSESSMENT).removesuffix(_FINDINGS).split("_")
    session = next((part for part in parts if part.startswith("ses-")), None)
    further = [part for part in parts if not part.startswith(("sub-", "ses-"))]
    return {
        "participant_id": parts[0],
        "session_id": session,
        "scan": "_".join(further) or None,
    }


def _region_id(region: str, side: str) -> str:
    return region if side == "midline" else f"{region}_{side}"


def _beside(assessment: Path) -> Path:
    return assessment.with_name(assessment.name.replace(_ASSESSMENT, _FINDINGS))


def _read(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return content
    except (OSError, ValueError) as error:
        raise InputError(
            f"the result cannot be read ({error})",
            where=path,
            action="Delete this study's folder and run it again",
        ) from error


def _write_both(path: Path, columns: Mapping[str, Kind], rows: Sequence[Row]) -> None:
    _write_table(path, list(columns), rows)
    if parquet_is_there():
        write_parquet(path.with_suffix(".parquet"), columns, rows)


def _write_table(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    lines = ["\t".join(columns)]
    lines.extend("\t".join(_cell(row.get(column)) for column in columns) for row in rows)
    write_text(path, "\n".join(lines) + "\n")


def _cell(value: object) -> str:
    """Say a value in one cell: no tab, no line break, ``n/a`` for what is unknown."""
    if value is None:
        return "n/a"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return _cell("; ".join(str(item) for item in value) or None)
    return " ".join(str(value).split()) or "n/a"
