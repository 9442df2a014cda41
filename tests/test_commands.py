"""What operators do on the command line."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from conftest import PASSWORD
from sqlalchemy import select, update

from database import writing
from models import IdempotencyKey, RateLimit, Session, Task, TaskCount, User, now
from web import closed_accounts
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


def closed_by_an_interrupted_removal(app, name):
    with app.app_context():
        user = db.session.scalar(select(User).where(User.username == name))
        closed_accounts.close(user)
        db.session.commit()


def everything_in(app):
    with app.app_context():
        return {
            table: len(db.session.scalars(select(table)).all()) for table in (User, Task, TaskCount, IdempotencyKey)
        }


def test_an_account_whose_removal_was_interrupted_is_nobodys_and_goes_with_the_next_clean_up(app, client, sign_up):
    anna, berta = sign_up(app, "anna"), sign_up(app, "berta")
    for title in ("a", "b", "c"):
        anna.post("/tasks", json={"title": title, "labels": ["x"]}, headers={"Idempotency-Key": title})
    berta.post("/tasks", json={"title": "hers"})
    closed_by_an_interrupted_removal(app, "anna")

    assert anna.get("/me").status_code == 401
    assert client.post("/login", json={"username": "anna", "password": PASSWORD}).status_code == 401
    assert [line.split("\t")[3] for line in run(app, "users", "list").output.splitlines()] == ["berta"]
    for name in ("anna", "CLOSED 1", "closed 1"):
        assert run(app, "users", "reset-password", name, "--password", "another password").exit_code == 1
    assert client.post("/register", json={"username": "anna", "password": PASSWORD}).status_code == 201
    assert everything_in(app) == {User: 3, Task: 4, TaskCount: 2, IdempotencyKey: 3}

    assert run(app, "cleanup").output.endswith("closed accounts: 1\n")
    assert run(app, "cleanup").output.endswith("closed accounts: 0\n")
    assert everything_in(app) == {User: 2, Task: 1, TaskCount: 1, IdempotencyKey: 0}
    assert client.post("/login", json={"username": "anna", "password": PASSWORD}).status_code == 200
    assert berta.get("/tasks").json[0]["title"] == "hers"


def test_what_cannot_be_removed_now_is_left_to_the_clean_up(make_app, sqlite_url, sign_up):
    app = make_app(sqlite_url)
    anna, client = sign_up(app, "anna"), app.test_client()
    anna.post("/tasks", json={"title": "a"})
    with app.app_context(), writing(db.engine) as connection:
        connection.exec_driver_sql("CREATE TRIGGER no BEFORE DELETE ON tasks BEGIN SELECT raise(ABORT, 'not now'); END")
    assert anna.delete("/me", json={"password": PASSWORD}).status_code == 200
    assert anna.get("/me").status_code == 401
    assert client.post("/register", json={"username": "anna", "password": PASSWORD}).status_code == 201
    with app.app_context(), writing(db.engine) as connection:
        connection.exec_driver_sql("DROP TRIGGER no")
    assert run(app, "cleanup").output.endswith("closed accounts: 1\n")
    assert everything_in(app) == {User: 1, Task: 0, TaskCount: 0, IdempotencyKey: 0}


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
    assert output == "sessions: 1\ncounted tries: 1\ndeleted tasks: 1\nidempotency keys: 0\nclosed accounts: 0\n"
    assert (anna.get("/me").status_code, berta.get("/me").status_code) == (200, 401)
    with app.app_context():
        assert db.session.scalars(select(Task.title).order_by(Task.id)).all() == ["live", "just deleted", "x"]
        assert len(db.session.scalars(select(User)).all()) == 2


@pytest.mark.parametrize("words", [("remove", "anna"), ("reset-password", "anna")])
def test_others_write_while_the_operator_is_asked(app, sign_up, monkeypatch, words):
    anna = sign_up(app, "anna")

    def answer(*_, **__):
        with ThreadPoolExecutor() as others:  # here it would be done in the operator's transaction
            assert others.submit(anna.post, "/tasks", json={"title": "a"}).result().status_code == 201
        return "another password"

    monkeypatch.setattr("click.confirm", answer)
    monkeypatch.setattr("click.prompt", answer)
    result = run(app, "users", *words)
    assert (result.exit_code, result.exception) == (0, None)
    assert anna.get("/me").status_code == 401
