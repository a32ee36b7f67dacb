"""Who tries to get in, or to put in what does not belong, gets nothing."""

from __future__ import annotations

import gzip
import json
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from fastapi.testclient import TestClient

from presight.review import accounts
from presight.review.accounts import add_account, change_account
from presight.review.api import Desk, make_app
from presight.review.api.app import STATIC
from presight.review.record import entries, verify
from presight.review.worklist import refresh

ComeIn = Callable[[str], TestClient]
SCRIPT = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def first(client: TestClient) -> str:
    page = client.post("/api/worklist", json={}).json()
    return f"/api/studies/{page['rows'][0]['id']}"


def decision(client: TestClient, study: str, **more: Any) -> dict[str, Any]:
    shown = client.get(study).json()
    return {
        "kind": "accept",
        "version": shown["standing"]["version"],
        "seen": shown["seen"],
        **more,
    }


def test_the_main_numbers_are_those_of_the_results(come_in: ComeIn, results: Path) -> None:
    client = come_in("rea")
    anat = results / "sub-desk01" / "anat"
    answer = json.loads((anat / "sub-desk01_desc-presight_assessment.json").read_text())
    measured = json.loads((anat / "sub-desk01_desc-presight_findings.json").read_text())
    row = client.post("/api/worklist", json={}).json()["rows"][0]
    shares = answer["classification"]["probabilities"]
    assert (row["pres"], row["toxic"]) == (shares["pres"], shares["toxic_leukoencephalopathy"])
    assert row["lesion_ml"] == measured["lesion_ml"]
    assert row["alerts"] == len(answer["alerts"])
    shown = client.get(first(client)).json()
    assert shown["assessment"] == answer
    assert shown["findings"] == measured


def test_without_a_login_there_is_nothing(desk: Desk) -> None:
    client = TestClient(make_app(desk))
    for method, path in (
        ("GET", "/api/me"),
        ("GET", "/api/words"),
        ("POST", "/api/worklist"),
        ("GET", "/api/record"),
        ("GET", "/api/agreement"),
        ("GET", "/api/accounts"),
        ("GET", f"/api/studies/{'a' * 24}"),
        ("GET", f"/api/studies/{'a' * 24}/images/flair.nii.gz"),
    ):
        assert client.request(method, path).status_code in (401, 422), path
    client.cookies.set("presight_session", "forged")
    assert client.get("/api/me").status_code == 401


def test_each_role_may_do_what_it_may(come_in: ComeIn) -> None:
    rea, ben, anna = (come_in(name) for name in ("rea", "ben", "anna"))
    study = first(rea)
    assert rea.post(f"{study}/decisions", json=decision(rea, study)).status_code == 403
    assert rea.post(f"{study}/rescore", json={}).status_code == 403
    assert rea.put(f"{study}/draft", content=b"x").status_code == 403
    assert ben.get("/api/accounts").status_code == 403
    assert ben.post("/api/accounts", json={"name": "eve", "role": "admin"}).status_code == 403
    assert ben.post(f"{study}/decisions", json=decision(ben, study)).status_code == 200
    assert anna.get("/api/accounts").status_code == 200


def test_a_request_without_the_token_of_the_page_changes_nothing(come_in: ComeIn) -> None:
    client = come_in("anna")
    study = first(client)
    body = decision(client, study)
    for headers in (
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": "forged"},
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ):
        answer = client.post(f"{study}/decisions", json=body, headers=headers)
        assert answer.status_code == 403, headers
    assert client.get(study).json()["history"] == []


def test_another_name_of_the_machine_is_refused(desk: Desk) -> None:
    client = TestClient(make_app(desk), base_url="http://evil.example")
    assert client.get("/api/me").status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/api/studies/../../../../etc/passwd",
        "/api/studies/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        f"/api/studies/{'a' * 24}/images/..%2f..%2fsecret.nii.gz",
        f"/api/studies/{'a' * 24}/kept/{'b' * 64}",
        "/api/studies/sub-desk01",
        "/../review/review.sqlite",
        "/%2e%2e/%2e%2e/review.py",
        "/assets/..%2f..%2f..%2fstore.py",
    ],
)
def test_no_path_leads_out(come_in: ComeIn, path: str) -> None:
    answer = come_in("anna").get(path)
    assert answer.status_code in (404, 422)
    assert "root:" not in answer.text


