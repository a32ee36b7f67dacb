"""``presight info``: what a bug report needs."""

from __future__ import annotations

import argparse
import json
import platform
from typing import Any

from presight import __version__
from presight.config import model_path
from presight.report.result import library_versions
from presight.study.clinical_table import clinical_template

EXAMPLE = "presight info --clinical-template > clinical.csv"


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the options of the command."""
    parser.add_argument(
        "--clinical-template", action="store_true", help="print an empty clinical table"
    )
    parser.add_argument("--json", action="store_true", help="print JSON for a program to read")


def execute(args: argparse.Namespace) -> int:
    """Print the facts, or the empty table."""
    if args.clinical_template:
        print(clinical_template(), end="")
        return 0
    facts = describe()
    print(json.dumps(facts, indent=2) if args.json else _lines(facts))
    return 0


def describe() -> dict[str, Any]:
    """Versions, devices, bundles and licences of this installation, JSON-able."""
    import torch  # noqa: PLC0415 (takes seconds; the clinical template goes without)

    from presight.segment.device import has_bfloat16, select_device  # noqa: PLC0415

    device = select_device("auto")
    return {
        "presight": __version__,
        "licence": "Apache-2.0 (code); each bundle states its own",
        "use": "research only, not a medical device",
        "python": platform.python_version(),
        "platform": platform.platform(),
        "libraries": library_versions(),
        "device": str(device),
        "gpus": [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())],
        "threads": torch.get_num_threads(),
        "bfloat16": has_bfloat16(device),
        "bundles": _bundles(),
    }


def _bundles() -> list[dict[str, str]]:
    wanted = ("name", "version", "license", "weights_sha256")
    found = []
    for folder in sorted(model_path(".").iterdir()):
        metadata = folder / "configs" / "metadata.json"
        if metadata.is_file():
            content = json.loads(metadata.read_text(encoding="utf-8"))
            found.append({key: str(content[key]) for key in wanted if key in content})
    return found


def _lines(facts: dict[str, Any]) -> str:
    return "\n".join(f"{name:10} {_short(value)}" for name, value in facts.items())


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    if isinstance(value, list):
        return "; ".join(_short(item) for item in value) or "none"
    return str(value)
