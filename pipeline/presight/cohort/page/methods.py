"""The methods of a run as a paragraph for a paper, with versions and citations."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, StrictUndefined

from presight.cohort.page.data import Cohort
from presight.config import load_config

Run = Mapping[str, Any]  # the content of run.json


def methods_text(cohort: Cohort, run: Run) -> str:
    """Write the paragraph, with citations as numbers in brackets."""
    environment = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701 (no HTML)
    template = environment.from_string(load_config("cohort_page.yaml")["methods"])
    text = template.render(
        n=len(cohort.scans),
        failed=len(cohort.failures),
        version=run["presight"],
        bundle=f"{run['bundle']['name']} {run['bundle']['version']}",
        sha256=run["bundle"]["sha256"],
        settings=json.dumps(run["settings"], sort_keys=True) if run["settings"] else "",
        spacing_mm=load_config("preprocess.yaml")["spacing_mm"],
        libraries=", ".join(f"{name} {version}" for name, version in run["libraries"].items()),
    )
    return " ".join(text.split())


def citations() -> list[str]:
    """Return what the numbers of :func:`methods_text` stand for, from 1."""
    cited: list[str] = load_config("cohort_page.yaml")["citations"]
    return cited


def methods_markdown(cohort: Cohort, run: Run) -> str:
    """Write the paragraph and its citations as a file."""
    numbered = "\n".join(f"{number}. {text}" for number, text in enumerate(citations(), 1))
    return f"# Methods\n\n{methods_text(cohort, run)}\n\n{numbered}\n"
