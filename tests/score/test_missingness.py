"""What is not known never speaks: the score rests on known facts and not on which are missing.

Hiding a fact takes its own contribution away and no other, but for the dependences in ``READ_BY``.
Those that are not plain from the names are one rule: a seizure or a high pressure counts as that
of a recipient where a transplant or a calcineurin inhibitor is known, and otherwise as any other.
"""

import math
import random
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presight.config import load_config
from presight.measure.findings import Findings
from presight.score import Label, assess, score_table
from presight.score.assessment import Classification
from presight.score.evidence import features
from presight.study.clinical import ClinicalRecord, Drug
from presight.study.clinical_fields import clinical_fields

BY_TRANSPLANT = {
    "seizure_after_transplant",
    "hypertension_without_transplant",
    "hypertension_after_transplant",
}
EXPOSURE = BY_TRANSPLANT | {"calcineurin_inhibitor", "delayed_toxic_pattern"}
PRESSURE = {
    "hypertension_without_transplant",
    "hypertension_after_transplant",
    "hypertension_after_stem_cells",
    "posterior_fossa_under_pressure",
}
LOBES = {"parieto_occipital", "insular_or_temporal", "central_only", "symmetric_cerebellum"}
POSTERIOR_FOSSA = {"central_only", "posterior_fossa_under_pressure", "symmetric_cerebellum"}
DEEP_WHITE = {
    "deep_white_matter",
    "symmetric_white_matter",
    "acute_toxic_pattern",
    "delayed_toxic_pattern",
}
SYMMETRY = {"symmetric", "symmetric_white_matter", "symmetric_cerebellum"}
RESTRICTION = {"restricted", "acute_toxic_pattern"}
IMAGE = {"hyperintensity"}  # whatever is described of a lesion says that there is one

READ_BY: dict[str, set[str]] = {  # field, or region, and every feature that its value may move
    "seizure": {"seizure", "seizure_after_transplant"},
    "altered_mental_status": {"altered_mental_status"},
    "thunderclap_headache": {"thunderclap_headache"},
    "visual_disturbance": {"visual_disturbance"},
    "focal_deficit": {"focal_deficit"},
    "onset": {"onset_acute", "onset_subacute", "onset_chronic", "delayed_toxic_pattern"},
    "systolic_mmhg": PRESSURE,
    "diastolic_mmhg": PRESSURE,
    "mean_arterial_mmhg": PRESSURE,
    "acute_hypertension": PRESSURE,
    "organ": BY_TRANSPLANT | {"hypertension_after_stem_cells"},
    "days_since_transplant": BY_TRANSPLANT,
    "calcineurin_inhibitor": EXPOSURE,
    "drugs": EXPOSURE | {"leukotoxic_drug"},
    "interacting_drugs": EXPOSURE | {"leukotoxic_drug"},
    "creatinine_mg_dl": {"kidney_injury"},
    "baseline_creatinine_mg_dl": {"kidney_injury"},
    "renal_failure": {"renal_failure"},
    "eclampsia": {"eclampsia"},
    "chemotherapy": {"chemotherapy"},
    "csf_cells_per_ul": {"pleocytosis"},
    "infection_pcr": {"infection_positive", "jcv_positive"},
    "glucose_mg_dl": {"low_glucose"},
    "sodium_mmol_l": {"osmotic_pattern"},
    "previous_sodium_mmol_l": {"osmotic_pattern"},
    "parietal": LOBES | IMAGE,
    "occipital": LOBES | IMAGE,
    "frontal": {"central_only"} | IMAGE,
    "temporal": LOBES | IMAGE,
    "insula": {"insular_or_temporal"} | IMAGE,
    "deep_wm": DEEP_WHITE | IMAGE,
    "cortex": {"cortex", "central_only", "acute_toxic_pattern"} | IMAGE,
    "thalamus": {"deep_grey", "central_only", "acute_toxic_pattern"} | IMAGE,
    "deep_grey": {"deep_grey", "central_only", "acute_toxic_pattern"} | IMAGE,
    "pons": POSTERIOR_FOSSA | {"osmotic_pattern"} | IMAGE,
    "brainstem": POSTERIOR_FOSSA | IMAGE,
    "cerebellum": POSTERIOR_FOSSA | IMAGE,
    "bilateral": {"unilateral"} | IMAGE,
    "symmetric": SYMMETRY,
    "volume_asymmetry": SYMMETRY | {"unilateral"},
    "mirror_overlap_near": SYMMETRY,
    "confluent_diffuse": {"confluent_diffuse"} | IMAGE,
    "restricted_diffusion": RESTRICTION | IMAGE,
    "adc": RESTRICTION | {"high_adc"},
    "adc_ratio": RESTRICTION | {"high_adc"},
    "enhancement": {"enhancement"},
    "ring_enhancement": {"enhancement", "ring_enhancement"} | IMAGE,
    "haemorrhage": IMAGE,
    "mass_effect": IMAGE,
    "swelling": IMAGE,
    "hyperintensity": IMAGE,
    "arterial_territory": {"arterial_territory"},
    "sinus_thrombosis": {"sinus_thrombosis"},
    "vessel_irregularity": {"vessel_irregularity"},
    "change": {"resolved"},
}

