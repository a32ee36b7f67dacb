"""Measurements against simulated patients of whom everything is known."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from presight.config import load_config
from presight.measure import measure
from presight.measure.candidates import enhancements
from presight.measure.diffusion import measure_diffusion
from presight.measure.head import Head, see_head
from presight.measure.plane import Plane, find_plane, world_plane
from presight.measure.swelling import measure_swelling
from presight.study.clinical import ClinicalRecord
from presight.study.contrast import Contrast
from presight.train.synthesis.known import KnownPatient, known_patient

HEAD = 51


@pytest.fixture(scope="module")
def oedema() -> KnownPatient:
    """Posterior oedema with a low ADC in a tenth and three bleeds."""
    return known_patient(
        "parieto_occipital",
        5,
        head_seed=HEAD,
        restricted_share=0.1,
        bleeds=3,
        changes={"fraction": [0.2, 0.2]},
    )


@pytest.fixture(scope="module")
def measured(oedema):
    record = ClinicalRecord(age_years=70, sex="F", creatinine_mg_dl=1.6)
    return measure(oedema.prepared, oedema.lesions, record)


@pytest.fixture(scope="module")
def head(oedema) -> Head:
    return see_head(oedema.prepared, oedema.lesions)


def test_regions_are_measured_as_they_were_drawn(oedema, measured):
    for region in {each.region for each in measured.regions}:
        true = oedema.region_ml(region)
        found = sum(each.lesion_ml for each in measured.regions if each.region == region)
        assert abs(found - true) <= max(0.5, 0.05 * true), region


def test_above_and_below_the_tentorium_add_up(measured):
    assert measured.supratentorial_ml + measured.infratentorial_ml == pytest.approx(
        sum(region.lesion_ml for region in measured.regions)
    )
    assert sum(region.lesion_ml for region in measured.regions) == pytest.approx(measured.lesion_ml)
    assert sum(region.region_ml for region in measured.regions) == pytest.approx(measured.brain_ml)
    assert measured.brain_share == pytest.approx(measured.lesion_ml / measured.brain_ml)


def test_the_table_of_lesions_holds_every_millilitre_and_the_right_place(measured):
    assert sum(each.volume_ml for each in measured.lesions) <= measured.lesion_ml + 1e-9
    assert [each.number for each in measured.lesions] == list(range(1, len(measured.lesions) + 1))
    largest = measured.lesions[0]
    assert largest.volume_ml == measured.largest_lesion_ml
    for each in measured.lesions:
        if each.side == "right" and each.region in {"parietal", "occipital"}:
            assert each.centre_mm[0] > 0, "world x grows to the patient's right"
        if each.side == "left" and each.region in {"parietal", "occipital"}:
            assert each.centre_mm[0] < 0


def test_posterior_oedema_is_named_so(measured):
    assert measured.pattern == "parieto_occipital"
    assert measured.pattern_numbers["posterior_gradient"] > 0.3
    assert measured.patterns[0].source


def test_the_lesion_is_brighter_than_normal_white_matter(measured):
    assert 1.3 < measured.contrast_ratio < 1.8


def test_low_adc_in_a_tenth_of_a_posterior_oedema_is_mixed_and_not_vasogenic(oedema, measured):
    assert measured.lesion_ml > 60
    assert measured.diffusion.kind == "mixed"
    assert measured.restricted_share == pytest.approx(oedema.restricted_share, abs=0.03)
    assert measured.adc_ratio == pytest.approx(1.8, abs=0.15)
    assert measured.restricted_diffusion == "partial"


@pytest.mark.parametrize(("factor", "unit"), [(1e-6, "mm2/s"), (1e-3, "1e-3 mm2/s")])
def test_a_slip_of_the_unit_is_seen_and_changes_nothing(head, measured, factor, unit):
    adc = head.others[Contrast.ADC] * np.float32(factor)
    found = measure_diffusion(replace(head, others={Contrast.ADC: adc}))
    assert found.unit == unit
    assert found.ratio == pytest.approx(measured.adc_ratio, rel=1e-3)
    assert found.normal_median == pytest.approx(measured.diffusion.normal_median, rel=1e-3)


def test_values_that_are_no_diffusion_are_not_used(head):
    adc = head.others[Contrast.ADC] * np.float32(0.07)
    assert measure_diffusion(replace(head, others={Contrast.ADC: adc})) is None


def test_rules_are_over_numbers_that_are_measured(measured):
    rules = load_config("measure/patterns.yaml")["patterns"].values()
    asked = {number for rule in rules for number in rule["all"]}
    assert asked <= set(measured.pattern_numbers)


def t1_pair(head, bright):
    before = np.where(head.brain, 1.0, 0.2).astype(np.float32)
    after = np.where(bright, 5.4, before * 3).astype(np.float32)  # another gain all over
    return {Contrast.T1: before, Contrast.T1_POST: after}


def test_a_ring_that_enhances_is_found_and_called_a_ring(head):
    deepest = np.argmax((head.lesion_mm <= 4) * head.depth_mm * (head.ventricle_mm > 12))
    middle = np.array(np.unravel_index(deepest, head.brain.shape))
    grid = np.indices(head.brain.shape) - middle[:, None, None, None]
    radius = np.linalg.norm(grid, axis=0) * head.grid.spacing_mm[0]
    ring = (radius > 6) & (radius < 10)
    found = enhancements(replace(head, others=t1_pair(head, ring)))
    assert found.ring
    assert len(found.candidates) == 1
    none = enhancements(replace(head, others=t1_pair(head, np.zeros_like(ring))))
    assert none.candidates == ()
    assert not none.ring


@pytest.mark.parametrize("shift_mm", [8.0, -6.0])
def test_a_midline_shift_is_measured_with_its_side(head, shift_mm):
    middle = np.argwhere(head.brain).mean(axis=0)
    grid = np.indices(head.brain.shape).astype(np.float32)
    away = np.linalg.norm((grid - middle[:, None, None, None]) * 2.0, axis=0)
    grid[0] -= shift_mm / 2.0 * np.exp(-((away / 45.0) ** 4))
    moved = replace(head, flair=ndimage.map_coordinates(head.flair, grid, order=1))
    found = measure_swelling(moved, find_plane(head))
    assert found.midline_shift_mm == pytest.approx(shift_mm, abs=2.0)
    assert found.herniation_risk is True
    assert any("midline" in sign for sign in found.signs)


def test_left_stays_left(oedema, measured):
    """A head that is mirrored gives mirrored findings."""
    labels = load_config("anatomy.yaml")["labels"]
    other = {"left": "right", "right": "left", "midline": "midline"}
    ids = {(each["region"], each["side"]): number for number, each in labels.items()}
    swap = np.zeros(max(labels) + 1, np.uint8)
    for number, each in labels.items():
        swap[number] = ids[each["region"], other[each["side"]]]
    prepared, lesions = oedema.prepared, oedema.lesions
    flipped = replace(
        prepared,
        flair=replace(prepared.flair, data=prepared.flair.data[::-1].copy()),
        brain=prepared.brain[::-1].copy(),
        anatomy=swap[prepared.anatomy[::-1]],
        others={c: replace(v, data=v.data[::-1].copy()) for c, v in prepared.others.items()},
    )
    found = measure(flipped, replace(lesions, mask=lesions.mask[::-1].copy()))
    before = {(v.site, v.side.value): v.lesion_ml for v in measured.sites}
    after = {(v.site, other[v.side.value]): v.lesion_ml for v in found.sites}
    for place, volume in before.items():
        assert after[place] == pytest.approx(volume, abs=0.3), place
    assert {each.side.value for each in found.haemorrhages} == {
        other[each.side.value] for each in measured.haemorrhages
    }


def test_bleeds_are_found_where_they_are(oedema, measured):
    assert len(measured.haemorrhages) == oedema.bleeds == 3
    assert measured.haemorrhage is True
    assert measured.haemorrhage_ml == pytest.approx(oedema.bleed_ml, rel=0.3)
    assert all(each.in_lesion for each in measured.haemorrhages)
    assert measured.haemorrhage_sequence == "swi"


def test_the_plane_is_that_of_this_head(oedema, measured):
    grid = oedema.prepared.flair.grid
    *true, _ = world_plane(Plane(oedema.plane[:3], float(oedema.plane[3])), grid)
    *found, _ = measured.mid_sagittal_plane
    assert np.rad2deg(np.arccos(np.clip(np.dot(true, found), -1, 1))) < 2.0


def test_background_is_said_with_age_and_kidneys(measured):
    said = " ".join(measured.background.said)
    assert "70 years" in said
    assert measured.background.egfr == pytest.approx(34, abs=2)
    assert "37%" in said
    assert measured.background.expected_ml == pytest.approx(3.4, abs=1.0)


def test_nothing_is_said_to_be_looked_at_that_was_not(measured):
    assert set(measured.not_assessed) == {"enhancement"}
    assert measured.enhancement is None
    assert measured.enhancement_ml is None


@pytest.fixture(scope="module")
def before():
    """The delayed leukoencephalopathy of the founding case: swollen pons, ADC as it should be."""
    return known_patient(
        "diffuse_deep_infratentorial",
        9,
        head_seed=HEAD,
        pons_swelling=1.5,
        changes={"adc_ratio": 1.0},
    )


@pytest.fixture(scope="module")
def after():
    """Five months later: a small rest, the pons as in health."""
    return known_patient(
        "diffuse_deep_infratentorial",
        9,
        head_seed=HEAD,
        changes={"adc_ratio": 1.0, "fraction": [0.1, 0.1]},
    )


@pytest.fixture(scope="module")
def course(before, after):
    return measure(before.prepared, before.lesions), measure(after.prepared, after.lesions)


def test_the_founding_case_comes_out_as_it_was_described(course):
    first, _ = course
    assert first.pattern == "diffuse_deep_infratentorial"
    assert first.mirror_overlap_near > 0.8
    assert first.infratentorial_ml > 1
    assert first.supratentorial_ml > 50
    assert first.diffusion.kind == "unchanged"
    assert first.restricted_diffusion == "none"
    assert first.swelling is True
    assert any("pons" in sign for sign in first.swelling_detail.signs)
    assert first.haemorrhage is False


def test_five_months_later_it_has_improved(course):
    first, second = course
    assert second.lesion_ml < 0.5 * first.lesion_ml
    assert second.swelling_detail.pons_ap_mm < first.swelling_detail.pons_ap_mm - 2
    assert not any("pons" in sign for sign in second.swelling_detail.signs)
    assert second.swelling is None
