"""The clinical record: every field optional, every number in one stated unit."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Onset(StrEnum):
    """How fast the symptoms came."""

    ACUTE = "acute"  # hours to days
    SUBACUTE = "subacute"  # days to weeks
    CHRONIC = "chronic"  # weeks to months


class _Private(BaseModel):
    """Shows which facts are known and none of their values, so that no log can hold one."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False
    )

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        known = [
            name for name in type(self).model_fields if getattr(self, name) not in (None, (), {})
        ]
        yield "known", known


class Drug(_Private):
    """A drug on board at onset, by the name of ``drug_names`` in ``configs/clinical.yaml``."""

    name: str
    days_since_start: float | None = None
    level_ng_ml: float | None = None  # trough


class ClinicalRecord(_Private):
    """What is known of the patient at onset. ``None`` means unknown, which is not normal.

    The unit of a number is part of its name. ``configs/clinical.yaml`` holds the label, the
    accepted units and the other names of every field; :func:`presight.study.clinical_table.
    read_clinical` makes records from a table.
    """

    age_years: float | None = None
    sex: Literal["F", "M"] | None = None
    organ: str | None = None  # kidney, liver, heart, lung, hsct, ..., none: no transplant
    days_since_transplant: float | None = None
    drugs: tuple[Drug, ...] = ()  # empty: none is known of
    calcineurin_inhibitor: bool | None = None  # as stated, whichever it was
    interacting_drugs: tuple[str, ...] = ()

    systolic_mmhg: float | None = None
    diastolic_mmhg: float | None = None
    mean_arterial_mmhg: float | None = None
    usual_systolic_mmhg: float | None = None
    usual_diastolic_mmhg: float | None = None
    acute_hypertension: bool | None = None  # stated without a number

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
    ft4_pmol_l: float | None = None
    csf_protein_mg_dl: float | None = None
    csf_cells_per_ul: float | None = None
    oligoclonal_bands: bool | None = None
    infection_pcr: dict[str, bool] = Field(default_factory=dict)  # name -> positive

    seizure: bool | None = None
    altered_mental_status: bool | None = None
    headache: bool | None = None
    thunderclap_headache: bool | None = None
    visual_disturbance: bool | None = None
    focal_deficit: bool | None = None
    tremor: bool | None = None
    neuropathy: bool | None = None
    psychosis: bool | None = None
    ataxia: bool | None = None

    onset: Onset | None = None
    days_since_onset: float | None = None

    renal_failure: bool | None = None
    liver_failure: bool | None = None
    chemotherapy: bool | None = None
    autoimmune_disease: bool | None = None
    eclampsia: bool | None = None  # or pre-eclampsia
    pregnancy: bool | None = None  # or newly delivered
    sepsis: bool | None = None
    graft_versus_host: bool | None = None

    def drug(self, name: str) -> Drug | None:
        """Return the drug of that name, or ``None``."""
        return next((drug for drug in self.drugs if drug.name == name), None)