FLAG = st.booleans()
CLINICAL: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(
        ("seizure", "altered_mental_status", "visual_disturbance", "focal_deficit"), FLAG
    ),
    **dict.fromkeys(("thunderclap_headache", "renal_failure", "eclampsia", "chemotherapy"), FLAG),
    "onset": st.sampled_from(["acute", "subacute", "chronic"]),
    "systolic_mmhg": st.integers(100, 230),
    "diastolic_mmhg": st.integers(60, 99),
    "acute_hypertension": FLAG,
    "organ": st.sampled_from(["kidney", "liver", "hsct", "none"]),
    "days_since_transplant": st.integers(0, 2000),
    "calcineurin_inhibitor": FLAG,
    "drugs": st.sampled_from([(Drug(name="tacrolimus"),), (Drug(name="methotrexate"),)]),
    "interacting_drugs": st.sampled_from([("voriconazole",), ("metronidazole",)]),
    "creatinine_mg_dl": st.floats(0.5, 5),
    "baseline_creatinine_mg_dl": st.floats(0.5, 2),
    "csf_cells_per_ul": st.integers(0, 40),
    "infection_pcr": st.dictionaries(st.sampled_from(["jcv", "hsv", "vzv"]), FLAG, min_size=1),
    "glucose_mg_dl": st.integers(30, 200),
    "sodium_mmol_l": st.integers(110, 150),
    "previous_sodium_mmol_l": st.integers(110, 150),
}
READING: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("bilateral", "symmetric", "confluent_diffuse", "enhancement"), FLAG),
    **dict.fromkeys(("ring_enhancement", "haemorrhage", "mass_effect", "swelling"), FLAG),
    **dict.fromkeys(("arterial_territory", "sinus_thrombosis", "vessel_irregularity"), FLAG),
    "restricted_diffusion": st.sampled_from(["none", "partial", "whole"]),
    "adc": st.sampled_from(["low", "normal", "high"]),
    "volume_asymmetry": st.floats(0, 1),
    "mirror_overlap_near": st.floats(0, 1),
    "change": st.sampled_from(["resolved", "improved", "unchanged", "progressed"]),
}
REGIONS = ["parietal", "occipital", "frontal", "temporal", "insula", "deep_wm", "cortex"]
REGIONS += ["thalamus", "deep_grey", "pons", "brainstem", "cerebellum"]
UNINFORMATIVE: dict[str, st.SearchStrategy[Any]] = {
    "age_years": st.integers(1, 95),
    "sex": st.sampled_from(["F", "M"]),
    "usual_systolic_mmhg": st.integers(90, 160),
    "usual_diastolic_mmhg": st.integers(50, 89),
    "magnesium_mmol_l": st.floats(0.3, 1.5),
    "cholesterol_mg_dl": st.integers(60, 300),
    "platelets_10e9_l": st.integers(5, 500),
    "crp_mg_l": st.integers(0, 300),
    "alt_u_l": st.integers(5, 2000),
    "ammonia_umol_l": st.integers(10, 400),
    "csf_protein_mg_dl": st.integers(10, 2000),
    "days_since_onset": st.integers(0, 300),
    **dict.fromkeys(("headache", "tremor", "neuropathy", "psychosis", "ataxia"), FLAG),
    **dict.fromkeys(("liver_failure", "autoimmune_disease", "pregnancy", "sepsis"), FLAG),
    **dict.fromkeys(("oligoclonal_bands", "graft_versus_host"), FLAG),
}
DESCRIBED = (  # shown to the reader; the score rests on none of them
    *("said_by", "supratentorial_ml", "infratentorial_ml", "confluence", "subcortical_share"),
    *("periventricular_share", "depth", "sites", "lesions", "patterns", "pattern_numbers"),
    *("mid_sagittal_plane", "side_ratio", "background", "gradings", "swelling_detail"),
    *("diffusion", "haemorrhages", "haemorrhage_sequence", "enhancements", "enhancement_ml"),
)
UNSEEN: dict[str, st.SearchStrategy[Any]] = {
    "brain_ml": st.floats(900, 1700),
    "lesion_count": st.integers(1, 40),
    "contrast_ratio": st.floats(1, 2),
    "brain_share": st.floats(0, 0.3),
    "cortex_share": st.floats(0, 1),
    "mirror_overlap": st.floats(0, 1),
    "pattern": st.sampled_from(["parieto_occipital", "diffuse_deep"]),
    "haemorrhage_ml": st.floats(0, 20),
    "restricted_share": st.floats(0, 1),
    "not_assessed": st.just({"haemorrhage": "needs SWI"}),
    "uncertainty": st.floats(0, 1),
    "unfamiliarity": st.floats(0, 5),
    "expected_dice": st.floats(0, 1),
    "calcarine_spared": FLAG,
    "days_since_prior": st.integers(1, 400),
    "sequences": st.sampled_from([("flair",), ("flair", "dwi", "swi")]),
    "quality_doubts": st.sampled_from([("Slices are thick.",), ("Motion.",)]),
}

