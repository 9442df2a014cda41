"""What each route of accounts and operation takes and answers, where its rule and its docstring don't say it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from web import answers, inputs
from web.json_answer import JSON

if TYPE_CHECKING:
    from pydantic import BaseModel

ANNA = {"username": "testuser1", "password": "securepassword"}


@dataclass(frozen=True)
class Answer:
    """One way in which a route answers when all goes well."""

    description: str
    model: type[BaseModel] | None = None
    media: dict[str, dict[str, Any]] = field(default_factory=dict)  # instead of a model: media type -> schema
    example: Any = None
    headers: dict[str, dict[str, Any]] = field(default_factory=dict)
    many: bool = False  # an array of the model
    streamed: bool = False  # an array that can be had as CSV and NDJSON, too


@dataclass(frozen=True)
class Description:
    """What a route takes and answers, so far as its rule and its docstring don't say it."""

    tag: str
    answers: dict[int, Answer]
    body: type[BaseModel] | None = None
    example: dict[str, Any] | None = None
    parameters: tuple[dict[str, Any], ...] = ()
    refusals: tuple[int, ...] = ()
    security: list[dict[str, list[str]]] | None = None
    uses_database: bool = True


def message(text: str, **more: Any) -> Answer:
    """A route that says what it did, always in the same words."""
    return Answer(text + ".", answers.Message, example={"message": text}, **more)


def in_words(description: str, *kinds: str) -> Answer:
    """Something that isn't JSON, of one of these media types."""
    return Answer(description, media={kind: {"schema": {"type": "string"}} for kind in kinds})


REFRESH_COOKIE = {
    "Set-Cookie": {
        "description": "`refresh_token`: good once, at POST /token/refresh; HttpOnly, SameSite=Strict, Path=/token.",
        "schema": {"type": "string"},
    }
}
TOKENS = Answer(
    "An access token; the refresh token is in the cookie.",
    answers.AccessToken,
    example={"access_token": "your_jwt_token"},
    headers=REFRESH_COOKIE,
)

ACCOUNTS = {
    "POST /register": Description(
        "accounts",
        {201: message("User created successfully")},
        body=inputs.Registration,
        example=ANNA,
        refusals=(409, 429),
    ),
    "POST /login": Description("accounts", {200: TOKENS}, body=inputs.Credentials, example=ANNA, refusals=(401, 429)),
    "POST /token/refresh": Description("accounts", {200: TOKENS}, refusals=(401,), security=[{"refresh_token": []}]),
    "POST /logout": Description("accounts", {200: message("Logged out successfully")}),
    "GET /me": Description("accounts", {200: Answer("The caller's account.", answers.Account)}),
    "PUT /me/password": Description(
        "accounts",
        {200: message("Password changed successfully")},
        body=inputs.PasswordChange,
        example={"current_password": "securepassword", "new_password": "a better password"},
        refusals=(403, 429),
    ),
    "DELETE /me": Description(
        "accounts",
        {200: message("Account deleted successfully")},
        body=inputs.Confirmation,
        example={"password": "securepassword"},
        refusals=(403, 429),
    ),
}

OPERATION = {
    "GET /healthz": Description("operation", {200: Answer("It does.", answers.Health)}, uses_database=False),
    "GET /readyz": Description("operation", {200: Answer("They are.", answers.Health)}),
    "GET /metrics": Description(
        "operation",
        {200: in_words("The numbers.", "text/plain")},
        refusals=(401, 403),
        security=[{}, {"metrics_token": []}],
        uses_database=False,
    ),
    "GET /openapi.json": Description(
        "operation",
        {200: Answer("The description.", media={JSON: {"schema": {"type": "object"}}})},
        uses_database=False,
    ),
    "GET /docs": Description("operation", {200: in_words("The page.", "text/html")}, uses_database=False),
    "GET /docs/{name}": Description(
        "operation",
        {200: in_words("The file.", "text/html", "text/css", "text/javascript", "text/plain", "image/png")},
        uses_database=False,
    ),
}
