"""Values over the visits of a patient, on the ranges that fit them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from presight.review.api import Desk
from presight.review.worklist import refresh

ComeIn = Callable[[str], TestClient]
SESSIONS = {"20240110": 18.2, "20240131": 9.5, "20240301": None}  # trough, ng/mL


@pytest.fixture
def visits(results: Path) -> None:
    """Three dated visits of another patient, with a trough on two of them."""
    for session, trough in SESSIONS.items():
        stem, anat = f"sub-long_ses-{session}", results / "sub-long" / f"ses-{session}" / "anat"
        anat.mkdir(parents=True)
        for path in (results / "sub-desk01" / "anat").iterdir():
            shutil.copy(path, anat / path.name.replace("sub-desk01", stem))
        clinical = anat / f"{stem}_desc-presight_clinical.json"
        content = json.loads(clinical.read_text())
        content["drugs"][0]["level_ng_ml"] = trough
        content["days_since_transplant"] = 60
        clinical.write_text(json.dumps(content))


@pytest.mark.usefixtures("visits")
def test_values_follow_the_visits_on_published_ranges(come_in: ComeIn, desk: Desk) -> None:
    client = come_in("rea")
    course = at_session(client, desk, "20240131")
    assert [visit["session"] for visit in course["visits"]] == list(SESSIONS)
    assert [visit["here"] for visit in course["visits"]] == [False, True, False]
    days = [visit["day"] for visit in course["visits"]]
    assert [day - days[0] for day in days] == [0, 21, 51]
    trough = next(v for v in course["values"] if v["field"] == "tacrolimus_ng_ml")
    assert (trough["points"], trough["unit"]) == ([18.2, 9.5, None], "ng/mL")
    ranges = [(each["low"], each["high"]) for each in trough["ranges"]]
    assert (7, 20) in ranges  # kidney, first three months, with azathioprine
    ranged = [each for value in course["values"] for each in value["ranges"]]
    named = {name for each in ranged for name in each["source"]}
    assert named <= set(course["sources"])
    assert not any(value["field"] == "sodium_mmol_l" for value in course["values"])  # unknown


def test_an_edited_value_is_the_one_that_is_drawn(come_in: ComeIn, desk: Desk) -> None:
    client = come_in("ben")
    study = address(client, desk, "desk01")
    seen, changes = client.get(study).json()["seen"], {"magnesium_mmol_l": 0.5}
    body = {"kind": "edit", "version": 0, "seen": seen, "changes": changes}
    assert client.post(f"{study}/decisions", json=body).status_code == 200
    values = client.get(f"{study}/course").json()["values"]
    magnesium = next(value for value in values if value["field"] == "magnesium_mmol_l")
    assert magnesium["points"] == [0.5]
    assert magnesium["ranges"][0]["low"] == 0.66


def at_session(client: TestClient, desk: Desk, session: str) -> dict[str, Any]:
    answer = client.get(f"{address(client, desk, session)}/course")
    assert answer.status_code == 200
    return answer.json()


def address(client: TestClient, desk: Desk, find: str) -> str:
    return f"/api/studies/{row(client, desk, find)['id']}"


def row(client: TestClient, desk: Desk, find: str) -> dict[str, Any]:
    refresh(desk.store, desk.results)
    (found,) = client.post("/api/worklist", json={"find": find}).json()["rows"]
    return dict(found)