Patient = tuple[dict[str, Any], dict[str, Any], dict[str, bool]]  # clinical, reading, regions
PATIENT = st.tuples(  # everything known
    st.fixed_dictionaries(CLINICAL),
    st.fixed_dictionaries(READING),
    st.fixed_dictionaries(dict.fromkeys(REGIONS, FLAG)),
)
SEED = st.integers(0, 2**32)


def verdict(patient: Patient) -> Classification:
    clinical, reading, regions = patient
    findings = Findings(involved_regions=regions, **reading)
    return assess(findings, ClinicalRecord(**clinical)).classification


def hidden(patient: Patient, names: Iterable[str]) -> Patient:
    clinical, reading, regions = (
        {name: value for name, value in part.items() if name not in set(names)} for part in patient
    )
    return clinical, reading, regions


def thinned(patient: Patient, seed: int) -> tuple[Patient, set[str]]:
    """Patient with a random share of the facts hidden, and the names of these."""
    chance = random.Random(seed)  # noqa: S311
    share = chance.random()
    names = {name for part in patient for name in part if chance.random() < share}
    return hidden(patient, names), names


def contributions(found: Classification) -> dict[str, dict[Label, float]]:
    return {each.feature: each.log_lr for each in found.contributions}


def alone(found: Classification) -> dict[str, float | None]:
    """Grade of every feature before its group is weighed."""
    return {weight.feature: weight.grades[0] for weight in found.weights}


def moved_by(names: Iterable[str]) -> set[str]:
    return {feature for name in names for feature in READ_BY.get(name, ())}


