"""What operators do on the command line."""

from datetime import timedelta

import pytest
from conftest import PASSWORD
from sqlalchemy import select, update

from models import RateLimit, Session, Task, User, now
from web.extensions import db


@pytest.fixture
def app(make_app, any_url):
    return make_app(any_url)


def run(app, *words, typed=None):
    return app.test_cli_runner().invoke(args=list(words), input=typed)


def test_accounts_are_listed(app, sign_up):
    assert run(app, "users", "list").output == ""
    sign_up(app, "anna")
    sign_up(app, "Berta")
    lines = [line.split("\t") for line in run(app, "users", "list").output.splitlines()]
    assert [(line[0], line[1], line[3]) for line in lines] == [("1", "user", "anna"), ("2", "user", "Berta")]


def test_an_account_is_made_admin(app, sign_up):
    anna = sign_up(app, "anna")
    assert run(app, "users", "make-admin", "ANNA").exit_code == 0
    assert anna.get("/me").json["role"] == "admin"


@pytest.mark.parametrize("how", [{"typed": "another password\n" * 2}, {}])
def test_a_password_is_reset_and_all_sessions_end(app, sign_up, how):
    anna = sign_up(app, "anna")
    given = () if how else ("--password", "another password")
    result = run(app, "users", "reset-password", "anna", *given, **how)
    assert result.exit_code == 0
    assert "another password" not in result.output
    assert anna.get("/me").status_code == 401
    assert anna.post("/login", json={"username": "anna", "password": PASSWORD}).status_code == 401
    assert anna.post("/login", json={"username": "anna", "password": "another password"}).status_code == 200


def test_a_password_that_no_one_could_register_with_is_refused(app, sign_up):
    anna = sign_up(app, "anna")
    assert run(app, "users", "reset-password", "anna", "--password", "short").exit_code == 1
    assert anna.get("/me").status_code == 200


def test_an_account_is_removed_with_all_that_is_theirs(app, sign_up):
    anna = sign_up(app, "anna")
    anna.post("/tasks", json={"title": "a"})
    assert run(app, "users", "remove", "anna", typed="n\n").exit_code == 1
    assert anna.get("/me").status_code == 200
    assert run(app, "users", "remove", "anna", typed="y\n").exit_code == 0
    assert anna.get("/me").status_code == 401
    assert run(app, "users", "remove", "anna", "--yes").output == "Error: There is no account anna.\n"
    with app.app_context():
        assert db.session.scalars(select(Task)).all() == []


def test_what_has_run_out_is_removed_and_nothing_else(app, sign_up):
    anna, berta = sign_up(app, "anna"), sign_up(app, "berta")
    for title in ("live", "just deleted", "long deleted"):
        anna.post("/tasks", json={"title": title})
    for number in (2, 3):
        anna.delete(f"/tasks/{number}")
    anna.post("/tasks", json={"title": "x"}, headers={"Idempotency-Key": "k"})
    anna.post("/login", json={"username": "anna", "password": "wrong"})
    with app.app_context():
        db.session.execute(update(Session).where(Session.id == 2).values(expires_at=now()))
        db.session.execute(update(Task).where(Task.id == 3).values(deleted_at=now() - timedelta(days=31)))
        db.session.execute(update(RateLimit).where(RateLimit.key.contains("*")).values(expires_at=0))
        db.session.commit()
    output = run(app, "cleanup").output
    assert output == "sessions: 1\ncounted tries: 1\ndeleted tasks: 1\nidempotency keys: 0\n"
    assert (anna.get("/me").status_code, berta.get("/me").status_code) == (200, 401)
    with app.app_context():
        assert db.session.scalars(select(Task.title).order_by(Task.id)).all() == ["live", "just deleted", "x"]
        assert len(db.session.scalars(select(User)).all()) == 2
