"""The page says first where the scan is unlike those the model was made with."""

import dataclasses

import pytest

from presight.report.page import render_page
from presight.segment.trust import Limit, TrustSettings, judge

SETTINGS = TrustSettings(
    limits={"bright_tissue": Limit(middle=1.3, edge=1.1)},
    scans=20,
    held_out_scans=5,
    expected_dice_error=0.07,
)


@pytest.mark.parametrize(("bright", "doubtful"), [(1.3, False), (0.9, True)])
def test_a_scan_that_is_unlike_the_others_is_read_with_caution(make_result, bright, doubtful):
    result = make_result()
    trust = judge({"bright_tissue": bright}, 0.81, SETTINGS)
    findings = result.findings.model_copy(update={"quality_doubts": trust.doubts})
    lesions = dataclasses.replace(result.lesions, trust=trust)
    page = render_page(dataclasses.replace(result, lesions=lesions, findings=findings))
    assert ("as on a T1" in page) is doubtful
    assert ("The scan is like those the model was made with" in page) is not doubtful
    assert "a Dice of 0.81" in page
    assert page.count(trust.sentences[0]) == (2 if doubtful else 1)
