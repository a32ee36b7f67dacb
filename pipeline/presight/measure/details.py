"""Parts of the findings that are more than one number: each frozen, each with its unit and method.

A reading by a person may fill any of them too: the schema does not ask who measured.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Point = tuple[float, float, float]


class Side(StrEnum):
    """Side of the patient."""

    LEFT = "left"
    RIGHT = "right"
    MIDLINE = "midline"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RegionVolume(_Frozen):
    """Hyperintensity in one region of one side.

    ``region`` is a name of ``configs/anatomy.yaml`` (frontal, parietal, occipital, temporal,
    insula, deep_wm, corpus_callosum, deep_grey, brainstem, cerebellum, ventricles).
    """

    region: str
    side: Side
    lesion_ml: float = Field(ge=0)
    region_ml: float = Field(ge=0)


class SiteVolume(_Frozen):
    """Hyperintensity in a part of a region (``configs/measure/sites.yaml``) on one side."""

    site: str
    side: Side
    lesion_ml: float = Field(ge=0)
    site_ml: float = Field(ge=0)


class Depth(_Frozen):
    """How deep the cerebral lesion lies, in millilitres; borders in ``settings.yaml``."""

    cortex_ml: float = Field(ge=0)
    subcortical_ml: float = Field(ge=0)  # U-fibres, right under the cortex
    deep_ml: float = Field(ge=0)
    periventricular_ml: float = Field(ge=0)


class Lesion(_Frozen):
    """One connected piece of hyperintensity."""

    number: int = Field(ge=1)  # 1 is the largest
    volume_ml: float = Field(ge=0)
    longest_mm: float = Field(ge=0)  # diagonal of its bounding box
    centre_mm: Point  # RAS+ world coordinates of the FLAIR
    region: str  # that holds most of it
    side: Side


class Candidate(_Frozen):
    """A spot that looks like blood or enhancement and that a person must look at."""

    volume_ml: float = Field(ge=0)
    centre_mm: Point
    region: str
    side: Side
    in_lesion: bool  # in the hyperintensity or within a few millimetres of it


class NamedPattern(_Frozen):
    """A named pattern whose rule holds, with the numbers that made it hold."""

    name: str
    said: str
    because: str
    source: tuple[str, ...]


class Background(_Frozen):
    """Periventricular and deep load against what age and kidney function let expect."""

    load_ml: float = Field(ge=0)  # periventricular and deep, cerebral
    grades: tuple[int, ...]  # Fazekas grades published with such a volume; empty: with none
    expected_ml: float | None = None  # median of a population of this age (and sex)
    times_expected: float | None = None
    egfr: float | None = None  # mL/min/1.73 m2
    egfr_estimated: bool = False  # from creatinine, age and sex
    said: tuple[str, ...] = ()  # sentences for the reader
    source: tuple[str, ...] = ()


class Diffusion(_Frozen):
    """ADC of the lesion, in 1e-6 mm2/s, against normal-appearing white matter."""

    kind: Literal["vasogenic", "cytotoxic", "mixed", "unchanged"]
    lesion_median: float
    lesion_percentiles: tuple[float, float, float]  # 5, 50, 95
    normal_median: float
    ratio: float
    restricted_share: float = Field(ge=0, le=1)
    restricted_ml: float = Field(ge=0)
    raised_share: float = Field(ge=0, le=1)
    unit: str  # what the values came in


class Swelling(_Frozen):
    """Mass effect in numbers; each ``None`` where it could not be measured."""

    midline_shift_mm: float | None = None  # positive: towards the patient's right
    ventricle_left_ml: float | None = None
    ventricle_right_ml: float | None = None
    sulcal_fluid_ratio: float | None = None  # beside the lesion over elsewhere at the surface
    pons_ap_mm: float | None = None
    pons_area_mm2: float | None = None  # mid-sagittal
    pons_ratio: float | None = None  # front to back, over a reference head scaled to this one
    signs: tuple[str, ...] = ()  # sentences on what is beyond its limit
    herniation_risk: bool | None = None


class Grading(_Frozen):
    """A published grading as far as its text is known; no grade where it is not."""

    name: str
    grade: str | None
    because: str
    source: tuple[str, ...]
