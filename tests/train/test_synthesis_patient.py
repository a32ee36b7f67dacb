"""The synthetic patient that the demonstration and the tests run on."""

import numpy as np
import pytest

from presight.errors import ConfigError
from presight.study.clinical import Onset
from presight.train.synthesis.patient import RESEARCH_3D_MM, synthetic_patient


@pytest.fixture(scope="module")
def patient():
    return synthetic_patient(7)


@pytest.fixture(scope="module")
def healthy():
    return synthetic_patient(3, "none", spacing_mm=RESEARCH_3D_MM)


def test_same_seed_gives_the_same_patient(patient):
    again = synthetic_patient(7)
    np.testing.assert_array_equal(again.flair.data, patient.flair.data)
    np.testing.assert_array_equal(again.truth, patient.truth)
    assert again.clinical == patient.clinical


def test_another_seed_gives_another_patient(patient, healthy):
    assert healthy.clinical.age_years != patient.clinical.age_years
    assert healthy.subject != patient.subject


def test_scan_has_the_spacing_of_a_clinical_2d_flair(patient):
    assert patient.flair.grid.spacing_mm == pytest.approx((0.9, 0.9, 4.0))
    assert patient.flair.data.shape == patient.truth.shape == patient.labels.shape
    assert patient.flair.data.shape == patient.flair.grid.shape


def test_a_3d_flair_can_be_had(healthy):
    assert healthy.flair.grid.spacing_mm == (1, 1, 1)


def test_lesion_is_bright_and_in_the_brain(patient):
    inside, rest = patient.flair.data[patient.truth], (patient.labels > 0) & ~patient.truth
    assert np.median(inside) > np.median(patient.flair.data[rest])
    assert patient.truth.sum() * patient.flair.grid.voxel_ml > 1
    assert np.mean(patient.labels[patient.truth] > 0) > 0.98


def test_fluid_is_dark(healthy):
    ventricle = healthy.flair.data[np.isin(healthy.labels, (17, 18))]
    brain = healthy.flair.data[healthy.labels > 0]
    assert np.percentile(ventricle, 10) < 0.6 * np.median(brain)


def test_there_is_a_head_around_the_brain(patient):
    outside = patient.flair.data[patient.labels == 0]
    assert np.mean(outside > 0.1 * np.median(patient.flair.data[patient.labels > 0])) > 0.1


def test_no_lesion_stays_none(healthy):
    assert not healthy.truth.any()


def test_the_record_fits_the_lesion(patient):
    record = patient.clinical
    assert record.onset is Onset.ACUTE
    assert [drug.name for drug in record.drugs] == ["tacrolimus"]
    assert any((record.seizure, record.headache, record.altered_mental_status,
                record.visual_disturbance))  # fmt: skip


def test_an_unknown_family_is_named_with_what_there_is():
    with pytest.raises(ConfigError, match=r"no lesion family 'pers'.*pres"):
        synthetic_patient(1, "pers")
