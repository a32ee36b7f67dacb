"""The hospital's own login, by OpenID Connect: it says who somebody is; roles are the desk's."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from presight.errors import ConfigError
from presight.review.accounts import LoginError, begin_session_of_hospital
from presight.review.api.guard import COOKIE
from presight.review.network import is_this_machine
from presight.review.store import Store

_log = logging.getLogger(__name__)
router = APIRouter(include_in_schema=False)
_FOLDER = "/api/hospital"
_MINUTES = 10  # for somebody to log in there
_SECONDS = 10  # for the hospital's server to answer
_REFUSED = "/#/refused/"


@dataclass(frozen=True)
class HospitalLogin:
    """Where people show who they are.

    Attributes
    ----------
    issuer : str
        Address of the provider; ``/.well-known/openid-configuration`` below it tells the rest.
    client, secret : str
        By which the provider knows this desk.
    claim : str
        What it calls a person that is the name of their account here. It has to be unique there and
        never given to another person.
    """

    issuer: str
    client: str
    secret: str
    claim: str = "preferred_username"

    def __post_init__(self) -> None:
        parts = urlsplit(self.issuer)
        if parts.scheme != "https" and not is_this_machine(parts.hostname or ""):
            raise ConfigError(
                "the address of the hospital's login is not encrypted",
                where=self.issuer,
                expected="an address that begins with https://",
            )


def add_hospital(app: FastAPI, login: HospitalLogin, store: Store, *, secure: bool) -> None:
    """Let people of the hospital's login into the application.

    Raises
    ------
    ConfigError
        A package that this needs is not installed.
    """
    try:
        from authlib.integrations.starlette_client import OAuth  # noqa: PLC0415
        from starlette.middleware.sessions import SessionMiddleware  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(
            "the hospital's login needs packages that are not installed",
            where=error.name,
            action="Install them with: pip install 'presight[review,oidc]'",
        ) from error
    app.state.hospital = OAuth().register(
        "hospital",
        client_id=login.client,
        client_secret=login.secret,
        server_metadata_url=f"{login.issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid profile email",
            "code_challenge_method": "S256",
            "timeout": _SECONDS,
        },
    )
    app.state.hospital_login = login
    app.add_middleware(  # keeps what the answer is checked against until somebody comes back
        SessionMiddleware,
        secret_key=store.secret().hex(),
        session_cookie="presight_login",
        max_age=60 * _MINUTES,
        path=_FOLDER,
        https_only=secure,
    )
    app.include_router(router, prefix=_FOLDER)


@router.get("/login")
async def to_hospital(request: Request) -> Any:
    """Send the browser to the hospital's login."""
    address = request.url_for("from_hospital")
    if request.app.state.desk.secure:
        address = address.replace(scheme="https")
    try:
        return await request.app.state.hospital.authorize_redirect(request, str(address))
    except Exception as error:
        return _refused("unreachable", error)


@router.get("/callback")
async def from_hospital(request: Request) -> RedirectResponse:
    """Let in whom the hospital's login vouches for, if they have an account here."""
    client, login = request.app.state.hospital, request.app.state.hospital_login
    try:
        told = await client.load_server_metadata()
        if told["issuer"].rstrip("/") != login.issuer.rstrip("/"):
            raise LoginError("the hospital's login calls itself by another name")
        token = await client.authorize_access_token(request)
        name = _name(token["userinfo"], login.claim)
    except Exception as error:  # whatever is wrong with the answer, nobody is let in
        return _refused("failed", error)
    try:
        session = await run_in_threadpool(
            begin_session_of_hospital, request.app.state.desk.store, name
        )
    except LoginError as error:
        return _refused("unknown", error)
    answer = RedirectResponse("/", status_code=303)
    secure = request.app.state.desk.secure
    answer.set_cookie(COOKIE, session, httponly=True, samesite="strict", secure=secure)
    return answer


def _name(person: dict[str, Any], claim: str) -> str:
    name = person.get(claim)
    if not isinstance(name, str) or not name:
        raise LoginError(f"the hospital's login does not say the {claim} of a person")
    if claim == "email" and not person.get("email_verified"):
        raise LoginError("the hospital's login has not verified the address of a person")
    return name


def _refused(why: str, error: Exception) -> RedirectResponse:
    """Lead back to the page, which says why in words; the log gets the kind of error alone."""
    _log.warning("the hospital's login: %s (%s)", why, type(error).__name__)
    return RedirectResponse(_REFUSED + why, status_code=303)
