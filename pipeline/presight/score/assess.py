"""Stage 4: from findings and clinical record to an assessment that can be argued with."""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain

from presight.citations import citations
from presight.errors import ConfigError
from presight.measure.findings import Findings
from presight.score.alerts import alerts, differential
from presight.score.assessment import Assessment, Classification
from presight.score.classify import classify
from presight.score.criteria import criteria, subtypes
from presight.score.derived import Quantity
from presight.score.drugs import interactions
from presight.score.evidence import features, prior
from presight.score.facts import Facts
from presight.score.followup import followed, trend, volume_ratio
from presight.score.laboratory import laboratory, level_not_high
from presight.score.missing import missing_facts
from presight.score.recommend import recommendations
from presight.score.severity import severity
from presight.study.clinical import ClinicalRecord


def assess(
    findings: Findings,
    clinical: ClinicalRecord,
    *,
    without: Collection[str] = (),
    setting: str | None = None,
    previous: Findings | None = None,
) -> Assessment:
    """Weigh what was seen and what is known of the patient.

    Parameters
    ----------
    findings : Findings
        Measured by the pipeline or read by a person; both score alike.
    clinical : ClinicalRecord
        Every field may be unknown. What is unknown contributes nothing.
    without : collection of str, optional
        Features or groups (ids in ``configs/evidence/features.yaml``) to leave out, to see what
        changes.
    setting : str, optional
        Prior to start from, an id in ``configs/evidence/prior.yaml``; its default if not given.
    previous : Findings, optional
        Of an earlier study of the same illness. What it showed still counts, once; resolution or
        growth since then is new evidence, and the recommendations follow it.

    Returns
    -------
    Assessment
        Probabilities with credible intervals, the contribution of each fact in nats,
        differential diagnosis, severity, alerts, recommendations and missing facts, all with
        their sources. Research use only.

    Raises
    ------
    ConfigError
        A feature to leave out or a setting does not exist.
    """
    starting_point, change = prior(setting), _change(previous, findings, clinical)
    illness = followed(previous, findings) if previous else findings
    evidence = Facts(illness, clinical, _features(without)).told(volume_ratio=change)
    verdict = classify(evidence, starting_point)
    told = _told(verdict, clinical) | {"volume_ratio": change}
    case, today = Facts(illness, clinical).told(**told), Facts(findings, clinical).told(**told)
    answer = Assessment(
        classification=verdict,
        differential=differential(case),
        severity=severity(case),
        alerts=alerts(today),
        recommendations=recommendations(today),
        missing=missing_facts(case),
        laboratory=laboratory(case),
        criteria=criteria(case),
        subtypes=subtypes(case),
        trend=trend(previous, findings),
        sources={},
    )
    return answer.model_copy(update={"sources": _sources(answer, starting_point.source)})


def _change(previous: Findings | None, now: Findings, clinical: ClinicalRecord) -> float | None:
    """Volume now as a share of before; of a mere background no change is read."""
    if previous is None or not Facts(previous, clinical).holds("hyperintensity"):
        return None
    return volume_ratio(previous, now)


def _told(verdict: Classification, clinical: ClinicalRecord) -> dict[str, Quantity]:
    """Collect what the advice needs to know beside the facts."""
    leading = max(verdict.probabilities, key=lambda label: verdict.probabilities[label])
    return {
        "label": verdict.label.value,
        "leading": leading.value,
        "interaction": bool(interactions(clinical)) or None,
        "level_not_high": level_not_high(clinical),
    }


def _sources(answer: Assessment, prior_source: Collection[str]) -> dict[str, str]:
    named: list[tuple[str, ...]] = [
        answer.severity.source,
        *(part.source for part in answer.classification.contributions),
        *(part.source for part in answer.differential),
        *(part.source for part in answer.alerts),
        *(part.source for part in answer.recommendations),
        *(part.source for part in answer.laboratory),
        *(part.source for part in answer.criteria),
        *(part.source for part in answer.subtypes),
    ]
    return citations(chain(prior_source, chain.from_iterable(named)))


def _features(without: Collection[str]) -> set[str]:
    """Features meant by a list of features and groups."""
    groups = {entry.group for entry in features().values()}
    unknown = sorted(set(without) - set(features()) - groups)
    if unknown:
        raise ConfigError(
            f"there is no feature or group '{unknown[0]}'",
            expected=f"one of {', '.join([*features(), *sorted(groups)])}",
        )
    return {name for name, entry in features().items() if {name, entry.group} & set(without)}
