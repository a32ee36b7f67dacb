"""The result as a structured report after template TID 1500 (PS3.16), with coded terms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from highdicom import coding_schemes
from highdicom.seg import Segmentation
from highdicom.sr import (
    AlgorithmIdentification,
    CodedConcept,
    ComprehensiveSR,
    DeviceObserverIdentifyingAttributes,
    FindingSite,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    QualitativeEvaluation,
    ReferencedSegment,
    RelationshipTypeValues,
    SourceSeriesForSegmentation,
    TextContentItem,
    TrackingIdentifier,
    VolumetricROIMeasurementsAndQualitativeEvaluations,
)
from pydicom.sr.codedict import codes

from presight.dicom.codes import OURS, names, term
from presight.dicom.seg import HYPERINTENSITY
from presight.dicom.source import DISCLAIMER, MANUFACTURER, Source
from presight.measure.findings import RegionVolume
from presight.score.assessment import Recommendation

_MILLILITRE = CodedConcept("mL", "UCUM", "milliliter")
_SERIES = 9004
_Group: TypeAlias = (
    MeasurementsAndQualitativeEvaluations | VolumetricROIMeasurementsAndQualitativeEvaluations
)


def measurement_report(source: Source, mask: Segmentation) -> ComprehensiveSR:
    """Report volumes, shares, probabilities, the verdict and the recommendations.

    Parameters
    ----------
    source : Source
    mask : Segmentation
        The segmentation that the volumes are those of; referred to.
    """
    groups = [
        _lesion(source, mask),
        *_regions(source),
        *_probabilities(source),
        _verdict(source),
    ]
    report = MeasurementReport(
        observation_context=ObservationContext(observer_device_context=_device(source)),
        procedure_reported=term("procedure"),
        imaging_measurements=groups,
    )
    document = ComprehensiveSR(
        evidence=[*source.datasets, mask],
        content=report[0],
        series_instance_uid=source.uid("report", "series"),
        series_number=_SERIES,
        sop_instance_uid=source.uid("report", "object"),
        instance_number=1,
        series_description="presight report, research use only",
        is_complete=True,
        is_final=False,
        is_verified=False,
        coding_schemes=[_our_scheme()],
        **source.equipment(),
    )
    document.PreliminaryFlag = "PRELIMINARY"
    return document


def _our_scheme() -> coding_schemes.CodingSchemeIdentificationItem:
    return coding_schemes.CodingSchemeIdentificationItem(
        designator=OURS, name="presight terms", responsible_organization=MANUFACTURER
    )


def _device(source: Source) -> ObserverContext:
    return ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=DeviceObserverIdentifyingAttributes(
            uid=source.uid("device"),
            name=MANUFACTURER,
            manufacturer_name=MANUFACTURER,
            model_name=source.equipment()["manufacturer_model_name"],
            serial_number=source.equipment()["device_serial_number"],
        ),
    )


def _algorithm(source: Source) -> AlgorithmIdentification:
    bundle = source.result.provenance.bundle
    return AlgorithmIdentification(name=bundle.name, version=bundle.version)


def _tracking(source: Source, *what: str) -> TrackingIdentifier:
    return TrackingIdentifier(uid=source.uid("tracking", *what), identifier=" ".join(what))


def _lesion(source: Source, mask: Segmentation) -> _Group:
    findings = source.result.findings
    shares = ((name, getattr(findings, name)) for name in names("shares"))
    return VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(
            uid=source.uid("tracking"), identifier="FLAIR hyperintensity"
        ),
        referenced_segment=_segment(source, mask),
        finding_type=term("finding"),
        finding_category=term("finding_category"),
        finding_sites=[FindingSite(term("brain"))],
        algorithm_id=_algorithm(source),
        measurements=[
            _volume(findings.lesion_ml or 0.0),
            *(_percent(term("shares", name), value) for name, value in shares if value is not None),
        ],
    )


def _segment(source: Source, mask: Segmentation) -> ReferencedSegment:
    return ReferencedSegment(
        sop_class_uid=mask.SOPClassUID,
        sop_instance_uid=mask.SOPInstanceUID,
        segment_number=HYPERINTENSITY,
        source_series=SourceSeriesForSegmentation(source.stack.series.uid),
    )


def _regions(source: Source) -> Iterator[_Group]:
    for region in source.result.findings.regions:
        yield MeasurementsAndQualitativeEvaluations(
            tracking_identifier=_tracking(source, region.region, region.side.value),
            finding_type=term("finding"),
            finding_category=term("finding_category"),
            finding_sites=[_site(region)],
            measurements=[_volume(region.lesion_ml)],
        )


def _site(region: RegionVolume) -> FindingSite:
    side = region.side.value
    laterality = None if side == "midline" else term("sides", side)
    return FindingSite(term("regions", region.region), laterality)


def _probabilities(source: Source) -> Iterator[_Group]:
    for label, value in source.result.assessment.classification.probabilities.items():
        yield MeasurementsAndQualitativeEvaluations(
            tracking_identifier=_tracking(source, "probability", label.value),
            finding_type=term("classes", label.value),
            measurements=[_percent(term("probability"), value)],
        )


def _verdict(source: Source) -> _Group:
    assessment = source.result.assessment
    group = MeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracking(source, "verdict"),
        qualitative_evaluations=[
            QualitativeEvaluation(
                name=term("conclusion"),
                value=term("classes", assessment.classification.label.value),
            )
        ],
    )
    group[0].ContentSequence.extend(
        [
            _text("impression", assessment.classification.because),
            *(_text("recommendation", _wording(item)) for item in assessment.recommendations),
            *(_text("comment", f"{alert.text} {alert.because}") for alert in assessment.alerts),
            *(_text("comment", doubt) for doubt in source.result.findings.quality_doubts),
            _text("comment", DISCLAIMER),
        ]
    )
    return group


def _wording(item: Recommendation) -> str:
    return f"{item.action} ({item.urgency}). {item.because}"


def _text(name: str, text: str) -> TextContentItem:
    return TextContentItem(
        name=term(name), value=text, relationship_type=RelationshipTypeValues.CONTAINS
    )


def _volume(millilitres: float) -> Measurement:
    return Measurement(name=term("volume"), value=round(millilitres, 3), unit=_MILLILITRE)


def _percent(name: CodedConcept, share: float) -> Measurement:
    return Measurement(name=name, value=round(100 * share, 1), unit=codes.UCUM.Percent)
