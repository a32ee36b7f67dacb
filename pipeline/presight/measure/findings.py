"""What is measured or read on the images: numbers with units, ``None`` where nobody looked."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Side(StrEnum):
    """Side of the patient."""

    LEFT = "left"
    RIGHT = "right"
    MIDLINE = "midline"


class RegionVolume(BaseModel):
    """Hyperintensity in one region of one side.

    ``region`` is a name of ``configs/anatomy.yaml`` (frontal, parietal, occipital, temporal,
    insula, deep_wm, corpus_callosum, deep_grey, brainstem, cerebellum, ventricles).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    region: str
    side: Side
    lesion_ml: float = Field(ge=0)
    region_ml: float = Field(ge=0)


class Findings(BaseModel):
    """Findings of one study, measured by the pipeline or read by a person.

    ``None`` means not looked at, never zero. Shares are fractions of the lesion volume, 0 to 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = "measured"  # or the reader's name or id
    brain_ml: float | None = None
    lesion_ml: float | None = None
    lesion_count: int | None = None  # connected components, 26-neighbourhood
    largest_lesion_ml: float | None = None
    regions: tuple[RegionVolume, ...] = ()

    parieto_occipital_share: float | None = None
    deep_share: float | None = None  # deep and periventricular white matter, corpus callosum
    infratentorial_share: float | None = None  # brainstem and cerebellum
    volume_asymmetry: float | None = None  # |left - right| / (left + right): 0 even, 1 one-sided
    contrast_ratio: float | None = None  # median lesion / median of the rest of the brain
    uncertainty: float | None = None  # mean over the lesion and its rim, 0 sure to 1

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
    adc_ratio: float | None = None  # lesion / brain tissue around it, medians
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
