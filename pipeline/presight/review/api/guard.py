"""What stands before every request: size, headers, where it comes from, who sends it."""

from __future__ import annotations

import logging
import time
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from presight.config import load_config
from presight.errors import PresightError
from presight.review.accounts import Person, Role, same, who_is

COOKIE = "presight_session"
_SMALL_BODY = 256 * 1024
_SAFE = ("GET", "HEAD", "OPTIONS")
_log = logging.getLogger(__name__)

# NiiVue compiles no code and starts no worker; its fonts and colour maps are data in the script.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self' data:; font-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class PermissionRefusedError(PresightError):
    """The account may not do this, or the request does not come from the page."""


class Guard:
    """Bound every body, refuse what other sites send, and put the safe headers on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.perf_counter(), [500]

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
                _add_headers(message, scope["path"])
            await send(message)

        refusal = _refuse(scope)
        if refusal is not None:
            await refusal(scope, receive, answer)
        else:
            await self._app(scope, _bounded(receive, _largest(scope["path"])), answer)
        _say(scope, status[0], time.perf_counter() - begun)


class TooLargeError(Exception):
    """More bytes came in than are taken."""


def person(request: Request) -> Person:
    """Find who sends a request; what changes anything has to carry the page's own token."""
    found = who_is(request.app.state.desk.store, request.cookies.get(COOKIE, ""))
    if request.method not in _SAFE:
        given = request.headers.get("X-CSRF-Token", "")
        if not same(given, found.csrf):
            raise PermissionRefusedError(
                "the request does not come from the page", action="Reload the page"
            )
    return found


def reviewer(found: Annotated[Person, Depends(person)]) -> Person:
    """Let reviewers and admins through."""
    return _at_least(found, Role.REVIEWER)


def admin(found: Annotated[Person, Depends(person)]) -> Person:
    """Let admins through."""
    return _at_least(found, Role.ADMIN)


def _at_least(found: Person, role: Role) -> Person:
    if found.role < role:
        raise PermissionRefusedError(
            f"this needs the role {role.name.lower()}", action="Ask an admin for it"
        )
    return found


def _refuse(scope: Scope) -> JSONResponse | None:
    """Refuse what is too large, or what another site's page made the browser send."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > _largest(scope["path"]):
        return too_large()
    if scope["method"] in _SAFE:
        return None
    origin, host = headers.get("origin"), headers.get("host", "")
    foreign = origin is not None and origin.split("//", 1)[-1] != host
    if foreign or headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return JSONResponse({"error": "the request comes from another site"}, 403)
    return None


def too_large() -> JSONResponse:
    """Answer to a body that is too large."""
    return JSONResponse({"error": "more was sent than is taken"}, 413)


def _largest(path: str) -> int:
    uploads = path.endswith("/draft")
    return int(load_config("review.yaml")["limits"]["upload_bytes"]) if uploads else _SMALL_BODY


def _bounded(receive: Receive, largest: int) -> Receive:
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > largest:
            raise TooLargeError
        return message

    return bounded


def _add_headers(message: Message, path: str) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in _HEADERS.items():
        headers[name] = value
    if path.startswith("/api/"):
        headers.setdefault("Cache-Control", "no-store")


def _say(scope: Scope, status: int, seconds: float) -> None:
    """Log the kind of request, never what was asked for."""
    route: Any = scope.get("route")
    path = getattr(route, "path", "") or "the page"
    _log.info("%s %s %d %.0f ms", scope["method"], path, status, 1000 * seconds)
