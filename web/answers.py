"""What the API answers, said once for its description: `/openapi.json` is made from these."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from web.fields import Priority, Status

Instant = Annotated[
    str,
    Field(
        json_schema_extra={"format": "date-time"},
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
        examples=["2026-11-23T10:00:00.123Z"],
    ),
]
Id = Annotated[int, Field(ge=1, le=2**63 - 1, examples=[7])]


class Answer(BaseModel):
    """A JSON object with these fields and no others."""

    model_config = ConfigDict(extra="forbid")


class Message(Answer):
    """What was done."""

    message: str


class AccessToken(Answer):
    """The token to send as `Authorization: Bearer <token>`."""

    access_token: str


class Account(Answer):
    """An account, as its owner sees it."""

    id: Id
    username: str
    role: Literal["user", "admin"]
    created_at: Instant


class Task(Answer):
    """A task."""

    id: Id
    title: Annotated[str, Field(min_length=1, max_length=200)]
    description: Annotated[str, Field(max_length=10_000)]
    status: Status
    priority: Priority
    due_at: Instant | None
    labels: Annotated[list[str], Field(max_length=20)]
    created_at: Instant
    updated_at: Instant
    completed_at: Instant | None


class Done(Answer):
    """What one of many operations was about."""

    id: Id


class Results(Answer):
    """What was done, in the order asked for."""

    results: list[Done]


class Health(Answer):
    """All is well."""

    status: Literal["ok"]


class Problem(Answer):
    """A refusal, after RFC 9457. `errors` says for each field, parameter or header what is wrong with it."""

    title: Annotated[str, Field(examples=["Unprocessable Entity"])]
    status: Annotated[int, Field(ge=400, le=599, examples=[422])]
    message: Annotated[str, Field(examples=["The body has faults in: title."])]
    errors: Annotated[dict[str, list[str]], Field(examples=[{"title": ["This field is required."]}])] = {}
