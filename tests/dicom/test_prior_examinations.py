"""An earlier DICOM examination is found by its date, whatever folders and sessions are called."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dicom_writer import FLAIR, PATIENT, SeriesToWrite, write_classic

from presight.dicom.inputs import find_all
from presight.errors import InputError
from presight.follow_up.sources import days_to, find_prior, find_sources
from presight.study import StudyInput

DATA = np.random.default_rng(5).integers(0, 1000, (40, 48, 12)).astype(np.uint16)
AFFINE = np.diag([-5.0, -5.0, 8.0, 1.0])


def examination(folder: Path, day: str, **facts) -> Path:
    patient = {**PATIENT, "StudyDate": day}
    write_classic(SeriesToWrite(DATA, AFFINE, patient=patient, facts={**FLAIR, **facts}), folder)
    return folder


def study(folder: Path) -> StudyInput:
    (found,) = find_all([folder]).studies
    return found


def test_a_single_earlier_examination_is_taken_with_the_days_between(tmp_path):
    prior = examination(tmp_path / "last", "20240101")
    today = study(examination(tmp_path / "today", "20240131"))
    found = find_prior(prior, today)
    assert found.files.subject == "last"
    assert days_to(found, today) == 30


def test_a_later_examination_is_no_prior(tmp_path):
    later = examination(tmp_path / "later", "20240301")
    today = study(examination(tmp_path / "today", "20240131"))
    assert find_prior(later, today) is None


def test_of_several_earlier_examinations_of_the_patient_the_last_is_taken(tmp_path):
    for name, day in (("a", "20240101"), ("b", "20240120"), ("c", "20240401")):
        examination(tmp_path / "archive" / name, day)
    today = study(examination(tmp_path / "today", "20240131"))
    assert days_to(find_prior(tmp_path / "archive", today), today) == 11


def test_examinations_in_one_folder_follow_each_other(tmp_path):
    """Their sessions are hashes, in no order: only the dates tell which was first."""
    for name, day in (("a", "20240301"), ("b", "20240101"), ("c", "20240201")):
        examination(tmp_path / "patient" / name, day)
    ordered = find_sources(tmp_path / "patient")
    assert [days_to(ordered[0], source.files) for source in ordered] == [0, 31, 60]
    assert find_prior(tmp_path / "patient", ordered[0].files) is None
    assert days_to(find_prior(tmp_path / "patient", ordered[2].files), ordered[2].files) == 29


def test_sessions_without_an_order_are_not_guessed_at(tmp_path):
    """As a run leaves them whose result says no date."""
    anat = tmp_path / "sub-x" / "ses-uid0000000001" / "anat"
    anat.mkdir(parents=True)
    (anat / "sub-x_ses-uid0000000001_desc-presight_assessment.json").touch()
    assert find_prior(tmp_path, StudyInput("x", Path(), "uid0000000002")) is None


def test_a_prior_without_flair_is_said_so(tmp_path):
    words = {"SeriesDescription": "T1 MPRAGE", "ProtocolName": "T1", "InversionTime": 900.0}
    prior = examination(tmp_path / "last", "20240101", **words, EchoTime=3.0, RepetitionTime=600.0)
    today = study(examination(tmp_path / "today", "20240131"))
    with pytest.raises(InputError, match="no FLAIR was found"):
        find_prior(prior, today)
