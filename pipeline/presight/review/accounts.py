"""Who may come in: accounts with roles, passwords, sessions that end, patience with guessers."""

from __future__ import annotations

import hmac
import secrets
import time
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Any

import sqlalchemy as sql
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy.engine import Connection

from presight.config import load_config
from presight.errors import InputError, PresightError
from presight.review.chain import sha256
from presight.review.record import append
from presight.review.store import Store
from presight.review.tables import account, failure, session

_hasher = PasswordHasher()


class Role(IntEnum):
    """What somebody may do; each may also do what those below may."""

    READER = 1  # look
    REVIEWER = 2  # decide
    ADMIN = 3  # accounts and export


@dataclass(frozen=True)
class Person:
    """Somebody who is logged in."""

    name: str
    role: Role
    csrf: str


class LoginError(PresightError):
    """The name or the password is wrong, or there is no such session."""


class PatienceError(PresightError):
    """Too many logins failed; it has to wait."""


def add_account(db: Connection, actor: str, name: str, role: Role, password: str | None) -> None:
    """Add an account; without a password it can only come in by the hospital's login.

    Raises
    ------
    InputError
        The name is taken or not usable, or the password is too short.
    """
    limits = load_config("review.yaml")["limits"]
    if not (0 < len(name) <= limits["name_characters"] and name.isprintable()):
        raise InputError("the name is empty, too long or not printable", where="account")
    if _row(db, name) is not None:
        raise InputError(f"there is an account {name!r} already", action="Choose another name")
    hashed = None if password is None else _hashed(password)
    db.execute(account.insert().values(name=name, role=role.name, password=hashed, enabled=True))
    append(db, actor, "account_added", None, {"account": name, "role": role.name.lower()})


def change_account(
    db: Connection,
    actor: str,
    name: str,
    *,
    role: Role | None = None,
    password: str | None = None,
    enabled: bool | None = None,
) -> None:
    """Change an account and end its sessions. Accounts are never deleted: the record names them.

    Raises
    ------
    InputError
        There is no such account, or nobody would be left to look after the accounts.
    """
    row = _row(db, name)
    if row is None:
        raise InputError(f"there is no account {name!r}", action="Look at the list of accounts")
    changes: dict[str, Any] = {}
    if role is not None:
        changes["role"] = role.name
    if enabled is not None:
        changes["enabled"] = enabled
    if password is not None:
        changes["password"] = _hashed(password)
    if not changes:
        raise InputError("nothing was to be changed", expected="a role, a password, or on and off")
    db.execute(account.update().where(account.c.name == name).values(**changes))
    db.execute(session.delete().where(session.c.account == name))
    _check_admin_left(db)
    told = {key: value for key, value in changes.items() if key != "password"}
    append(
        db, actor, "account_changed", None, {"account": name, **told, "password": bool(password)}
    )


def change_own_password(store: Store, person: Person, old: str, new: str, address: str) -> None:
    """Change the password of somebody who is logged in and knows the old one; end their sessions.

    Raises
    ------
    InputError
        The old one is wrong, there is none, or the new one is too short.
    PatienceError
        Too many were tried.
    """
    _count_try(store, person.name, address)
    with store.read() as db:
        hashed = _row(db, person.name).password
    try:
        _hasher.verify(hashed or _nobody(), old)
    except VerificationError as error:
        raise InputError("the old password is wrong", action="Try again") from error
    with store.write() as db:
        db.execute(failure.delete().where(failure.c.who == _who("name", person.name)))
        change_account(db, person.name, person.name, password=new)


def accounts(db: Connection) -> list[dict[str, Any]]:
    """List the accounts, without their passwords."""
    rows = db.execute(sql.select(account).order_by(account.c.name))
    return [
        {
            "name": row.name,
            "role": row.role.lower(),
            "enabled": row.enabled,
            "sso": not row.password,
        }
        for row in rows
    ]


def log_in(store: Store, name: str, password: str, address: str) -> tuple[Person, str]:
    """Check a password and begin a session.

    Returns
    -------
    Person
    str
        The session's token, for the cookie; only its hash is kept.

    Raises
    ------
    LoginError, PatienceError
    """
    at = _count_try(store, name, address)  # before the check: many at once count as well
    with store.read() as db:
        row = _row(db, name)
    hashed = row.password if row is not None and row.enabled and row.password else _nobody()
    try:
        _hasher.verify(hashed, password)
    except VerificationError as error:
        raise LoginError("the name or the password is wrong", action="Try again") from error
    with store.write() as db:
        mine = (failure.c.who == _who("name", name)) | (failure.c.at == at)
        db.execute(failure.delete().where(mine))
        return begin_session(db, name)


