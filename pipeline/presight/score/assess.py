"""Stage 4: from findings and clinical record to an assessment that can be argued with."""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain

from presight.errors import ConfigError
from presight.measure.findings import Findings
from presight.score.alerts import alerts, differential
from presight.score.assessment import Assessment, Classification
from presight.score.classify import classify
from presight.score.drugs import interactions
from presight.score.evidence import citations, features, prior
from presight.score.facts import Facts
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
    facts = Facts(findings, clinical)
    starting_point = prior(setting)
    verdict = classify(Facts(findings, clinical, _features(without)), starting_point)
    facts = facts.told(
        **_verdict(verdict),
        interaction=bool(interactions(clinical)) or None,
        level_not_high=level_not_high(clinical),
    )
    answer = Assessment(
        classification=verdict,
        differential=differential(facts),
        severity=severity(facts),
        alerts=alerts(facts),
        recommendations=recommendations(facts),
        missing=missing_facts(facts),
        laboratory=laboratory(facts),
        sources={},
    )
    return answer.model_copy(update={"sources": _sources(answer, starting_point.source)})


def _verdict(verdict: Classification) -> dict[str, str]:
    leading = max(verdict.probabilities, key=lambda label: verdict.probabilities[label])
    return {"label": verdict.label.value, "leading": leading.value}


def _sources(answer: Assessment, prior_source: Collection[str]) -> dict[str, str]:
    named: list[tuple[str, ...]] = [
        answer.severity.source,
        *(part.source for part in answer.classification.contributions),
        *(part.source for part in answer.differential),
        *(part.source for part in answer.alerts),
        *(part.source for part in answer.recommendations),
        *(part.source for part in answer.laboratory),
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
