"""The hospital's own login, against a provider that answers over HTTP as a real one does."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi.testclient import TestClient

from presight.cli import main
from presight.errors import ConfigError
from presight.review.accounts import Role, add_account, change_account
from presight.review.api import Desk, HospitalLogin, make_app
from presight.review.record import entries


@pytest.fixture
def hospital(desk: Desk, issuer: str) -> TestClient:
    """A browser at a desk that knows the hospital's login."""
    with desk.store.write() as db:
        add_account(db, "tests", "dora", Role.REVIEWER, None)
    return browser(desk, HospitalLogin(issuer, "desk", "a client secret"))


def browser(desk: Desk, login: HospitalLogin) -> TestClient:
    known = Desk(desk.store, desk.results, hosts=desk.hosts, hospital=login)
    return TestClient(make_app(known), follow_redirects=False)


def say_who(issuer: str, address: str, name: str) -> str:
    """Log in at the provider; give the address to which it sends the browser back."""
    claims = {"preferred_username": name, "email": f"{name}@hospital.example"}
    assert httpx.put(f"{issuer}/users/{name}", json=claims).status_code == 204
    answer = httpx.post(address, data={"sub": name})
    assert answer.status_code == 302
    return answer.headers["location"]


def come_in(client: TestClient, issuer: str, name: str) -> httpx.Response:
    there = client.get("/api/hospital/login")
    assert there.status_code == 302
    assert there.headers["location"].startswith(issuer)
    return client.get(say_who(issuer, there.headers["location"], name))


def test_somebody_whom_the_hospital_knows_comes_in_to_their_account(
    hospital: TestClient, issuer: str, desk: Desk
) -> None:
    assert hospital.get("/api/ways").json() == {"hospital": True}
    back = come_in(hospital, issuer, "dora")
    assert (back.status_code, back.headers["location"]) == (303, "/")
    assert all(word in back.headers["set-cookie"] for word in ("HttpOnly", "SameSite=strict"))
    me = hospital.get("/api/me").json()
    assert (me["name"], me["role"]) == ("dora", "reviewer")
    with desk.store.read() as db:
        login = [entry for entry in entries(db) if entry.kind == "login"][-1]
    assert (login.actor, json.loads(login.content)) == ("dora", {"by": "hospital"})


@pytest.mark.parametrize("name", ["stranger", "ben"])  # ben's account has a password
def test_who_has_no_account_for_this_login_is_told_so(
    hospital: TestClient, issuer: str, name: str
) -> None:
    assert come_in(hospital, issuer, name).headers["location"] == "/#/refused/unknown"
    assert hospital.get("/api/me").status_code == 401


def test_an_account_that_was_switched_off_stays_closed(
    hospital: TestClient, issuer: str, desk: Desk
) -> None:
    with desk.store.write() as db:
        change_account(db, "tests", "dora", enabled=False)
    assert come_in(hospital, issuer, "dora").headers["location"] == "/#/refused/unknown"


def test_what_is_sent_there_is_fresh_and_leaves_the_secret_at_home(
    hospital: TestClient, issuer: str
) -> None:
    first, second = (
        parse_qs(urlsplit(hospital.get("/api/hospital/login").headers["location"]).query)
        for _ in range(2)
    )
    assert first["code_challenge_method"] == ["S256"]
    assert "openid" in first["scope"][0]
    for name in ("state", "nonce", "code_challenge"):
        assert first[name] != second[name]
    assert "secret" not in str(first)


def test_an_answer_that_nobody_asked_for_lets_nobody_in(
    hospital: TestClient, issuer: str, desk: Desk
) -> None:
    there = hospital.get("/api/hospital/login").headers["location"]
    answer = say_who(issuer, there, "dora")
    another = browser(desk, HospitalLogin(issuer, "desk", "a client secret"))
    for client, address in (
        (another, answer),  # a link to another browser's answer
        (hospital, answer.replace("state=", "state=forged")),
        (hospital, "/api/hospital/callback"),
        (hospital, "/api/hospital/callback?error=access_denied"),
    ):
        assert client.get(address).headers["location"] == "/#/refused/failed", address
        assert client.get("/api/me").status_code == 401


def test_an_answer_counts_once(hospital: TestClient, issuer: str) -> None:
    there = hospital.get("/api/hospital/login").headers["location"]
    answer = say_who(issuer, there, "dora")
    assert hospital.get(answer).headers["location"] == "/"
    assert hospital.get(answer).headers["location"] == "/#/refused/failed"


def test_a_login_that_does_not_answer_is_said(desk: Desk) -> None:
    client = browser(desk, HospitalLogin("http://localhost:9", "desk", "a client secret"))
    assert client.get("/api/hospital/login").headers["location"] == "/#/refused/unreachable"


def test_an_address_that_was_not_verified_is_no_name(desk: Desk, issuer: str) -> None:
    with desk.store.write() as db:
        add_account(db, "tests", "dora@hospital.example", Role.REVIEWER, None)
    client = browser(desk, HospitalLogin(issuer, "desk", "a client secret", claim="email"))
    assert come_in(client, issuer, "dora").headers["location"] == "/#/refused/failed"


def test_a_desk_without_it_has_no_such_addresses(desk: Desk) -> None:
    client = TestClient(make_app(desk))
    assert client.get("/api/ways").json() == {"hospital": False}
    assert client.get("/api/hospital/login").status_code == 404


def test_the_login_has_to_be_encrypted_and_to_know_the_desk(desk: Desk, capsys: Any) -> None:
    with pytest.raises(ConfigError, match="not encrypted"):
        HospitalLogin("http://login.hospital.example", "desk", "a client secret")
    results = str(desk.results)
    asked = ["review", "--results", results, "--oidc-issuer", "https://login.hospital.example"]
    assert main(asked) == 2
    assert "PRESIGHT_OIDC_SECRET" in capsys.readouterr().err