def begin_session_of_hospital(store: Store, name: str) -> str:
    """Begin a session of somebody whom the hospital's login vouches for; return its token.

    Accounts with a password are not opened this way: who named an account there must not come in
    by calling themselves the same elsewhere.

    Raises
    ------
    LoginError
        There is no such account without a password, or it was switched off.
    """
    with store.write() as db:
        row = _row(db, name)
        if row is None or row.password is not None:
            raise LoginError("there is no account for the hospital's login by this name")
        return begin_session(db, name, by="hospital")[1]


def begin_session(db: Connection, name: str, *, by: str = "password") -> tuple[Person, str]:
    """Begin a session of somebody who has shown who they are.

    Raises
    ------
    LoginError
        There is no such account, or it was switched off.
    """
    row = _row(db, name)
    if row is None or not row.enabled:
        raise LoginError("the account does not exist here or was switched off")
    token, csrf, at = secrets.token_urlsafe(32), secrets.token_urlsafe(32), time.time()
    hours = load_config("review.yaml")["accounts"]["session_hours"]
    db.execute(session.delete().where(session.c.begun < at - hours * 3600))
    db.execute(
        session.insert().values(
            token=sha256(token.encode()), account=name, csrf=csrf, begun=at, seen=at
        )
    )
    append(db, name, "login", None, {"by": by})
    return Person(name, Role[row.role], csrf), token


def who_is(store: Store, token: str) -> Person:
    """Find whose session a token is of.

    Raises
    ------
    LoginError
        The session has ended or never was.
    """
    settings = load_config("review.yaml")["accounts"]
    digest, at = sha256(token.encode(errors="replace")), time.time()
    wanted = sql.select(session, account.c.role, account.c.enabled).join(account)
    with store.read() as db:
        row = db.execute(wanted.where(session.c.token == digest)).first()
    if row is None or not row.enabled:
        raise LoginError("nobody is logged in", action="Log in")
    if at - row.begun > settings["session_hours"] * 3600 or at - row.seen > _idle_seconds():
        raise LoginError("the session has ended", action="Log in again")
    if at - row.seen > 60:
        with store.write() as db:
            db.execute(session.update().where(session.c.token == digest).values(seen=at))
    return Person(row.account, Role[row.role], row.csrf)


def log_out(store: Store, person: Person, token: str) -> None:
    """End a session."""
    with store.write() as db:
        db.execute(session.delete().where(session.c.token == sha256(token.encode())))
        append(db, person.name, "logout", None, {})


def same(given: str, expected: str) -> bool:
    """Compare two secrets in a time that tells nothing."""
    return hmac.compare_digest(given.encode(), expected.encode())


def _count_try(store: Store, name: str, address: str) -> float:
    settings = load_config("review.yaml")["accounts"]
    at, who = time.time(), [_who("name", name), _who("address", address)]
    with store.write() as db:
        db.execute(failure.delete().where(failure.c.at < at - settings["failures_minutes"] * 60))
        tries = sql.select(sql.func.count()).where(failure.c.who == sql.bindparam("who"))
        if any(db.execute(tries, {"who": one}).scalar_one() >= _limit(one, who) for one in who):
            raise PatienceError(
                "too many logins failed",
                action=f"Wait {settings['failures_minutes']} minutes and try again",
            )
        db.execute(failure.insert(), [{"who": one, "at": at} for one in who])
    return at


def _limit(one: str, who: list[str]) -> int:
    """Several people may sit behind one address."""
    failures: int = load_config("review.yaml")["accounts"]["failures"]
    return failures if one == who[0] else 5 * failures


def _who(kind: str, what: str) -> str:
    return sha256(f"{kind} {what}".encode(errors="replace"))


def _row(db: Connection, name: str) -> Any:
    return db.execute(sql.select(account).where(account.c.name == name)).first()


def _hashed(password: str) -> str:
    shortest, longest = load_config("review.yaml")["accounts"]["password_characters"]
    if not shortest <= len(password) <= longest:
        raise InputError(
            "the password is too short or too long",
            expected=f"{shortest} to {longest} characters",
        )
    return _hasher.hash(password)


@cache
def _nobody() -> str:
    """Hash to check against where there is no account: it takes as long as a real one."""
    return _hasher.hash(secrets.token_hex(16))


def _idle_seconds() -> float:
    return 60 * float(load_config("review.yaml")["accounts"]["idle_minutes"])


def _check_admin_left(db: Connection) -> None:
    left = sql.select(account.c.name).where(account.c.role == Role.ADMIN.name, account.c.enabled)
    if db.execute(left).first() is None:
        raise InputError(
            "nobody would be left to look after the accounts",
            action="Make somebody else an admin first",
        )
