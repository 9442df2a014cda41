"""Sessions: what a token opens, and until when; every request asks the database whether its session still lives."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from flask import Response, current_app, g, request
from flask_jwt_extended import create_access_token, create_refresh_token, decode_token, set_refresh_cookies
from jwt.exceptions import PyJWTError
from sqlalchemy import bindparam, delete, select, update

from models import Session, User, now
from pieces import delete_in_pieces
from web import direct
from web.errors import TOKEN_EXPIRED, TOKEN_NEEDED, InvalidToken, Refusal
from web.extensions import db
from web.json_answer import JsonAnswer, as_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Engine

# A token's signature is verified once by each worker that sees it; so many verified tokens are remembered.
REMEMBERED = 4096
REFRESH_NEEDED = "This needs the refresh token that a login sets as a cookie: log in."

OWNER = select(User.id).join(Session, Session.user_id == User.id).where(Session.id == bindparam("session"))

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says."""

    user_id: int
    session_id: int
    turn: int | None
    expires: float


def token_required(view: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
    """Let only those through who send the access token of a living session."""

    @wraps(view)
    def guarded(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Answer:
        claims = _access_claims(sent_token())
        if not _lives(claims):
            raise InvalidToken
        g.caller = claims
        return view(*args, **kwargs)

    guarded.needs_token = True  # type: ignore[attr-defined]
    return guarded


def sent_token() -> str:
    """The bearer token in the header (RFC 6750); its scheme word in any case (RFC 9110)."""
    scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refusal(401, TOKEN_NEEDED)
    return token.strip()


def _access_claims(token: str) -> Claims:
    claims = _verified(token, "access", current_app.config["JWT_SECRET_KEY"])
    if claims.expires <= time.time():
        raise InvalidToken(TOKEN_EXPIRED)
    return claims


@lru_cache(maxsize=REMEMBERED)
def _verified(token: str, kind: str, _key: str) -> Claims:
    """What `token` claims, its signature being right. Only that is remembered: it can't change."""
    try:
        claims = decode_token(token, allow_expired=True)
        if claims["type"] != kind:
            raise InvalidToken
        return Claims(int(claims["sub"]), int(claims["sid"]), claims.get("turn"), float(claims["exp"]))
    except (PyJWTError, KeyError, TypeError, ValueError) as error:
        raise InvalidToken from error


def _lives(claims: Claims) -> bool:
    """Whether the session is there, and its account too. This is asked at every request, in a transaction of its own:
    nobody waits for the write lock only to be refused.
    """
    owner = direct.row(OWNER, {"session": claims.session_id})
    return owner is not None and owner[0] == claims.user_id


def begin(user_id: int) -> Session:
    """A new session of an account, once it is committed; the account's sessions that have run out are forgotten."""
    db.session.execute(delete(Session).where(Session.user_id == user_id, Session.expires_at <= now()))
    session = Session(user_id=user_id, expires_at=_end_of_session())
    db.session.add(session)
    return session


def _end_of_session() -> datetime:
    config = current_app.config
    lifetime: timedelta = max(config["JWT_ACCESS_TOKEN_EXPIRES"], config["JWT_REFRESH_TOKEN_EXPIRES"])
    return now() + lifetime


def refreshed() -> Session | None:
    """The session whose refresh token came as a cookie, one turn on.

    None when the token was used before: then somebody else has it, and the session ends here.
    """
    claims = _refresh_claims()
    session = db.session.scalar(
        update(Session)
        .where(Session.id == claims.session_id, Session.user_id == claims.user_id, Session.turn == claims.turn)
        .values(turn=Session.turn + 1, expires_at=_end_of_session())
        .returning(Session)
    )
    if session is None:
        end(claims.session_id)
    return session


def _refresh_claims() -> Claims:
    token = request.cookies.get(current_app.config["JWT_REFRESH_COOKIE_NAME"])
    if not token:
        raise Refusal(401, REFRESH_NEEDED)
    claims = _verified(token, "refresh", current_app.config["JWT_SECRET_KEY"])
    if claims.expires <= time.time():
        raise InvalidToken("The refresh token has expired; log in again.")
    return claims


def end(session_id: int) -> None:
    """End a session, in every worker at once, when this is committed."""
    db.session.execute(delete(Session).where(Session.id == session_id))


def end_all(user_id: int, *, but: int | None = None) -> None:
    """End the sessions of an account, but perhaps one."""
    db.session.execute(delete(Session).where(Session.user_id == user_id, Session.id != (but or 0)))


def remove_expired(engine: Engine) -> int:
    """Remove the sessions that have run out; how many there were."""
    return delete_in_pieces(engine, Session.__table__, Session.expires_at <= now())


def token_answer(session: Session) -> Response:
    """An access token in the body and the refresh token in its cookie."""
    subject, claims = str(session.user_id), {"sid": session.id}
    response = JsonAnswer(as_json({"access_token": create_access_token(subject, additional_claims=claims)}))
    refresh_token = create_refresh_token(subject, additional_claims=claims | {"turn": session.turn})
    lifetime: timedelta = current_app.config["JWT_REFRESH_TOKEN_EXPIRES"]
    set_refresh_cookies(response, refresh_token, max_age=int(lifetime.total_seconds()))
    response.headers["Cache-Control"] = "no-store"
    return response
