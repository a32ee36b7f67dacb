"""The application: its parts, its errors as answers, and the page itself."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import DBAPIError
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from presight import __version__
from presight.errors import OutputError, PresightError
from presight.review.accounts import LoginError, PatienceError
from presight.review.api import manage, sessions, studies, words
from presight.review.api.guard import Guard, PermissionRefusedError, TooLargeError, too_large
from presight.review.api.hospital import HospitalLogin, add_hospital
from presight.review.decisions import ConflictError
from presight.review.store import Store
from presight.review.worklist import refresh

STATIC = Path(__file__).parent.parent / "static"
_REFRESH_SECONDS = 30
_STATUS: tuple[tuple[type[PresightError], int], ...] = (
    (LoginError, 401),
    (PermissionRefusedError, 403),
    (ConflictError, 409),
    (PatienceError, 429),
    (OutputError, 507),
    (PresightError, 422),
)


@dataclass(frozen=True)
class Desk:
    """What the desk works with.

    Attributes
    ----------
    store : Store
    results : Path
    secure : bool
        Whether the browser comes by TLS, so that the cookie may only travel that way.
    hosts : tuple of str
        Names by which the browser may call this machine.
    hospital : HospitalLogin or None
        Beside accounts with passwords.
    """

    store: Store
    results: Path
    secure: bool = False
    hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "[::1]")
    hospital: HospitalLogin | None = None


def make_app(desk: Desk) -> FastAPI:
    """Make the application that serves the page and what it asks for."""
    app = FastAPI(
        title="presight review",
        version=__version__,
        description="Research use only; not a medical device.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=_watch_results,
    )
    app.state.desk = desk
    for part in (sessions, words, studies, manage):
        app.include_router(part.router, prefix="/api")
    app.add_exception_handler(PresightError, _say)
    app.add_exception_handler(RequestValidationError, _say_invalid)
    app.add_exception_handler(TooLargeError, _say_too_large)
    if desk.hospital is not None:
        add_hospital(app, desk.hospital, desk.store, secure=desk.secure)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(desk.hosts))
    app.add_middleware(Guard)
    _serve_page(app)
    return app


def _serve_page(app: FastAPI) -> None:
    if not (STATIC / "index.html").is_file():
        return  # built without Node: the interface for programs works all the same

    @app.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})

    app.mount("/", GZipMiddleware(_Static(directory=STATIC), minimum_size=1000))


class _Static(StaticFiles):
    """Files of the page; their names hold a hash of their content, so a browser may keep them."""

    def file_response(self, *args: Any, **more: Any) -> Response:
        """Answer with a file."""
        response = super().file_response(*args, **more)
        response.headers.setdefault("Cache-Control", "public, max-age=31536000, immutable")
        return response


@asynccontextmanager
async def _watch_results(app: FastAPI) -> AsyncIterator[None]:
    """Look for new results as long as the desk is open."""
    desk, done = app.state.desk, threading.Event()

    def watch() -> None:
        while not done.wait(_REFRESH_SECONDS):
            with suppress(PresightError, DBAPIError, OSError):  # the next look may succeed
                refresh(desk.store, desk.results)

    threading.Thread(target=watch, daemon=True).start()
    yield
    done.set()


def _say(_request: Request, error: Exception) -> Response:
    status = next(status for kind, status in _STATUS if isinstance(error, kind))
    return JSONResponse({"error": str(error)}, status)


def _say_invalid(_request: Request, error: Exception) -> Response:
    """Name the field that was wrong and never its value."""
    found = error.errors()[0] if isinstance(error, RequestValidationError) else {"loc": ()}
    field = ".".join(str(part) for part in found["loc"])
    return JSONResponse({"error": f"{field}: {found.get('msg', 'not understood')}"}, 422)


def _say_too_large(_request: Request, _error: Exception) -> Response:
    return too_large()
