"""Accounts: register and log in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint
from flask_jwt_extended import create_access_token
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from werkzeug.security import check_password_hash, generate_password_hash

from models import User
from web import inputs
from web.errors import Refusal
from web.extensions import db
from web.names import name_key

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

bp = Blueprint("accounts", __name__)

# Nobody's password: checking against it takes as long as checking against somebody's.
NOBODY = f"scrypt:32768:8:1$nobodysnobodysno${'00' * 64}"


@bp.post("/register")
def register() -> ResponseReturnValue:
    """Make an account."""
    wanted = inputs.read(inputs.Registration)
    # Hashing is slow on purpose, so it is done before the transaction begins.
    hashed = generate_password_hash(wanted.password, method="scrypt")
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
    """Exchange a name and password for an access token."""
    claimed = inputs.read(inputs.Credentials)
    user_id, hashed = account_named(claimed.username)
    if not check_password_hash(hashed, claimed.password) or user_id is None:
        raise Refusal(401, "The username or the password is wrong.")
    return {"access_token": create_access_token(identity=str(user_id))}


def account_named(name: str) -> tuple[int | None, str]:
    """The id and password hash of an account; of nobody when no one has that name."""
    account = select(User.id, User.password_hash).where(User.username_key == name_key(name))
    with db.engine.connect() as connection:  # over before the slow check: no lock, no snapshot is held
        found = connection.execute(account).first()
    return (None, NOBODY) if found is None else (found.id, found.password_hash)
