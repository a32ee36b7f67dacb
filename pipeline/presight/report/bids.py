"""What makes the output folder a BIDS derivative dataset."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from presight import __version__
from presight.config import load_config
from presight.errors import OutputError
from presight.report.atomic import write_text

BIDS_VERSION = "1.10.0"
_HOMELESS = (  # BIDS has no name for these
    "*_desc-uncertainty_map.*",
    "*_clinical.json",
    "*_findings.json",
    "*_assessment.json",
    "*_report.html",
    "*_thumbnail.svg",
    "*.parquet",
    "cohort.html",
    "dicom/",
    "figures",
    "logs/",
    "methods.md",
    "*_desc-brain_ADC.*",
    "*_desc-brain_DWI.*",
    "*_desc-brain_SWI.*",
    "*_change.json",
    "*_change.html",
    "*_trend.*",
    "findings.tsv",
    "assessments.tsv",
    "failures.tsv",
    "run.json",
    "review/",
)


def write_dataset(out: Path) -> None:
    """Write ``dataset_description.json``, ``README.md`` and ``.bidsignore`` into ``out``.

    Raises
    ------
    OutputError
        ``out`` is another dataset, or cannot be written to.
    """
    path = out / "dataset_description.json"
    if path.exists() and not _is_ours(path):
        raise OutputError(
            "the folder holds a dataset that presight did not make",
            where=out,
            action="Choose another folder with --out",
        )
    write_text(path, to_json(_description()))
    write_text(out / ".bidsignore", "\n".join(_HOMELESS) + "\n")
    if not any(out.glob("README*")):
        write_text(out / "README.md", _README)


_README = """\
# White-matter hyperintensity on FLAIR

Made by presight. Research use only: not a medical device.

`findings.tsv` and `assessments.tsv` have a row for each study, `failures.tsv` names those that
failed and why, and `sub-*/[ses-*/]anat/*_desc-presight_report.html` is the page of a study. Every
image is on the voxel grid of the FLAIR that came in, but for `*_res-working_*`, the regions on the
finer grid that they are counted on. `run.json` tells versions, settings and times.
"""


def sidecar(description: str, sources: Sequence[str], **more: object) -> dict[str, Any]:
    """JSON sidecar of an image in the space of the FLAIR that came in."""
    return {
        "Description": description,
        "SpatialReference": "orig",
        "Sources": list(sources),
        **more,
    }


def label_table() -> str:
    """Make the table of labels that BIDS puts beside a ``dseg``, from ``configs/anatomy.yaml``."""
    anatomy = load_config("anatomy.yaml")
    rows = ["index\tname\tabbreviation"]
    for index, label in sorted(anatomy["labels"].items()):
        region, side = label["region"], label["side"]
        name = anatomy["names"][region]
        if side == "midline":
            rows.append(f"{index}\t{name}\t{region}")
        else:
            rows.append(f"{index}\t{name}, {side}\t{region}_{side}")
    return "\n".join(rows) + "\n"


def to_json(content: Mapping[str, Any]) -> str:
    """JSON as it is written everywhere here: two spaces, readable umlauts, no NaN."""
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _description() -> dict[str, Any]:
    return {
        "Name": "presight: white-matter hyperintensity on FLAIR (research use only)",
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [{"Name": "presight", "Version": __version__}],
    }


def _is_ours(path: Path) -> bool:
    try:
        generators = json.loads(path.read_text(encoding="utf-8")).get("GeneratedBy") or [{}]
        return any(generator.get("Name") == "presight" for generator in generators)
    except (OSError, ValueError, AttributeError):
        return False
