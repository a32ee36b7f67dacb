"""Write the page of a cohort, its figures and its methods."""

from __future__ import annotations

import base64
import json
from collections import Counter
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from presight.cohort.page.data import CLASSES, LABELS, Cohort, read_cohort
from presight.cohort.page.figures import calibration_figure, classes_figure, volumes_figure
from presight.cohort.page.labels import Calibration, calibrate, read_labels
from presight.cohort.page.methods import citations, methods_markdown, methods_text
from presight.cohort.page.outliers import find_outliers
from presight.config import load_config
from presight.report.atomic import write_text


def write_page(out: Path, labels: Path | None = None) -> Path | None:
    """Write ``cohort.html``, ``figures/*.svg`` and ``methods.md`` from the tables in ``out``.

    Parameters
    ----------
    out : Path
        Its tables and ``run.json`` are up to date.
    labels : Path, optional
        Table of labels, for the calibration.

    Returns
    -------
    Path or None
        The page; ``None`` for a single study, and where none is complete.

    Raises
    ------
    InputError
        The labels cannot be read.
    OutputError
        A file cannot be written.
    """
    cohort = read_cohort(out)
    if not cohort.worth_a_page:
        return None
    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    calibration = calibrate(cohort, read_labels(labels)) if labels else None
    figures = _figures(cohort, calibration)
    (out / "figures" / "calibration.svg").unlink(missing_ok=True)  # of other labels, perhaps
    for name, svg in figures.items():
        write_text(out / "figures" / f"{name}.svg", svg)
    write_text(out / "methods.md", methods_markdown(cohort, run))
    page = out / "cohort.html"
    write_text(page, _render(out, cohort, calibration, figures, methods_text(cohort, run)))
    return page


def _figures(cohort: Cohort, calibration: Calibration | None) -> dict[str, str]:
    figures = {"classes": classes_figure(cohort), "volumes": volumes_figure(cohort)}
    if calibration:
        figures["calibration"] = calibration_figure(calibration)
    return figures


def _render(
    out: Path,
    cohort: Cohort,
    calibration: Calibration | None,
    figures: dict[str, str],
    methods: str,
) -> str:
    wordings = load_config("cohort_page.yaml")
    flagged = cohort.flagged()
    pictured = flagged[: wordings["flagged"]["pictures_at_most"]]
    environment = Environment(
        loader=PackageLoader("presight.cohort.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("cohort.html").render(
        wordings=wordings,
        labels=LABELS,
        classes=CLASSES,
        cohort=cohort,
        flagged=flagged,
        pictures=[(scan, _picture(out / scan.thumbnail)) for scan in pictured],
        outliers=find_outliers(cohort),
        kinds=Counter((f.stage, f.kind) for f in cohort.failures).most_common(),
        calibration=calibration,
        figures={name: _inline(svg) for name, svg in figures.items()},
        methods=methods,
        citations=citations(),
    )


def _picture(path: Path) -> str:
    """Give a picture as a data URI, so that the page can be moved; empty where there is none."""
    try:
        content = path.read_bytes()
    except OSError:
        return ""
    return f"data:image/svg+xml;base64,{base64.b64encode(content).decode('ascii')}"


def _inline(svg: str) -> Markup:
    """Take the drawing without its XML heading; it was made here and holds no text of a study."""
    return Markup(svg[svg.index("<svg") :])  # noqa: S704