@settings(max_examples=80, deadline=None)
@given(PATIENT, SEED, SEED)
def test_a_fact_says_the_same_whichever_unrelated_facts_are_missing(
    patient: Patient, known: int, missing: int
) -> None:
    more, _ = thinned(patient, known)
    less, names = thinned(more, missing)
    moved = moved_by(names)
    before, after = verdict(more), verdict(less)
    for feature in set(features()) - moved:
        assert alone(after).get(feature) == alone(before).get(feature)
    groups = {features()[feature].group for feature in moved}
    for feature, entry in features().items():
        if entry.counts and entry.group not in groups:
            assert contributions(after).get(feature) == contributions(before).get(feature)


@settings(max_examples=80, deadline=None)
@given(PATIENT, SEED)
def test_a_fact_that_nothing_known_tells_of_says_nothing(patient: Patient, missing: int) -> None:
    less, _ = thinned(patient, missing)
    found = verdict(less)
    assert found.prior == pytest.approx(dict.fromkeys(found.prior, 0.25))
    told = moved_by(name for part in less for name in part)
    for feature in set(features()) - told:
        assert alone(found).get(feature) is None


SEPARATE = ("focal_deficit", "visual_disturbance", "onset", "csf_cells_per_ul", "glucose_mg_dl")
SEPARATE_SEEN = ("enhancement", "sinus_thrombosis", "change")  # each in a group of its own


@settings(max_examples=60, deadline=None)
@given(
    st.fixed_dictionaries({}, optional={name: CLINICAL[name] for name in SEPARATE}),
    st.fixed_dictionaries({}, optional={name: READING[name] for name in SEPARATE_SEEN}),
)
def test_facts_together_say_the_sum_of_what_each_says_where_all_others_are_missing(
    clinical: dict[str, Any], reading: dict[str, Any]
) -> None:
    def log_odds(patient: Patient) -> dict[Label, float]:
        shares = verdict(patient).probabilities
        return {label: math.log(share / shares[Label.OTHER]) for label, share in shares.items()}

    bare = log_odds(({}, {}, {}))
    single = [log_odds(({name: value}, {}, {})) for name, value in clinical.items()]
    single += [log_odds(({}, {name: value}, {})) for name, value in reading.items()]
    for label, together in log_odds((clinical, reading, {})).items():
        summed = bare[label] + sum(each[label] - bare[label] for each in single)
        assert together == pytest.approx(summed, abs=1e-9)


@pytest.mark.parametrize(
    "status",
    [{"organ": "liver"}, {"days_since_transplant": 9}, {"calcineurin_inhibitor": True}],
    ids=lambda status: next(iter(status)),
)
def test_seizure_and_pressure_are_the_facts_that_depend_on_what_is_known_of_a_transplant(
    status: dict[str, Any],
) -> None:
    signs = {"seizure": True, "mean_arterial_mmhg": 140}
    stranger = alone(verdict((signs, {}, {})))
    recipient = alone(verdict((signs | status, {}, {})))
    changed = {
        name for name in stranger | recipient if stranger.get(name) != recipient.get(name)
    } - {"calcineurin_inhibitor"}
    (field,) = status
    assert changed == READ_BY[field] - {"calcineurin_inhibitor", "delayed_toxic_pattern"}
    denied = alone(verdict((signs | {"organ": "none"}, {}, {})))
    assert denied == stranger | {"hypertension_after_stem_cells": 0.0}


@settings(max_examples=60, deadline=None)
@given(
    PATIENT,
    SEED,
    *(st.fixed_dictionaries({}, optional=UNINFORMATIVE) for _ in range(2)),
    *(st.fixed_dictionaries({}, optional=UNSEEN) for _ in range(2)),
)
def test_two_patients_alike_in_what_tells_score_alike(
    patient: Patient,
    known: int,
    one: dict[str, Any],
    other: dict[str, Any],
    one_scan: dict[str, Any],
    other_scan: dict[str, Any],
) -> None:
    """Whatever is known or missing of facts that tell nothing, and whatever their values are."""
    (clinical, reading, regions), _ = thinned(patient, known)
    first = verdict((clinical | one, reading | one_scan, regions))
    second = verdict((clinical | other, reading | other_scan, regions))
    assert first.probabilities == second.probabilities
    assert first.interval == second.interval
    assert (first.label, first.because) == (second.label, second.because)


