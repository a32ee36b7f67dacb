"""Volumes, shares and ratios of lesions whose truth is known."""

import numpy as np
import pytest

from presight.config import load_config
from presight.measure import Side, measure
from presight.preprocess import Prepared
from presight.preprocess.atlas import load_atlas
from presight.segment.lesions import Lesions
from presight.study import Contrast, Volume

LABELS = load_config("anatomy.yaml")["labels"]


def prepared_atlas(others=None) -> Prepared:
    atlas = load_atlas()
    flair = Volume(np.where(atlas.brain, 1.0, 0).astype(np.float32), atlas.grid, Contrast.FLAIR)
    return Prepared(flair, atlas.brain, atlas.labels, others or {}, atlas.grid, (), ())


def lesions_in(mask: np.ndarray) -> Lesions:
    probability = mask.astype(np.float32)
    return Lesions(probability, mask, 1 - probability, load_atlas().grid, "truth")


def number(region: str, side: str) -> int:
    return next(n for n, label in LABELS.items() if label == {"region": region, "side": side})


def test_a_whole_region_bright_is_measured_in_full_and_nowhere_else():
    labels = load_atlas().labels
    findings = measure(prepared_atlas(), lesions_in(labels == number("occipital", "left")))
    for found in findings.regions:
        full = (found.region, found.side) == ("occipital", Side.LEFT)
        assert found.lesion_ml == (found.region_ml if full else 0)
    assert findings.lesion_ml == pytest.approx((labels == number("occipital", "left")).sum() / 1000)
    assert findings.parieto_occipital_share == 1
    assert findings.volume_asymmetry == 1
    assert findings.brain_ml == pytest.approx((labels > 0).sum() / 1000)


def test_both_sides_alike_are_symmetric():
    labels = load_atlas().labels
    mask = np.isin(labels, [number("deep_wm", "left"), number("deep_wm", "right")])
    findings = measure(prepared_atlas(), lesions_in(mask))
    assert findings.volume_asymmetry < 0.02
    assert findings.deep_share == 1


def test_lesions_are_counted_with_corners_touching():
    mask = np.zeros(load_atlas().grid.shape, bool)
    mask[60:64, 100:104, 90:94] = True
    mask[64:66, 104:106, 94:96] = True  # touches at a corner
    mask[130:133, 100:103, 100:103] = True
    findings = measure(prepared_atlas(), lesions_in(mask))
    assert findings.lesion_count == 2
    assert findings.largest_lesion_ml == pytest.approx(0.072)


def test_no_lesion_has_a_volume_of_zero_and_no_shares():
    findings = measure(prepared_atlas(), lesions_in(np.zeros(load_atlas().grid.shape, bool)))
    assert findings.lesion_ml == 0
    assert findings.lesion_count == 0
    assert findings.parieto_occipital_share is None
    assert findings.volume_asymmetry is None
    assert findings.uncertainty is None
    assert findings.pattern is None
    assert findings.swelling_detail.midline_shift_mm is None  # an even head shows no middle
    assert findings.mass_effect is None


def test_adc_is_none_without_the_series_and_a_ratio_with_it():
    mask = load_atlas().labels == number("parietal", "left")
    assert measure(prepared_atlas(), lesions_in(mask)).adc_ratio is None
    adc = Volume(np.where(mask, 1400, 800).astype(np.float32), load_atlas().grid, Contrast.ADC)
    findings = measure(prepared_atlas({Contrast.ADC: adc}), lesions_in(mask))
    assert findings.adc_ratio == pytest.approx(1.75)
    assert findings.sequences == ("flair", "adc")


def test_foci_in_the_depth_alone_are_named_though_the_lobes_hold_nothing_to_divide_by():
    deep = np.isin(load_atlas().labels, [number("deep_wm", "left"), number("deep_wm", "right")])
    mask = np.zeros_like(deep)
    for height in (95, 101, 107, 113):
        mask[:, :, height : height + 3] = deep[:, :, height : height + 3]
        mask[:, ::9] = False
    findings = measure(prepared_atlas(), lesions_in(mask))
    assert findings.pattern_numbers["lobar_fill"] == 0
    assert "scattered_foci" in [pattern.name for pattern in findings.patterns]