def test_a_link_out_of_the_results_leads_nowhere(
    come_in: ComeIn, results: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("patient")
    anat = results / "sub-desk01" / "anat"
    (anat / "sub-desk01_space-orig_desc-brain_ADC.nii.gz").symlink_to(secret)
    client = come_in("anna")
    assert client.get(f"{first(client)}/images/adc.nii.gz").status_code == 422
    assert "adc" not in client.get(first(client)).json()["images"]


def test_a_document_of_another_study_is_not_shown(
    come_in: ComeIn, desk: Desk, add_copies: Callable[[int], None]
) -> None:
    add_copies(1)
    refresh(desk.store, desk.results)
    client = come_in("anna")
    one, other = (
        f"/api/studies/{row['id']}" for row in client.post("/api/worklist", json={}).json()["rows"]
    )
    body = decision(client, one, kind="edit", changes={"age_years": 60})
    assert client.post(f"{one}/decisions", json=body).status_code == 200
    digest = client.get(one).json()["history"][0]["content"]["kept"]["assessment"]
    assert client.get(f"{one}/kept/{digest}").status_code == 200
    assert client.get(f"{other}/kept/{digest}").status_code == 422


def test_too_much_is_refused_before_it_is_read(come_in: ComeIn) -> None:
    client = come_in("ben")
    study = first(client)
    assert client.post("/api/worklist", content=b"x" * 300_000).status_code == 413
    declared = {"Content-Length": str(2**40)}
    assert client.put(f"{study}/draft", content=b"x", headers=declared).status_code == 413

    def endless() -> Any:
        for _ in range(40):
            yield bytes(2**20)

    assert client.put(f"{study}/draft", content=endless()).status_code in (400, 413)


@pytest.mark.parametrize(
    "kind", ["bomb", "text", "grid", "flipped", "values", "cut", "huge header"]
)
def test_only_an_outline_of_this_scan_is_taken(come_in: ComeIn, results: Path, kind: str) -> None:
    client = come_in("ben")
    path = results / "sub-desk01/anat/sub-desk01_space-orig_label-L_desc-hyperintensity_mask.nii.gz"
    image = nib.load(path)
    values, affine = np.asarray(image.dataobj), image.affine
    flipped = affine.copy()
    flipped[0, 0] *= -1
    many = (values + np.arange(66)[:, None, None]).astype(np.int16)
    header = bytearray(image.to_bytes())
    header[42:48] = b"\xff\x7f\xff\x7f\xff\x7f"
    wrong = {
        "bomb": lambda: gzip.compress(bytes(64 * 2**20)),
        "text": lambda: b"no image",
        "grid": lambda: nib.Nifti1Image(values[:-1], affine).to_bytes(),
        "flipped": lambda: nib.Nifti1Image(values, flipped).to_bytes(),
        "values": lambda: nib.Nifti1Image(many, affine).to_bytes(),
        "cut": lambda: path.read_bytes()[:-200],
        "huge header": lambda: bytes(header),
    }[kind]()
    answer = client.put(f"{first(client)}/draft", content=wrong)
    assert answer.status_code == 422, answer.text
    assert client.put(f"{first(client)}/draft", content=path.read_bytes()).status_code == 200


def test_scripts_in_every_text_stay_text(come_in: ComeIn) -> None:
    anna = come_in("anna")
    study = first(anna)
    account = {"name": SCRIPT[:60], "role": "reader", "password": "a long password"}
    assert anna.post("/api/accounts", json=account).status_code == 200
    body = decision(anna, study, kind="comment", text=SCRIPT)
    assert anna.post(f"{study}/decisions", json=body).status_code == 200
    for path in ("/api/accounts", "/api/record", study):
        answer = anna.get(path)
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
    policy = anna.get("/api/me").headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self';" in policy
    assert "unsafe" not in policy


def test_sql_in_a_search_finds_nothing_and_breaks_nothing(come_in: ComeIn) -> None:
    client = come_in("rea")
    for text in ("' OR 1=1 --", "%", "_", "\\", "'; DROP TABLE record; --"):
        answer = client.post("/api/worklist", json={"find": text})
        assert answer.status_code == 200
        assert answer.json()["total"] == 0
    assert client.post("/api/worklist", json={"find": "DESK"}).json()["total"] == 1


def test_guessing_a_password_ends_soon(desk: Desk, come_in: ComeIn) -> None:
    client = TestClient(make_app(desk))
    wrong = [
        client.post("/api/login", json={"name": "ben", "password": f"guess number {i}"}).status_code
        for i in range(12)
    ]
    assert wrong == [401] * 8 + [429] * 4
    right = {"name": "ben", "password": "a long password 2"}
    assert client.post("/api/login", json=right).status_code == 429  # also with the right one
    come_in("anna")  # others are let in


def test_somebody_changes_their_own_password(come_in: ComeIn, desk: Desk) -> None:
    client = come_in("rea")
    old, new = "a long password 3", "quite another one"
    for body in ({"old": "wrong", "new": new}, {"old": old, "new": "short"}):
        assert client.post("/api/me/password", json=body).status_code == 422
    assert client.post("/api/me/password", json={"old": old, "new": new}).status_code == 200
    assert client.get("/api/me").status_code == 401  # all sessions of the old password have ended
    fresh = TestClient(make_app(desk))
    for password, status in ((old, 401), (new, 200)):
        body = {"name": "rea", "password": password}
        assert fresh.post("/api/login", json=body).status_code == status


def test_a_stolen_session_cannot_guess_the_password(come_in: ComeIn) -> None:
    client = come_in("rea")
    body = {"old": "a guess", "new": "quite another one"}
    tried = [client.post("/api/me/password", json=body).status_code for _ in range(10)]
    assert tried == [422] * 8 + [429] * 2


def test_a_session_ends(come_in: ComeIn, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    client, now = come_in("ben"), accounts.time.time()
    monkeypatch.setattr(accounts.time, "time", lambda: now + 59 * 60)
    assert client.get("/api/me").status_code == 200
    monkeypatch.setattr(accounts.time, "time", lambda: now + 121 * 60)
    assert client.get("/api/me").status_code == 401
    monkeypatch.undo()
    again = come_in("ben")
    assert again.post("/api/logout").status_code == 200
    assert again.get("/api/me").status_code == 401
    other = come_in("ben")
    with desk.store.write() as db:
        change_account(db, "anna", "ben", enabled=False)
    assert other.get("/api/me").status_code == 401


def test_the_cookie_stays_with_the_browser_and_travels_encrypted(desk: Desk) -> None:
    secure = Desk(desk.store, desk.results, secure=True, hosts=desk.hosts)
    body = {"name": "ben", "password": "a long password 2"}
    cookie = TestClient(make_app(secure)).post("/api/login", json=body).headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=strict", "Secure"))


def test_no_id_of_a_patient_is_in_an_address_or_a_log(
    come_in: ComeIn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "presight")
    client = come_in("ben")
    study = first(client)
    assert "desk01" not in study
    client.post("/api/worklist", json={"find": "desk01"})
    client.post(f"{study}/decisions", json=decision(client, study, text="of desk01"))
    client.get("/api/record?actor=desk01")
    client.post(f"{study}/decisions", json={"desk01": "desk01"})
    told = [record.getMessage() for record in caplog.records if record.name.startswith("presight")]
    assert told
    assert not any("desk01" in line for line in told)


def test_one_who_opens_a_study_is_shown_to_the_others(come_in: ComeIn) -> None:
    anna, ben = come_in("anna"), come_in("ben")
    study = first(anna)
    anna.get(study)
    assert ben.get(study).json()["others"] == ["anna"]
    assert ben.post("/api/worklist", json={}).json()["rows"][0]["open_by"] == ["anna", "ben"]
    anna.post(f"{study}/close")
    assert ben.get(f"{study}/presence").json()["others"] == []


def test_the_page_may_be_kept_by_a_browser_and_nothing_of_a_patient(come_in: ComeIn) -> None:
    if not (STATIC / "index.html").is_file():
        pytest.skip("the page was not built: needs Node and `make web`")
    client = come_in("rea")
    script = re.search(r'src="(/assets/[^"]+\.js)"', client.get("/").text)
    assert script is not None
    answer = client.get(script[1])
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    study = first(client)
    for path in (study, f"{study}/images/flair.nii.gz", f"{study}/course", "/api/words"):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("image", ["clinical", "assessment", "invented", "../flair"])
def test_only_images_are_given_as_images(come_in: ComeIn, image: str) -> None:
    client = come_in("rea")
    answer = client.get(f"{first(client)}/images/{image}.nii.gz")
    assert answer.status_code in (404, 422)


def test_the_record_tells_who_saw_what(come_in: ComeIn, desk: Desk) -> None:
    client = come_in("ben")
    study = first(client)
    seen = client.get(study).json()["seen"]
    with desk.store.read() as db:
        opened = [entry for entry in entries(db) if entry.kind == "opened"]
        assert verify(db).faults == ()
    assert opened[-1].actor == "ben"
    assert json.loads(opened[-1].content)["seen"] == seen


def test_the_last_admin_stays(desk: Desk) -> None:
    from presight.errors import InputError

    with pytest.raises(InputError, match="nobody would be left"), desk.store.write() as db:
        change_account(db, "anna", "anna", enabled=False)
    with pytest.raises(InputError, match="too short"), desk.store.write() as db:
        add_account(db, "anna", "eve", accounts.Role.READER, "short")
