"""DICOM segmentations in the frames and the geometry of the series that came in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from highdicom import AlgorithmIdentificationSequence
from highdicom.seg import (
    SegmentAlgorithmTypeValues,
    Segmentation,
    SegmentationTypeValues,
    SegmentDescription,
)
from numpy.typing import NDArray
from pydicom.uid import ExplicitVRLittleEndian

from presight import __version__
from presight.config import load_config
from presight.dicom.codes import term
from presight.dicom.references import refer_to_slices
from presight.dicom.source import DISCLAIMER, MANUFACTURER, Source
from presight.preprocess import to_native

HYPERINTENSITY = 1  # segment number
_SERIES = {"mask": 9001, "probability": 9002, "anatomy": 9003}


def lesion_mask(source: Source) -> Segmentation:
    """Binary segmentation of the hyperintensity: one segment."""
    mask = source.result.lesions.mask.astype(np.uint8)
    return _make(source, "mask", mask, [_hyperintensity(source)], SegmentationTypeValues.BINARY)


def lesion_probability(source: Source) -> Segmentation:
    """Fractional segmentation: the probability of hyperintensity, in 256 steps."""
    return _make(
        source,
        "probability",
        source.result.lesions.probability.astype(np.float32).clip(0, 1),
        [_hyperintensity(source)],
        SegmentationTypeValues.FRACTIONAL,
    )


def anatomy(source: Source) -> Segmentation:
    """Binary segmentation of the regions that hyperintensity is reported for, each a segment."""
    native = to_native(source.result.prepared.anatomy, source.result.prepared)
    known = load_config("anatomy.yaml")["labels"]
    present = [label for label in sorted(known) if (native == label).any()]
    numbered = np.zeros(native.shape, dtype=np.uint8)
    for number, label in enumerate(present, 1):
        numbered[native == label] = number
    segments = [_region(source, n, **known[label]) for n, label in enumerate(present, 1)]
    return _make(source, "anatomy", numbered, segments, SegmentationTypeValues.BINARY)


def _make(
    source: Source,
    what: str,
    array: NDArray[Any],
    segments: Sequence[SegmentDescription],
    kind: SegmentationTypeValues,
) -> Segmentation:
    segmentation = Segmentation(
        **source.images(),
        pixel_array=source.pixels(array),
        segmentation_type=kind,
        segment_descriptions=segments,
        series_instance_uid=source.uid(what, "series"),
        series_number=_SERIES[what],
        sop_instance_uid=source.uid(what, "object"),
        instance_number=1,
        series_description=f"presight {what}, research use only",
        content_description=DISCLAIMER,
        content_label=what.upper(),
        content_creator_name=f"{MANUFACTURER}^",
        transfer_syntax_uid=ExplicitVRLittleEndian,
        **source.equipment(),
    )
    refer_to_slices(segmentation, source)
    return segmentation


def _hyperintensity(source: Source) -> SegmentDescription:
    return SegmentDescription(
        segment_number=HYPERINTENSITY,
        segment_label="FLAIR hyperintensity",
        segmented_property_category=term("finding_category"),
        segmented_property_type=term("finding"),
        algorithm_type=SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=_of_model(source),
        tracking_uid=source.uid("tracking"),
        tracking_id="FLAIR hyperintensity",
        anatomic_regions=[term("brain")],
    )


def _region(source: Source, number: int, region: str, side: str) -> SegmentDescription:
    name = load_config("anatomy.yaml")["names"][region]
    description = SegmentDescription(
        segment_number=number,
        segment_label=(name if side == "midline" else f"{name}, {side}")[:64],
        segmented_property_category=term("anatomy_category"),
        segmented_property_type=term("regions", region),
        algorithm_type=SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=_algorithm("Atlas registration", __version__),
        tracking_uid=source.uid("tracking", region, side),
        tracking_id=f"{region}, {side}",
    )
    if side != "midline":
        kind = description.SegmentedPropertyTypeCodeSequence[0]
        kind.SegmentedPropertyTypeModifierCodeSequence = [term("sides", side)]
    return description


def _of_model(source: Source) -> AlgorithmIdentificationSequence:
    bundle = source.result.provenance.bundle
    return _algorithm(bundle.name, bundle.version, {"sha256": bundle.sha256})


def _algorithm(
    name: str, version: str, parameters: dict[str, str] | None = None
) -> AlgorithmIdentificationSequence:
    return AlgorithmIdentificationSequence(
        name=name,
        family=term("algorithm"),
        version=version,
        source=MANUFACTURER,
        parameters=parameters,
    )
