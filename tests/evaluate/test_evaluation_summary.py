"""Groups, intervals and the words of the table."""

from dataclasses import replace

import numpy as np
import pytest
from known_truth import SHAPE, box, scored

from presight.config import load_config
from presight.evaluate.bootstrap import interval
from presight.evaluate.groups import groups_of
from presight.evaluate.summary import Summary, summarise
from presight.evaluate.table import headings, sections

SETTINGS = load_config("evaluation.yaml")
BOOTSTRAP = SETTINGS["bootstrap"]
CUBE = box(slice(4, 8), slice(4, 8), slice(4, 8))
HALF = box(slice(4, 8), slice(4, 8), slice(6, 10))
NOTHING = np.zeros(SHAPE, bool)


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    settings = BOOTSTRAP | {"resamples": 400}
    patients = [str(number) for number in range(40)]
    hits = 0
    for _ in range(200):
        low, high = interval(rng.normal(3, 1, 40).tolist(), patients, np.nanmean, settings) or (
            0,
            0,
        )
        hits += low <= 3 <= high
    assert 175 <= hits <= 199


def test_more_scans_of_the_same_patients_are_no_more_evidence() -> None:
    values = np.random.default_rng(1).random(12).tolist()
    patients = [f"P{number}" for number in range(12)]
    once = interval(values, patients, np.nanmean, BOOTSTRAP)
    assert once == pytest.approx(interval(values * 10, patients * 10, np.nanmean, BOOTSTRAP))
    assert once is not None
    apart = interval(values * 10, [str(n) for n in range(120)], np.nanmean, BOOTSTRAP)
    assert apart is not None
    assert apart[1] - apart[0] < 0.5 * (once[1] - once[0])


def test_a_few_patients_get_no_interval() -> None:
    assert interval([0.1, 0.2, 0.3, 0.4] * 5, list("abcd") * 5, np.nanmean, BOOTSTRAP) is None


def test_scans_are_grouped_by_dataset_site_load_and_thickness() -> None:
    scores = [
        scored(CUBE, CUBE, name="ms/P1", slice_mm=1.0),
        scored(NOTHING, CUBE, name="free/1", slice_mm=5.0, site="there"),
        scored(CUBE, HALF, name="lgg/HT_1", slice_mm=5.0),
    ]
    names = {(group.by, group.name): len(group.scores) for group in groups_of(scores, SETTINGS)}
    assert names == {
        ("all", "all"): 3,
        ("dataset", "free"): 1,
        ("dataset", "lgg"): 1,
        ("dataset", "ms"): 1,
        ("site", "here"): 2,
        ("site", "there"): 1,
        ("lesion load", "0.1 to 1 % of the brain"): 2,
        ("lesion load", "no lesion"): 1,
        ("slice thickness", "under 1.5 mm"): 1,
        ("slice thickness", "3.5 to 5.5 mm"): 1,
        ("slice thickness", "estimated"): 1,
    }


def _all(*scores: object) -> Summary:
    return summarise(scores, SETTINGS)[0]


def test_lesion_free_scans_do_not_dilute_the_figures_of_lesions() -> None:
    with_lesion = [scored(CUBE, HALF, name=f"ms/P{n}") for n in range(6)]
    summary = _all(*with_lesion, scored(NOTHING, CUBE, name="free/1"))
    assert summary.figures["dice_median"].value == pytest.approx(0.5)
    assert summary.figures["dice_median"].interval == pytest.approx((0.5, 0.5))
    assert summary.figures["lesion_precision_mean"].value == 1
    assert summary.figures["false_ml_median"].value == pytest.approx(0.064)
    assert (summary.scans, summary.with_lesion, summary.detected) == (7, 6, 6)


def test_errors_of_volume_do_not_cancel() -> None:
    more = box(slice(4, 8), slice(4, 8), slice(4, 12))
    less = box(slice(4, 8), slice(4, 8), slice(4, 6))
    figures = _all(scored(CUBE, more), scored(CUBE, less)).figures
    assert figures["volume_error_percent_median"].value == pytest.approx(75)


def test_millilitres_of_estimated_spacing_are_marked_wherever_they_are_shown() -> None:
    lgg, known = scored(CUBE, HALF, name="lgg/HT_1"), scored(CUBE, HALF)
    for score, marked in ((lgg, True), (known, False)):
        (row,) = sections(summarise([score], SETTINGS)[:1], {})[0].rows
        cells = dict(zip(headings(), row, strict=True))
        for heading in ("HD95 mm, median", "volume error mL", "false mL, free slices"):
            assert ("*" in cells[heading]) == marked
        assert "*" not in cells["Dice, median"] + cells["volume error %"]


def test_what_was_not_measured_is_said_and_not_estimated() -> None:
    parts = sections([_all(scored(CUBE, HALF))], SETTINGS["not_measured"], brief=True)
    (row,) = parts[-1].rows
    assert row[:2] == ("nnU-Net v2 (2d and 3d_fullres)", "not trained: no accelerator")
    assert len(row) == len(headings(brief=True))
    assert not any(row[2:])


def test_unknown_is_not_zero() -> None:
    score = replace(scored(NOTHING, NOTHING), matched=None)
    figures = _all(score).figures
    for name in ("dice_median", "hd95_mm_median", "lesion_f1_mean", "matched_f1_mean"):
        assert (figures[name].value, figures[name].scans) == (None, 0)
    assert figures["false_ml_max"].value == 0


def test_a_figure_of_scans_whose_spacing_is_known_is_not_nominal_beside_others() -> None:
    summary = _all(scored(CUBE, HALF, name="lgg/HT_1"), scored(NOTHING, CUBE, name="free/1"))
    assert summary.is_nominal("hd95_mm_median")
    assert not summary.is_nominal("false_ml_median")
