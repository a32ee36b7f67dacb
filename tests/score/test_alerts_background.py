"""A lesion within the background load raises no alarm about its side."""

import pytest

from presight.measure import Findings
from presight.score import assess
from presight.study import ClinicalRecord


@pytest.mark.parametrize(("lesion_ml", "alarmed"), [(0.5, False), (40.0, True)])
def test_one_side_matters_beyond_the_background(lesion_ml, alarmed):
    found = Findings(lesion_ml=lesion_ml, volume_asymmetry=1.0, parieto_occipital_share=0.5)
    alerts = assess(found, ClinicalRecord()).alerts
    assert any("one side only" in alert.text for alert in alerts) == alarmed