def test_every_field_either_tells_or_is_known_to_tell_nothing() -> None:
    """So that no field escapes the tests above."""
    fields = {*ClinicalRecord.model_fields, *Findings.model_fields}
    measured = {"lesion_ml", "largest_lesion_ml", "parieto_occipital_share", "deep_share"}
    measured |= {"infratentorial_share", "regions", "involved_regions", "u_fibre", "source"}
    measured |= set(DESCRIBED)
    silent = {"ast_u_l", "bilirubin_mg_dl", "tsh_mu_l", "ft4_pmol_l"}
    assert fields - set(READ_BY) - set(UNINFORMATIVE) - set(UNSEEN) == measured | silent
    assert not set(READ_BY) & {*UNINFORMATIVE, *UNSEEN}


# --- tables: every way to write that nothing is known ------------------------------------------

CELLS: dict[str, st.SearchStrategy[str]] = {
    **dict.fromkeys(("seizure", "headache", "visual_disturbance"), st.sampled_from(["1", "0"])),
    **dict.fromkeys(("bilateral", "symmetric", "swelling"), st.sampled_from(["1", "0", "partial"])),
    "onset_speed": st.sampled_from(["acute", "subacute", "chronic"]),
    "systolic_mmhg": st.integers(100, 230).map(str),
    "diastolic_mmhg": st.integers(60, 99).map(str),
    "magnesium_mg_dl": st.sampled_from(["1.1", "1.9"]),
    "flair_regions": st.sampled_from(["parietal;occipital", "deep_wm;pons", "cortex", "thalamus"]),
    "region_basis": st.sampled_from(["named", "generic", "dwi"]),
    "dwi_restricted": st.sampled_from(["0", "1", "partial"]),
    "adc": st.sampled_from(["low", "normal", "high"]),
    "enhancement": st.sampled_from(["none", "present", "ring"]),
    "cni_exposure": st.sampled_from(["tacrolimus", "cyclosporine", "unspecified CNI"]),
    "tacrolimus_ng_ml": st.sampled_from(["7.7", "25"]),
    "other_infection_pcr": st.sampled_from(["HSV negative", "VZV positive"]),
    "jcv_pcr": st.sampled_from(["neg", "pos"]),
}
TABLE = load_config("evidence/table.yaml")
COLUMNS = sorted(
    {column for field in clinical_fields().values() for column in field.columns}
    | {*TABLE["flags"], *TABLE["words"], *TABLE["numbers"], TABLE["regions"]}
    | {TABLE[name]["column"] for name in ("region_basis", "vessels", "exposure", "infections")}
)
SPELLINGS = load_config("clinical.yaml")["words"]["unknown"]
UNKNOWN = st.tuples(
    st.sampled_from([*SPELLINGS, *map(str.upper, SPELLINGS), *map(str.title, SPELLINGS)]),
    st.sampled_from(["", " ", "  "]),
).map(lambda word: word[1] + word[0] + word[1])


@settings(max_examples=60, deadline=None)
@given(
    st.fixed_dictionaries({}, optional=CELLS),
    st.dictionaries(st.sampled_from(COLUMNS), UNKNOWN | st.none(), max_size=40),
    st.randoms(use_true_random=False),
)
def test_an_unknown_in_any_spelling_column_and_order_never_moves_the_score(
    row: dict[str, str], unknown: dict[str, str | None], chance: random.Random
) -> None:
    cells = list((unknown | row).items())
    chance.shuffle(cells)
    assert score_table([dict(cells)]) == score_table([row])


def test_every_spelling_of_unknown_in_every_column_at_once() -> None:
    bare = score_table([{}])
    for word in SPELLINGS:
        assert score_table([dict.fromkeys(COLUMNS, word)]) == bare
    assert bare[0]["error"] == ""
    assert bare[0]["label"] == "indeterminate"
