"""What every answer needs at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request
from pydantic import BaseModel

from presight.review.accounts import Person
from presight.review.api.guard import admin, person, reviewer
from presight.review.store import Store

if TYPE_CHECKING:
    from presight.review.api.app import Desk


class Refusal(BaseModel):
    """Why something was not done, in a sentence."""

    error: str


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def _store(request: Request) -> Store:
    store: Store = request.app.state.desk.store
    return store


AtDesk = Annotated["Desk", Depends(_desk)]
InStore = Annotated[Store, Depends(_store)]
Anybody = Annotated[Person, Depends(person)]
Reviewer = Annotated[Person, Depends(reviewer)]
Admin = Annotated[Person, Depends(admin)]
REFUSALS: dict[int | str, dict[str, type[Refusal]]] = {
    status: {"model": Refusal} for status in (401, 403, 409, 413, 422, 429, 507)
}
