"""Whatever comes in, the desk answers with a sentence and not with a failure of its own."""

from __future__ import annotations

from typing import Any

import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error

from presight.review.api import Desk, make_app
from presight.review.record import verify
from presight.review.tables import study

SEND = settings(
    max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


def test_nothing_makes_the_server_fail(desk: Desk) -> None:
    app = make_app(desk)
    client = TestClient(app)
    me = client.post("/api/login", json={"name": "anna", "password": "a long password 1"}).json()
    session = client.cookies["presight_session"]
    signed_in = {"X-CSRF-Token": me["csrf"], "Cookie": f"presight_session={session}"}
    with desk.store.read() as db:
        (real,) = db.execute(study.select()).all()
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", app).exclude(path="/api/logout")
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 15
    let_in = [_send(operation, signed_in, real.id) for operation in operations]
    assert sum(let_in) > 15 * len(let_in) / 20  # most got past the door
    with desk.store.read() as db:
        assert verify(db).faults == ()


def _send(operation: Any, signed_in: dict[str, str], real: str) -> bool:
    """Send what the schema allows and a little that it does not; say whether it was let in."""
    answers: list[int] = []

    @SEND
    @given(case=operation.as_strategy())
    def send(case: Any) -> None:
        if "study" in (case.path_parameters or {}):
            case.path_parameters["study"] = real
        answer = case.call(headers=signed_in)
        answers.append(answer.status_code)
        case.validate_response(answer, checks=[not_a_server_error])

    send()
    return any(status not in (400, 401, 403) for status in answers)
