"""The record, its proof, agreement, and the accounts."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query

from presight.review.accounts import Role, accounts, add_account, change_account
from presight.review.agreement import agreement
from presight.review.api.bodies import AccountChange, Name, NewAccount
from presight.review.api.desk import REFUSALS, Admin, Anybody, InStore
from presight.review.decisions import as_json
from presight.review.record import newest, verify

router = APIRouter(responses=REFUSALS)
_Before = Annotated[int, Query(ge=0, le=2**31 - 1)]


@router.get("/record")
def read_record(
    _found: Anybody, store: InStore, before: _Before = 0, actor: Name = "", kind: Name = ""
) -> list[dict[str, Any]]:
    """Return entries of the record, the newest first."""
    with store.read() as db:
        found = newest(db, before=before or None, limit=100, actor=actor, kind=kind)
        return [as_json(entry) for entry in found]


@router.get("/record/proof")
def prove_record(_found: Anybody, store: InStore) -> dict[str, Any]:
    """Say whether the record is whole."""
    with store.read() as db:
        return asdict(verify(db))


@router.get("/agreement")
def show_agreement(_found: Anybody, store: InStore) -> dict[str, Any]:
    """Compare reviewers with the model and with one another."""
    with store.read() as db:
        return agreement(db)


@router.get("/accounts")
def list_accounts(_found: Admin, store: InStore) -> list[dict[str, Any]]:
    """List the accounts."""
    with store.read() as db:
        return accounts(db)


@router.post("/accounts")
def new_account(body: NewAccount, found: Admin, store: InStore) -> dict[str, Any]:
    """Add an account."""
    with store.write() as db:
        add_account(db, found.name, body.name, Role[body.role.upper()], body.password)
    return {}


@router.post("/accounts/change")
def edit_account(body: AccountChange, found: Admin, store: InStore) -> dict[str, Any]:
    """Change an account's role or password, or switch it off or on."""
    with store.write() as db:
        change_account(
            db,
            found.name,
            body.name,
            role=Role[body.role.upper()] if body.role else None,
            password=body.password,
            enabled=body.enabled,
        )
    return {}
