"""What is measured or read on the images: numbers with units, ``None`` where nobody looked."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from presight.measure.details import (
    Background,
    Candidate,
    Depth,
    Diffusion,
    Grading,
    Lesion,
    NamedPattern,
    RegionVolume,
    Side,
    SiteVolume,
    Swelling,
)

__all__ = ["Findings", "RegionVolume", "Side"]


class Findings(BaseModel):
    """Findings of one study, measured by the pipeline or read by a person: one schema for both.

    ``None`` means not looked at, never zero; ``not_assessed`` says why. Shares are fractions of
    the lesion volume, 0 to 1. ``source`` is who said it all, ``said_by`` who said single fields
    where that was somebody else.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = "measured"  # or the reader's name or id
    said_by: dict[str, str] = Field(default_factory=dict)  # field -> who, where not `source`
    brain_ml: float | None = None
    lesion_ml: float | None = None
    lesion_count: int | None = None  # connected components, 26-neighbourhood
    largest_lesion_ml: float | None = None
    regions: tuple[RegionVolume, ...] = ()

    parieto_occipital_share: float | None = None
    deep_share: float | None = None  # deep and periventricular white matter, corpus callosum
    infratentorial_share: float | None = None  # brainstem and cerebellum
    volume_asymmetry: float | None = None  # |left - right| / (left + right): 0 even, 1 one-sided
    supratentorial_ml: float | None = None
    infratentorial_ml: float | None = None
    brain_share: float | None = None  # lesion / brain volume
    confluence: float | None = None  # share of the lesion volume in its largest piece
    contrast_ratio: float | None = None  # lesion / normal-appearing white matter, medians
    uncertainty: float | None = None  # mean over the lesion and its rim, 0 sure to 1
    unfamiliarity: float | None = None  # of the scan; above 1: unlike all the model was made with
    expected_dice: float | None = None  # of the mask, going by its own probabilities

    # Where, finer than regions. Shares of the cerebral lesion by depth; see `depth`.
    cortex_share: float | None = None
    subcortical_share: float | None = None
    periventricular_share: float | None = None
    depth: Depth | None = None
    sites: tuple[SiteVolume, ...] = ()
    lesions: tuple[Lesion, ...] = ()

    # Pattern: numbers first, names after (configs/measure/patterns.yaml).
    pattern: str | None = None
    patterns: tuple[NamedPattern, ...] = ()
    pattern_numbers: dict[str, float] = Field(default_factory=dict)

    # Symmetry across the mid-sagittal plane of this head.
    mid_sagittal_plane: tuple[float, float, float, float] | None = None  # n, d: n . x = d, RAS+ mm
    mirror_overlap: float | None = None  # Dice of the lesion and its mirror image
    mirror_overlap_near: float | None = None  # share whose mirror image is lesion or close to it
    side_ratio: float | None = None  # smaller over larger side

    background: Background | None = None
    gradings: tuple[Grading, ...] = ()
    swelling_detail: Swelling | None = None
    diffusion: Diffusion | None = None
    haemorrhages: tuple[Candidate, ...] = ()
    haemorrhage_ml: float | None = None
    haemorrhage_sequence: str | None = None  # how often blood is seen depends on it
    enhancements: tuple[Candidate, ...] = ()
    enhancement_ml: float | None = None
    not_assessed: dict[str, str] = Field(default_factory=dict)  # what -> why

    # What a structured reading says, or a measurement can fill: None where nobody looked.
    hyperintensity: bool | None = None  # any beyond what is expected at this age
    # Region -> involved; which names there are: configs/evidence/regions.yaml
    involved_regions: dict[str, bool] = Field(default_factory=dict)
    bilateral: bool | None = None
    symmetric: bool | None = None  # mirror-like, not only on both sides
    confluent_diffuse: bool | None = None
    swelling: bool | None = None  # effaced sulci or a swollen brainstem
    mass_effect: bool | None = None
    restricted_diffusion: Literal["none", "partial", "whole"] | None = None  # part of the lesion
    adc: Literal["low", "normal", "high"] | None = None  # of the lesion, against normal tissue
    adc_ratio: float | None = None  # lesion / normal-appearing white matter, medians
    restricted_share: float | None = None  # of the lesion, ADC below the limit
    haemorrhage: bool | None = None
    enhancement: bool | None = None
    ring_enhancement: bool | None = None
    u_fibre: bool | None = None  # subcortical U-fibres involved
    calcarine_spared: bool | None = None
    arterial_territory: bool | None = None  # lesion keeps to one arterial territory
    vessel_irregularity: bool | None = None  # on MRA, CTA or catheter angiography
    sinus_thrombosis: bool | None = None  # on MRV, CTV or SWI
    change: Literal["resolved", "improved", "unchanged", "progressed"] | None = None
    days_since_prior: float | None = None  # from the study that `change` is measured against

    sequences: tuple[str, ...] = ()  # contrasts that were there
    quality_doubts: tuple[str, ...] = ()  # sentences
