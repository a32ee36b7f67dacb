"""An edit is measured and scored anew, both versions are kept, and both can be taken out."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from fastapi.testclient import TestClient

from presight.cli import main
from presight.errors import ClinicalError, InputError
from presight.follow_up.change import Change
from presight.measure import Findings, measure
from presight.measure.background import background
from presight.report.result import StudyResult
from presight.review.api import Desk
from presight.review.export import export_bids, export_csv, export_json, export_manifest
from presight.review.masks import as_bytes, difference, parse_outline
from presight.review.rescore import kept_images, own_outline, reassess
from presight.review.results import StudyFolder
from presight.score import assess
from presight.study import ClinicalRecord
from presight.train.datasets.manifest import manifest_cases

ComeIn = Callable[[str], TestClient]
NAME = "sub-desk01"


@pytest.fixture
def study(results: Path) -> StudyFolder:
    return StudyFolder(results, results / "sub-desk01" / "anat", "sub-desk01")


def test_what_the_edit_does_not_move_stays_as_the_run_said_it(study: StudyFolder) -> None:
    run = Findings.model_validate(study.findings)
    assert reassess(study, mask=own_outline(study)[0]).findings == run
    mask, grid = own_outline(study)
    more = mask.copy()
    x, y, z = np.argwhere(mask)[0]  # the first along x: its neighbour is outside
    more[x - 1, y, z] = True
    again = reassess(study, mask=more).findings
    assert again.lesion_ml == pytest.approx(run.lesion_ml + grid.voxel_ml)
    assert again.brain_ml == run.brain_ml == 1400  # invented: no measurement gives that
    assert again.bilateral is True  # read by a person on the first result


def test_an_edited_outline_is_measured_as_the_pipeline_would(
    study: StudyFolder, whole: StudyResult
) -> None:
    mask = own_outline(study)[0].copy()
    mask[mask.shape[0] // 2 :] = False  # x runs to the left in this file
    again = reassess(study, mask=mask).findings
    lesions = replace(whole.lesions, mask=mask)
    anew = measure(whole.prepared, lesions, whole.study.clinical)
    assert again.lesion_ml == anew.lesion_ml
    assert [r.lesion_ml for r in again.regions] == [r.lesion_ml for r in anew.regions]
    assert sum(r.lesion_ml for r in again.regions) == pytest.approx(again.lesion_ml)
    assert again.lesions == anew.lesions
    assert again.volume_asymmetry == anew.volume_asymmetry == pytest.approx(1, abs=0.05)
    assert again.contrast_ratio == pytest.approx(anew.contrast_ratio, rel=0.02)


def test_regions_that_an_earlier_version_kept_on_slices_alone_are_not_counted_anew(
    study: StudyFolder,
) -> None:
    working = study.path("working_anatomy")
    assert working is not None
    working.unlink()
    half = own_outline(study)[0].copy()
    half[half.shape[0] // 2 :] = False
    with pytest.raises(InputError, match="anatomy on the working grid was not kept"):
        reassess(study, mask=half)
    assert reassess(study, changes={"age_years": 61}).clinical.age_years == 61
    np.testing.assert_array_equal(kept_images(study).anatomy > 0, kept_images(study).brain)


def test_regions_on_another_working_grid_are_not_taken(study: StudyFolder) -> None:
    working = study.path("working_anatomy")
    assert working is not None
    image: Any = nib.load(working)
    nib.Nifti1Image(np.asarray(image.dataobj), image.affine + np.eye(4)).to_filename(working)
    with pytest.raises(InputError, match="another version"):
        kept_images(study)


def test_an_edited_age_changes_the_load_to_expect(study: StudyFolder) -> None:
    load = background(6.0, ClinicalRecord.model_validate(study.read_json("clinical")))
    findings = study.findings | {"background": load.model_dump(mode="json")}
    _rewrite(study, "findings", findings)
    older = reassess(
        StudyFolder(study.results, study.folder, study.name), changes={"age_years": 80}
    )
    assert older.findings.background is not None
    assert load.expected_ml is not None
    assert older.findings.background.expected_ml > load.expected_ml
    assert older.findings.background.load_ml == load.load_ml


def test_a_verdict_that_used_a_prior_study_can_be_edited(study: StudyFolder) -> None:
    before = Findings(**study.findings | {"lesion_ml": 3 * study.findings["lesion_ml"]})
    now = Findings(**study.findings | {"change": "improved", "days_since_prior": 30})
    record = ClinicalRecord.model_validate(study.read_json("clinical"))
    verdict = assess(now, record, previous=before).model_dump(mode="json")
    _rewrite(study, "findings", now.model_dump(mode="json"))
    _rewrite(study, "assessment", {**verdict, "provenance": study.assessment["provenance"]})
    fresh = StudyFolder(study.results, study.folder, study.name)
    with pytest.raises(InputError, match="does not score the study as the run did"):
        reassess(fresh, changes={"age_years": 55})
    (study.folder / f"{NAME}_desc-prior_findings.json").write_text(before.model_dump_json())
    assert reassess(fresh, changes={"age_years": 54}).assessment.trend == verdict["trend"]
    half = own_outline(study)[0].copy()
    half[half.shape[0] // 2 :] = False
    edited = reassess(fresh, mask=half)
    assert f"{edited.findings.lesion_ml:.1f} mL after 30 days" in (edited.assessment.trend or "")


def test_the_change_is_judged_anew_within_the_error_of_measurement(study: StudyFolder) -> None:
    own, grid = own_outline(study)
    own_ml = float(own.sum() * grid.voxel_ml)
    before = Findings(**study.findings)
    now = Findings(**study.findings | {"change": "unchanged", "days_since_prior": 30})
    record = ClinicalRecord.model_validate(study.read_json("clinical"))
    verdict = assess(now, record, previous=before).model_dump(mode="json")
    _rewrite(study, "findings", now.model_dump(mode="json"))
    _rewrite(study, "assessment", {**verdict, "provenance": study.assessment["provenance"]})
    (study.folder / f"{NAME}_desc-prior_findings.json").write_text(before.model_dump_json())
    report = {
        **dict.fromkeys(("before", "after"), "a scan"),
        **dict.fromkeys(("regions", "lesions", "adc", "doubts"), ()),
        **dict.fromkeys(("before_ml", "after_ml"), own_ml),
        **dict.fromkeys(("days", "percent", "error_percent"), None),
        "outlined_by": ("a model", "a model"),
        "error_ml": own_ml / 4,
        "trend": "unchanged",
        "volume_ml": dict.fromkeys((kind.name.lower() for kind in Change), 0.0),
        "lesions_by_change": {},
        "contrast": (None, None),
        "alignment": dict.fromkeys(("similarity", "disagreement_mm", "shift_mm", "turn_deg"), 1.0),
        "retest": {},
    }
    (study.folder / f"{NAME}_desc-presight_change.json").write_text(json.dumps(report))
    fresh = StudyFolder(study.results, study.folder, study.name)
    places = np.argwhere(own)
    for share, told in ((0.1, "unchanged"), (0.5, "improved")):
        fewer = own.copy()
        fewer[tuple(places[: int(share * len(places))].T)] = False
        assert reassess(fresh, mask=fewer).findings.change == told


def _rewrite(study: StudyFolder, what: str, content: Any) -> None:
    path = study.path(what)
    assert path is not None
    path.write_text(json.dumps(content))


def test_a_changed_value_moves_the_answer_and_leaves_the_measurement(study: StudyFolder) -> None:
    before = study.assessment["classification"]["probabilities"]
    calm = reassess(study, changes={"seizure": False, "systolic_mmhg": 118, "diastolic_mmhg": 70})
    assert calm.findings.lesion_ml == study.findings["lesion_ml"]
    assert calm.assessment.classification.probabilities["pres"] < before["pres"]


@pytest.mark.parametrize(
    "changes",
    [
        {"systolic_mmhg": 18200},
        {"seizure": "perhaps"},
        {"invented": 1},
        {"age_years": float("nan")},
    ],
)
def test_a_value_that_cannot_be_true_is_refused(
    study: StudyFolder, changes: dict[str, Any]
) -> None:
    with pytest.raises(ClinicalError):
        reassess(study, changes=changes)


def test_a_result_that_cannot_be_reproduced_is_not_scored_anew(study: StudyFolder) -> None:
    clinical = study.path("clinical")
    assert clinical is not None
    clinical.write_text(json.dumps({"seizure": False}))
    with pytest.raises(InputError, match="does not score the study as the run did"):
        reassess(study, changes={"age_years": 30})
    clinical.unlink()
    with pytest.raises(InputError, match="clinical record of the study was not kept"):
        reassess(study, changes={"age_years": 30})


def test_an_outline_survives_its_way_and_its_difference_is_counted(study: StudyFolder) -> None:
    mask, grid = own_outline(study)
    edited = mask.copy()
    edited[5:8, 6:9, 7:9] = True
    edited[np.unravel_index(np.flatnonzero(mask)[:10], mask.shape)] = False
    content = as_bytes(edited, grid)
    assert content == as_bytes(edited, grid)
    np.testing.assert_array_equal(parse_outline(content, grid), edited)
    changed = difference(mask, edited, grid)
    assert (changed.added_voxels, changed.removed_voxels) == (18, 10)
    assert changed.added_ml == pytest.approx(18 * grid.voxel_ml)


def edit(client: TestClient, study: StudyFolder) -> str:
    """Empty the left half of the outline, change a value, and save both."""
    mask, grid = own_outline(study)
    right = mask.copy()
    right[mask.shape[0] // 2 :] = False  # x runs to the left in this file
    address = f"/api/studies/{client.post('/api/worklist', json={}).json()['rows'][0]['id']}"
    shown = client.get(address).json()
    assert client.put(f"{address}/draft", content=as_bytes(right, grid)).status_code == 200
    body = {
        "kind": "edit",
        "version": shown["standing"]["version"],
        "seen": shown["seen"],
        "draft": True,
        "changes": {"age_years": 61},
        "reasons": ["not_lesion"],
        "diagnosis": "pres",
        "text": "=cmd()",
    }
    answer = client.post(f"{address}/decisions", json=body)
    assert answer.status_code == 200, answer.text
    return address


def test_an_edit_is_kept_beside_what_was_there_and_can_be_taken_out(
    come_in: ComeIn, desk: Desk, study: StudyFolder, tmp_path: Path, capsys: Any
) -> None:
    client = come_in("ben")
    hashes = study.hashes()
    address = edit(client, study)
    assert study.hashes() == hashes  # the results folder is as it was
    content = client.get(address).json()["history"][0]["content"]
    assert content["changed"]["clinical"] == {"age_years": [54, 61]}
    assert content["changed"]["outline"]["removed_voxels"] > 0
    assert content["changed"]["outline"]["added_voxels"] == 0
    assert 0 < content["result"]["lesion_ml"] < content["shown"]["lesion_ml"]
    kept = client.get(f"{address}/kept/{content['kept']['assessment']}").json()
    assert kept["classification"]["probabilities"] == content["result"]["probabilities"]
    measured = client.get(f"{address}/kept/{content['kept']['findings']}").json()
    left = sum(r["lesion_ml"] for r in measured["regions"] if r["side"] == "left")
    assert left == pytest.approx(0, abs=0.2)
    _check_exports(desk, study, tmp_path)
    assert main(["review", "verify", "--results", str(desk.results)]) == 0
    assert "whole:" in capsys.readouterr().out


def test_a_draft_is_kept_for_its_author_until_they_decide_or_discard_it(
    come_in: ComeIn, study: StudyFolder
) -> None:
    ben, anna = come_in("ben"), come_in("anna")
    mask, grid = own_outline(study)
    address = f"/api/studies/{ben.post('/api/worklist', json={}).json()['rows'][0]['id']}"
    assert ben.put(f"{address}/draft", content=as_bytes(~mask, grid)).status_code == 200
    assert ben.get(address).json()["draft"]
    kept = parse_outline(ben.get(f"{address}/draft.nii.gz").content, grid)
    np.testing.assert_array_equal(kept, ~mask)
    assert anna.get(address).json()["draft"] is None
    assert anna.delete(f"{address}/draft").status_code == 200  # her own: there is none
    assert ben.get(address).json()["draft"]
    assert ben.delete(f"{address}/draft").status_code == 200
    assert ben.get(address).json()["draft"] is None
    assert ben.get(f"{address}/draft.nii.gz").status_code == 422


def test_what_comes_after_an_edit_builds_on_it(
    come_in: ComeIn, desk: Desk, study: StudyFolder, tmp_path: Path
) -> None:
    client = come_in("ben")
    address = edit(client, study)
    first = client.get(address).json()
    assert first["clinical"]["age_years"] == 61
    assert first["assessment"]["classification"] != first["run"]
    body = {"version": first["standing"]["version"], "seen": first["seen"]}
    again = {**body, "kind": "edit", "changes": {"seizure": False}}
    assert client.post(f"{address}/decisions", json=again).status_code == 200
    second = client.get(address).json()
    assert (second["clinical"]["age_years"], second["clinical"]["seizure"]) == (61, False)
    assert second["findings"]["lesion_ml"] == first["findings"]["lesion_ml"]
    accept = {**body, "version": second["standing"]["version"], "kind": "accept"}
    assert client.post(f"{address}/decisions", json=accept).status_code == 200
    with desk.store.read() as db:
        export_bids(db, desk.results, tmp_path / "bids")
    (reviewed,) = (tmp_path / "bids").rglob("*desc-reviewed_mask.nii.gz")
    volume_ml = np.asarray(nib.load(reviewed).dataobj).sum() * own_outline(study)[1].voxel_ml
    assert volume_ml == pytest.approx(second["findings"]["lesion_ml"])


def _check_exports(desk: Desk, study: StudyFolder, out: Path) -> None:
    with desk.store.read() as db:
        export_json(db, out / "record.json")
        assert export_csv(db, out / "decisions.csv") == 1
        assert export_bids(db, desk.results, out / "bids") == 1
        assert export_manifest(db, desk.results, out / "train.csv") == 1
    record = json.loads((out / "record.json").read_text())
    assert record["entries"][-1]["hash"] == record["head"]
    rows = list(csv.DictReader((out / "decisions.csv").open()))
    assert (rows[0]["diagnosis"], rows[0]["text"]) == ("pres", "'=cmd()")
    mask = out / "bids/sub-desk01/anat/sub-desk01_space-orig_label-L_desc-reviewed_mask.nii.gz"
    reviewed = np.asarray(nib.load(mask).dataobj)
    own, grid = own_outline(study)
    assert 0 < reviewed.sum() < own.sum()
    np.testing.assert_allclose(nib.load(mask).affine, grid.affine)
    (case,) = manifest_cases(out / "train.csv")
    assert case.truth is not None
    np.testing.assert_array_equal(np.asarray(nib.load(case.truth.masks[0]).dataobj), reviewed)
