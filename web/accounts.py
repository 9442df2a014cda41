"""Accounts: register, log in, refresh, log out, and what people can do with their own account."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flask import Blueprint, g
from flask_jwt_extended import unset_refresh_cookies
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from models import User
from web import closed_accounts, inputs, limits, passwords, received, sessions
from web.errors import InvalidToken, Refusal
from web.extensions import caller_id, db
from web.json_answer import JsonAnswer, as_json
from web.names import name_key
from web.sessions import token_required
from web.times import show_instant

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from sqlalchemy import ColumnElement

bp = Blueprint("accounts", __name__)


class Account(NamedTuple):
    """What a password is checked against."""

    id: int | None
    username: str
    password_hash: str


@bp.post("/register")
def register() -> ResponseReturnValue:
    """Make an account."""
    wanted = received.read(inputs.Registration)
    limits.count_registration()
    # Hashing is slow on purpose, so it is done before the transaction begins.
    hashed = passwords.hash_of(wanted.password)
    db.session.add(User(username=wanted.username, username_key=name_key(wanted.username), password_hash=hashed))
    try:
        db.session.commit()
    except IntegrityError as error:
        raise Refusal(
            409, f"The name {wanted.username} is taken.", faults={"username": ["This name is taken."]}
        ) from error
    return {"message": "User created successfully"}, 201


@bp.post("/login")
def log_in() -> ResponseReturnValue:
    """Exchange a name and password for an access token, and for a refresh token in a cookie."""
    claimed = received.read(inputs.Credentials)
    account = account_where(User.username_key == name_key(claimed.username))
    if not is_password(claimed.password, account, claimed.username):
        raise Refusal(401, "The username or the password is wrong.")
    newer_hash = passwords.up_to_date(account.password_hash, claimed.password)
    user = locked(account)
    user.password_hash = newer_hash
    session = sessions.begin(user.id)
    db.session.commit()
    return sessions.token_answer(session)


@bp.post("/token/refresh")
def refresh() -> ResponseReturnValue:
    """Exchange the refresh token in the cookie for an access token and the next refresh token.

    Each is good once. One that comes a second time was copied: its session ends, the access tokens too.
    """
    session = sessions.refreshed()
    db.session.commit()
    if session is None:
        raise InvalidToken("The refresh token was used before, or its session has ended; log in again.")
    return sessions.token_answer(session)


@bp.post("/logout")
@token_required
def log_out() -> ResponseReturnValue:
    """End the session that the token belongs to, its access and refresh tokens alike."""
    sessions.end(g.caller.session_id)
    db.session.commit()
    response = JsonAnswer(as_json({"message": "Logged out successfully"}))
    unset_refresh_cookies(response)
    return response


@bp.get("/me")
@token_required
def me() -> ResponseReturnValue:
    """The caller's account."""
    user = db.session.get(User, caller_id())
    if user is None or user.closed_at:  # it was deleted a moment ago
        raise InvalidToken
    return {
        "id": user.id,
        "username": user.username,
        "role": user.role,
        "created_at": show_instant(user.created_at),
    }


@bp.put("/me/password")
@token_required
def change_password() -> ResponseReturnValue:
    """Change the caller's password, and end all other sessions of the account."""
    wanted = received.read(inputs.PasswordChange)
    account = confirmed(wanted.current_password)
    new_hash = passwords.hash_of(wanted.new_password)
    user = locked(account)
    user.password_hash = new_hash
    sessions.end_all(user.id, but=g.caller.session_id)
    db.session.commit()
    return {"message": "Password changed successfully"}


@bp.delete("/me")
@token_required
def delete_account() -> ResponseReturnValue:
    """Delete the caller's account and everything that is theirs, for good."""
    wanted = received.read(inputs.Confirmation)
    user = locked(confirmed(wanted.password))
    closed_accounts.close(user)
    db.session.commit()
    closed_accounts.remove(db.engine, user.id)
    response = JsonAnswer(as_json({"message": "Account deleted successfully"}))
    unset_refresh_cookies(response)
    return response


def account_where(condition: ColumnElement[bool]) -> Account:
    """The account that fits; nobody's, when none does."""
    wanted = select(User.id, User.username, User.password_hash).where(condition)
    with db.engine.connect() as connection:  # over before the slow check: no lock, no snapshot is held
        found = connection.execute(wanted).first()
    return Account(None, "", passwords.NOBODY) if found is None else Account(*found)


def is_password(password: str, account: Account, name: str) -> bool:
    """Whether it is the account's password; 429 where that was tried too often."""
    limits.refuse_if_locked(name)
    if passwords.fits(password, account.password_hash) and account.id is not None:
        limits.refuse_if_locked(name)  # others may have used up the limit while this one was checked
        return True
    limits.count_failure(name)
    return False


def confirmed(password: str) -> Account:
    """The caller's account; 403 unless this is its password."""
    account = account_where(User.id == caller_id())
    if not is_password(password, account, account.username):
        raise Refusal(403, "The current password is wrong.")
    return account


def locked(account: Account) -> User:
    """The account for this transaction alone, its password being still the one that was checked."""
    unchanged = select(User).where(User.id == account.id, User.password_hash == account.password_hash)
    user = db.session.scalar(unchanged.with_for_update())
    if user is None:
        raise InvalidToken("The account was changed at the same moment; log in again.")
    return user
