"""Coming in and going out."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from presight.review.accounts import Person, change_own_password, log_in, log_out
from presight.review.api.bodies import Login, NewPassword
from presight.review.api.desk import REFUSALS, Anybody, AtDesk, InStore
from presight.review.api.guard import COOKIE

router = APIRouter(responses=REFUSALS)


@router.get("/ways")
def ways(desk: AtDesk) -> dict[str, bool]:
    """Say by which ways somebody can come in."""
    return {"hospital": desk.hospital is not None}


@router.post("/login")
def login(body: Login, request: Request, response: Response, desk: AtDesk) -> dict[str, str]:
    """Begin a session."""
    address = request.client.host if request.client else ""
    found, token = log_in(desk.store, body.name, body.password, address)
    response.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=desk.secure)
    return _as_json(found)


@router.post("/logout")
def logout(request: Request, response: Response, found: Anybody, store: InStore) -> dict[str, Any]:
    """End a session."""
    log_out(store, found, request.cookies[COOKIE])
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return {}


@router.post("/me/password")
def change_password(
    body: NewPassword, request: Request, found: Anybody, store: InStore
) -> dict[str, Any]:
    """Change one's own password; every session of the account ends, this one too."""
    address = request.client.host if request.client else ""
    change_own_password(store, found, body.old, body.new, address)
    return {}


@router.get("/me")
def me(found: Anybody) -> dict[str, str]:
    """Say who is logged in."""
    return _as_json(found)


def _as_json(found: Person) -> dict[str, str]:
    return {"name": found.name, "role": found.role.name.lower(), "csrf": found.csrf}
