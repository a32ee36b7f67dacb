"""Whatever comes in, the desk answers with a sentence and not with a failure of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error

from presight.review.api import Desk, make_app
from presight.review.record import verify


@pytest.fixture
def app(desk: Desk) -> FastAPI:
    return make_app(desk)


@pytest.fixture
def signed_in(app: FastAPI) -> dict[str, str]:
    client = TestClient(app)
    me = client.post("/api/login", json={"name": "anna", "password": "a long password 1"}).json()
    session = client.cookies["presight_session"]
    return {"X-CSRF-Token": me["csrf"], "Cookie": f"presight_session={session}"}


@pytest.fixture
def api(app: FastAPI, desk: Desk) -> Iterator[Any]:
    yield schemathesis.openapi.from_asgi("/api/openapi.json", app).exclude(path="/api/logout")
    with desk.store.read() as db:
        assert verify(db).faults == ()


schema = schemathesis.pytest.from_fixture("api")


@schema.parametrize()
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_nothing_makes_the_server_fail(case: Any, signed_in: dict[str, str], desk: Desk) -> None:
    with desk.store.read() as db:
        from presight.review.tables import study

        real = db.execute(study.select()).first()
    if "study" in (case.path_parameters or {}) and real is not None:
        case.path_parameters["study"] = real.id
    answer = case.call(headers=signed_in)
    assert answer.status_code not in (401, 400) or case.method == "POST"
    case.validate_response(answer, checks=[not_a_server_error])
