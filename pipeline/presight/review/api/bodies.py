"""What a request may carry, field by field."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from presight.review.results import IMAGES
from presight.score import Label

_LARGEST_INTEGER = 2**31 - 1
_DATE = r"^(\d{4}-\d{2}-\d{2})?$"
_KINDS = Literal["accept", "edit", "reject", "second_opinion", "comment"]


def _no_control(text: str) -> str:
    if any(ord(letter) < 32 and letter not in "\n\t" for letter in text):
        raise ValueError("control characters are not taken")
    return text


def _known_image(name: str) -> str:
    if name not in IMAGES:
        raise ValueError("there is no such image")
    return name


Words = Annotated[str, Field(max_length=4000), AfterValidator(_no_control)]
Name = Annotated[str, Field(max_length=60), AfterValidator(_no_control)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
ImageName = Annotated[
    str, AfterValidator(_known_image), WithJsonSchema({"type": "string", "enum": list(IMAGES)})
]
StudyId = Annotated[str, Field(pattern=r"^[0-9a-f]{24}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Login(_Strict):
    """A name and a password."""

    name: Name
    password: Annotated[str, Field(max_length=200)]


class NewPassword(_Strict):
    """One's own password, and what it shall be."""

    old: Annotated[str, Field(max_length=200)]
    new: Annotated[str, Field(max_length=200)]


class Filter(_Strict):
    """What of the worklist is asked for; in the body, so that no id is in an address."""

    find: Name = ""
    label: Label | Literal[""] = ""
    state: Annotated[str, Field(pattern=r"^[a-z_]{0,20}$")] = ""
    reviewer: Name = ""
    since: Annotated[str, Field(pattern=_DATE)] = ""
    until: Annotated[str, Field(pattern=_DATE)] = ""
    doubtful: bool | None = None
    order: Literal[
        "urgency", "id", "date", "pres", "toxic", "lesion_ml", "uncertainty", "state"
    ] = "urgency"
    offset: Annotated[int, Field(ge=0, le=_LARGEST_INTEGER)] = 0
    limit: Annotated[int, Field(ge=1, le=200)] = 100


class Seen(_Strict):
    """Sha256 of what was shown."""

    assessment: Sha256
    findings: Sha256
    mask: Sha256 | None = None


class Edit(_Strict):
    """An edit to be measured and scored: the draft outline, clinical values, or both."""

    draft: bool = False  # with the outline that was sent before
    changes: Annotated[dict[Name, Any], Field(max_length=60)] = Field(default_factory=dict)


class DecisionBody(Edit):
    """A decision."""

    kind: _KINDS
    version: Annotated[int, Field(ge=0, le=_LARGEST_INTEGER)]
    seen: Seen
    reasons: Annotated[tuple[Name, ...], Field(max_length=20)] = ()
    diagnosis: Label | Literal[""] = ""
    text: Words = ""


class NewAccount(_Strict):
    """An account to be added; without a password it can only come in by the hospital's login."""

    name: Name
    role: Literal["reader", "reviewer", "admin"]
    password: Annotated[str, Field(max_length=200)] | None = None


class AccountChange(_Strict):
    """What is to change about an account."""

    name: Name
    role: Literal["reader", "reviewer", "admin"] | None = None
    password: Annotated[str, Field(max_length=200)] | None = None
    enabled: bool | None = None
