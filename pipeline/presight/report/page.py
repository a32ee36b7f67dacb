"""One self-contained page for one study: no network, whole without its script and on paper."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from presight.citations import citations
from presight.config import load_config
from presight.measure.findings import Findings, Side
from presight.preprocess import to_native
from presight.report import charts, wording
from presight.report.figures import Slice, make_mosaic
from presight.report.measured import measured_rows
from presight.report.result import StudyResult
from presight.score.assessment import Recommendation
from presight.study.clinical import ClinicalRecord, Drug


def render_page(result: StudyResult) -> str:
    """Render the report of a study as HTML.

    Sections, captions and wording come from ``configs/report.yaml``; every text of the study is
    escaped. The same result gives the same page.
    """
    page = _environment().get_template("page.html")
    script, script_hash = _script()
    sources = result.assessment.sources | _measured_sources(result.findings)
    return page.render(
        script=script,
        script_hash=script_hash,
        what_if=charts.what_if(result.assessment.classification),
        wordings=load_config("report.yaml"),
        study=result.study,
        prepared=result.prepared,
        findings=result.findings,
        assessment=result.assessment,
        classification=result.assessment.classification,
        made_by=result.provenance.of_the_study(),
        mosaic=_mosaic(result),
        ranked=charts.ranked(result.assessment.classification.probabilities),
        change_page=f"{result.study.stem}_desc-presight_change.html" if result.comparison else "",
        log_scale=charts.log_scale(result.assessment.classification.contributions),
        region_rows=charts.region_rows(result.findings.regions),
        recommendations=_by_urgency(result.assessment.recommendations),
        measured=_known(result.findings),
        measured_rows=measured_rows(result.findings),
        region_names=load_config("anatomy.yaml")["names"],
        not_measured=_unknown(result.findings),
        clinical=_clinical(result.study.clinical),
        quality=_quality(result),
        sources=sources,
        number_of={source: n for n, source in enumerate(sources, start=1)},
        Side=Side,
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("presight.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.do"],
    )
    for spoken in (wording.percent, wording.volume, wording.factor, wording.window, wording.link):
        environment.filters[spoken.__name__] = spoken
    environment.filters["field_name"] = wording.field_name
    return environment


def _measured_sources(findings: Findings) -> dict[str, str]:
    return citations(source for row in measured_rows(findings) for source in row.source)


def _script() -> tuple[str, str]:
    """Return the one script of the page, and its hash by which a browser allows no other."""
    source = (files("presight.report") / "templates" / "what_if.js").read_text("utf-8")
    digest = hashlib.sha256(source.encode()).digest()
    return source, f"sha256-{base64.b64encode(digest).decode()}"


def _mosaic(result: StudyResult) -> tuple[Slice, ...]:
    brain = to_native(result.prepared.brain, result.prepared)
    flair = result.study.flair
    return make_mosaic(flair.data, result.lesions.mask, brain, flair.grid)


def _by_urgency(recommendations: Iterable[Recommendation]) -> list[Recommendation]:
    order = list(load_config("report.yaml")["urgency"])
    return sorted(recommendations, key=lambda item: order.index(item.urgency))


def _known(findings: Findings) -> list[tuple[str, str]]:
    """List what was measured or read, apart from the regions: name and value."""
    return [
        (wording.field_name(name), _spoken(name, value))
        for name, value in findings
        if name not in _SHOWN_ELSEWHERE and value is not None and value not in ((), {})
    ]


def _unknown(findings: Findings) -> list[str]:
    return [
        wording.field_name(name)
        for name, value in findings
        if value is None and name not in _SHOWN_ELSEWHERE
    ]


_SHOWN_ELSEWHERE = {
    "source",
    "said_by",
    "lesions",
    "sites",
    "depth",
    "pattern",
    "patterns",
    "pattern_numbers",
    "background",
    "gradings",
    "swelling_detail",
    "diffusion",
    "restricted_share",
    "restricted_diffusion",
    "haemorrhages",
    "haemorrhage_ml",
    "haemorrhage_sequence",
    "enhancement_ml",
    "mid_sagittal_plane",
    "supratentorial_ml",
    "confluence",
    "enhancements",
    "not_assessed",
    "mirror_overlap",
    "mirror_overlap_near",
    "side_ratio",
    "cortex_share",
    "subcortical_share",
    "periventricular_share",
    "brain_share",
    "brain_ml",
    "lesion_ml",
    "lesion_count",
    "regions",
    "sequences",
    "quality_doubts",
}


def _clinical(record: ClinicalRecord) -> list[tuple[str, str]]:
    """List what is known of the patient: name and value with its unit."""
    return [
        (wording.field_name(name), _spoken(name, value))
        for name, value in record
        if value is not None and value not in ((), {})
    ]


def _spoken(name: str, value: Any) -> str:
    if isinstance(value, dict):
        yes, no = ("positive", "negative") if name == "infection_pcr" else ("yes", "no")
        return ", ".join(f"{key}: {yes if found else no}" for key, found in value.items())
    if isinstance(value, tuple):
        return ", ".join(_drug(item) if isinstance(item, Drug) else str(item) for item in value)
    return wording.field_value(name, value)


def _drug(drug: Drug) -> str:
    parts = [drug.name]
    if drug.level_ng_ml is not None:
        parts.append(f"trough {wording.field_value('level_ng_ml', drug.level_ng_ml)}")
    if drug.days_since_start is not None:
        parts.append(f"day {drug.days_since_start:g}")
    return " ".join(parts)


def _quality(result: StudyResult) -> list[tuple[str, bool]]:
    """Sentences about the input and whether each is a doubt, doubts first, none twice."""
    seen = {item.sentence: item.doubtful for item in result.prepared.quality}
    trust = result.lesions.trust
    seen |= {sentence: sentence in trust.doubts for sentence in trust.sentences} if trust else {}
    doubts = [*result.findings.quality_doubts, *(s for s, doubtful in seen.items() if doubtful)]
    calm = [sentence for sentence in seen if sentence not in doubts]
    return [*((s, True) for s in dict.fromkeys(doubts)), *((s, False) for s in calm)]
