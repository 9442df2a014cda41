"""What operators do on the command line: `flask --app main users ...` and `flask --app main cleanup`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from flask import Flask
from flask.cli import AppGroup, with_appcontext
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import select

from models import User
from web import cleanup, closed_accounts, limits, passwords, sessions
from web.extensions import db
from web.fields import Password
from web.names import name_key
from web.times import show_instant

if TYPE_CHECKING:
    from sqlalchemy import Engine

users = AppGroup("users", help="The accounts: list, make-admin, reset-password, remove.")


def register(app: Flask) -> None:
    """Give `flask --app main` these commands."""
    app.cli.add_command(users)
    app.cli.add_command(clean_up)


@users.command("list")
def list_users() -> None:
    """Show every account: id, role, since when, name."""
    for user in db.session.scalars(select(User).where(User.closed_at.is_(None)).order_by(User.id)):
        click.echo(f"{user.id}\t{user.role}\t{show_instant(user.created_at)}\t{user.username}")


@users.command("make-admin")
@click.argument("username")
def make_admin(username: str) -> None:
    """Give an account the role admin."""
    account_named(username).role = "admin"
    db.session.commit()
    click.echo(f"{username} is an admin.")


@users.command("reset-password")
@click.argument("username")
@click.option("--password", help="The new password. Better left out: then it is asked for, unseen.")
def reset_password(username: str, password: str | None) -> None:
    """Give an account a new password, and end all its sessions."""
    refuse_unknown(username)
    chosen = password or click.prompt("New password", hide_input=True, confirmation_prompt=True)
    try:
        TypeAdapter(Password).validate_python(chosen)
    except ValidationError as error:
        raise click.ClickException("A password has 8 to 128 characters.") from error
    hashed = passwords.hash_of(chosen)
    user = account_named(username)
    user.password_hash = hashed
    sessions.end_all(user.id)
    db.session.commit()
    click.echo(f"{username} has a new password; all sessions have ended.")


@users.command("remove")
@click.argument("username")
@click.option("--yes", is_flag=True, help="Don't ask.")
def remove(username: str, yes: bool) -> None:
    """Delete an account and everything that is theirs, for good."""
    refuse_unknown(username)
    if not yes:
        click.confirm(f"Delete {username} and all their tasks?", abort=True)
    user = account_named(username)
    closed_accounts.close(user)
    db.session.commit()
    closed_accounts.remove(db.engine, user.id)
    click.echo(f"{username} is gone.")


@click.command("cleanup")
@with_appcontext
def clean_up() -> None:
    """Forget what has run out: sessions, counted tries, Idempotency-Keys, tasks deleted 30 days ago. What is left of
    accounts whose removal was interrupted goes as well.
    """
    for what, number in forget_expired(db.engine).items():
        click.echo(f"{what}: {number}")


def forget_expired(engine: Engine) -> dict[str, int]:
    """Delete what has run out; how much of each there was."""
    return {
        "sessions": sessions.remove_expired(engine),
        "counted tries": limits.remove_expired(engine),
        "deleted tasks": cleanup.remove_expired_tasks(engine),
        "idempotency keys": cleanup.remove_expired_keys(engine),
        "closed accounts": closed_accounts.remove_left(engine),
    }


def refuse_unknown(username: str) -> None:
    """Say that there is no such account, before the operator is asked anything; nobody waits meanwhile."""
    account_named(username)
    db.session.rollback()


def account_named(username: str) -> User:
    """The account of that name, in any case, in a transaction that will write."""
    db.session.connection(execution_options={"writes": True})
    user = db.session.scalar(select(User).where(User.username_key == name_key(username)))
    if user is None:
        raise click.ClickException(f"There is no account {username}.")
    return user
