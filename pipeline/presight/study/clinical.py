"""The clinical record: every field optional, every number in one stated unit."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Onset(StrEnum):
    """How fast the symptoms came."""

    ACUTE = "acute"  # hours to days
    SUBACUTE = "subacute"  # days to weeks
    CHRONIC = "chronic"  # weeks to months


class Drug(BaseModel):
    """A drug on board at onset."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    days_since_start: float | None = None
    level_ng_ml: float | None = None  # trough


class ClinicalRecord(BaseModel):
    """What is known of the patient. ``None`` means unknown, which is not the same as normal."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    age_years: float | None = None
    sex: Literal["F", "M"] | None = None
    organ: str | None = None  # kidney, liver, heart, lung, hsct, ...
    days_since_transplant: float | None = None
    drugs: tuple[Drug, ...] = ()
    interacting_drugs: tuple[str, ...] = ()

    systolic_mmhg: float | None = None
    diastolic_mmhg: float | None = None
    mean_arterial_mmhg: float | None = None
    usual_systolic_mmhg: float | None = None
    usual_diastolic_mmhg: float | None = None

    creatinine_mg_dl: float | None = None
    baseline_creatinine_mg_dl: float | None = None
    magnesium_mmol_l: float | None = None
    sodium_mmol_l: float | None = None
    previous_sodium_mmol_l: float | None = None
    glucose_mg_dl: float | None = None
    cholesterol_mg_dl: float | None = None
    platelets_10e9_l: float | None = None
    crp_mg_l: float | None = None
    alt_u_l: float | None = None
    ast_u_l: float | None = None
    bilirubin_mg_dl: float | None = None
    ammonia_umol_l: float | None = None
    tsh_mu_l: float | None = None
    csf_protein_mg_dl: float | None = None
    csf_cells_per_ul: float | None = None
    oligoclonal_bands: bool | None = None
    infection_pcr: dict[str, bool] = Field(default_factory=dict)  # name -> positive

    seizure: bool | None = None
    altered_mental_status: bool | None = None
    headache: bool | None = None
    visual_disturbance: bool | None = None
    focal_deficit: bool | None = None
    tremor: bool | None = None
    neuropathy: bool | None = None
    psychosis: bool | None = None
    ataxia: bool | None = None

    onset: Onset | None = None
    days_since_onset: float | None = None
