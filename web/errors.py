"""One JSON shape for every refusal, whoever makes it: a view, the framework, the token check or the database."""

from __future__ import annotations

import logging
import sqlite3
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, json
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt.exceptions import PyJWTError
from limits.errors import StorageError
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as NoFreeConnection
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from web import postgresql
from web.extensions import jwt

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Faults = dict[str, list[str]]

RETRY_SECONDS = 5
TOKEN_NEEDED = "This needs an access token: send the header Authorization: Bearer <token>."  # noqa: S105
TOKEN_EXPIRED = "The access token has expired; log in again."  # noqa: S105
TOKEN_INVALID = "The access token is not valid."  # noqa: S105

log = logging.getLogger("taskmill")


class Refusal(HTTPException):
    """An answer other than the one that was hoped for; `faults` says which field is wrong and why."""

    def __init__(self, status: int, message: str, *, faults: Faults | None = None) -> None:
        super().__init__(description=message)
        self.code = status
        self.faults = faults


class InvalidToken(Refusal):
    """A token was sent, and it opens nothing (any more)."""

    challenge = ', error="invalid_token"'

    def __init__(self, message: str = TOKEN_INVALID) -> None:
        super().__init__(401, message)


def problem(
    status: int, message: str, *, faults: Faults | None = None, headers: Iterable[tuple[str, str]] = ()
) -> Response:
    """The one shape of an error, after RFC 9457."""
    body: dict[str, Any] = {"title": HTTP_STATUS_CODES.get(status, "Error"), "status": status, "message": message}
    if faults:
        body["errors"] = faults
    response = Response(json.dumps(body) + "\n", status, mimetype="application/problem+json")
    response.headers.extend(list(headers))
    return response


def printable(name: str) -> str:
    """A name that the client made up, as it can be shown: not too long, and without halves of characters."""
    return name[:100].encode("utf-8", "replace").decode()


def register(app: Flask) -> None:
    """Let every refusal in `app` take this shape."""
    app.register_error_handler(HTTPException, _http_refusal)
    app.register_error_handler(DBAPIError, _database_refusal)
    app.register_error_handler(NoFreeConnection, _database_refusal)
    # What is asked of the driver itself, without SQLAlchemy in between, fails in the driver's words.
    app.register_error_handler(sqlite3.DatabaseError, _database_refusal)
    app.register_error_handler(postgresql.OperationalError, _database_refusal)
    app.register_error_handler(StorageError, _storage_refusal)
    # The extension has no handler of its own for some of these.
    app.register_error_handler(JWTExtendedException, _invalid_token)
    app.register_error_handler(PyJWTError, _invalid_token)


def _http_refusal(error: HTTPException) -> Response:
    headers = [header for header in error.get_headers() if header[0].lower() != "content-type"]
    message = error.description or HTTP_STATUS_CODES.get(error.code or 500, "Error")
    if error.code == 401:
        return _unauthorized(message, getattr(error, "challenge", ""))
    return problem(error.code or 500, message, faults=getattr(error, "faults", None), headers=headers)


def _database_refusal(error: Exception) -> Response:
    """A database that is away, locked or full is worth another try; a statement it can't take is a bug."""
    if isinstance(error, (IntegrityError, sqlite3.IntegrityError)):
        return problem(409, "Something that this needs was changed at the same moment.")
    if isinstance(error, (DataError, NotSupportedError, ProgrammingError, sqlite3.DataError, sqlite3.ProgrammingError)):
        log.error("A statement that the database does not take", exc_info=error)
        return problem(500, "Something went wrong here; it has been noted.")
    log.warning("The database can't be used: %s", getattr(error, "orig", None) or error)
    return problem(503, "The database can't be used just now.", headers=[("Retry-After", str(RETRY_SECONDS))])


def _storage_refusal(error: StorageError) -> Response:
    log.warning("The counters of the limits can't be used: %s", error)
    return problem(
        503, "The counters of the limits can't be used just now.", headers=[("Retry-After", str(RETRY_SECONDS))]
    )


def _unauthorized(message: str, challenge: str = "") -> Response:
    return problem(401, message, headers=[("WWW-Authenticate", 'Bearer realm="taskmill"' + challenge)])


@jwt.unauthorized_loader
def _missing_token(_reason: str) -> Response:
    return _unauthorized(TOKEN_NEEDED)


@jwt.expired_token_loader
def _expired_token(_header: Mapping[str, Any], _claims: Mapping[str, Any]) -> Response:
    return _unauthorized(TOKEN_EXPIRED, ', error="invalid_token"')


@jwt.invalid_token_loader
@jwt.user_lookup_error_loader
@jwt.revoked_token_loader
@jwt.needs_fresh_token_loader
@jwt.token_verification_failed_loader
def _invalid_token(*_reason: object) -> Response:
    return _unauthorized(TOKEN_INVALID, ', error="invalid_token"')
