"""Sessions: refreshed, ended, and what happens to an account; on both databases and in several workers."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import PASSWORD
from sqlalchemy import func, select
from werkzeug.http import parse_cookie
from werkzeug.security import check_password_hash, generate_password_hash

from models import Session, Task, User
from web import passwords
from web.extensions import db

ANNA = {"username": "Anna", "password": PASSWORD}


@pytest.fixture
def app(make_app, any_url):
    """An app on each database, with Anna."""
    app = make_app(any_url)
    app.test_client().post("/register", json=ANNA)
    return app


def log_in(app, password=PASSWORD):
    """A client that has just logged in, with its cookie and its token."""
    client = app.test_client()
    bear(client, client.post("/login", json=ANNA | {"password": password}))
    return client


def bear(client, answer):
    assert (answer.status_code, list(answer.json)) == (200, ["access_token"])
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {answer.json['access_token']}"
    return client


def cookie_of(client):
    return client.get_cookie("refresh_token", path="/token").value


def count(app, table):
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(table))


def test_a_login_sets_the_refresh_token_where_no_script_and_no_other_site_gets_it(app):
    answer = app.test_client().post("/login", json=ANNA)
    set_cookie = answer.headers["Set-Cookie"]
    assert {"HttpOnly", "Path=/token", "SameSite=Strict", "Max-Age=2592000"} <= set(set_cookie.split("; "))
    assert "Secure" not in set_cookie
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_cookie_can_be_kept_to_https(make_app, sqlite_url):
    client = make_app(sqlite_url, COOKIE_SECURE="true").test_client()
    client.post("/register", json=ANNA)
    assert "Secure" in client.post("/login", json=ANNA).headers["Set-Cookie"].split("; ")


def test_refreshing_gives_another_pair_of_tokens_of_the_same_session(app):
    client = log_in(app)
    before = cookie_of(client)
    old_token = client.environ_base["HTTP_AUTHORIZATION"]
    bear(client, client.post("/token/refresh"))
    assert cookie_of(client) != before
    assert client.get("/me").status_code == 200
    assert client.get("/me", headers={"Authorization": old_token}).status_code == 200
    assert count(app, Session) == 1


def test_a_refresh_token_used_twice_ends_the_whole_session_at_once(app):
    victim, other_session = log_in(app), log_in(app)
    stolen = cookie_of(victim)
    bear(victim, victim.post("/token/refresh"))
    thief = app.test_client()
    thief.set_cookie("refresh_token", stolen, path="/token")
    assert thief.post("/token/refresh").status_code == 401
    assert victim.get("/me").status_code == 401
    assert victim.post("/token/refresh").status_code == 401
    assert other_session.get("/me").status_code == 200


def test_of_racing_refreshes_with_one_token_one_gets_the_next_and_the_session_ends(app):
    token = cookie_of(log_in(app))

    def refresh(_):
        client = app.test_client()
        client.set_cookie("refresh_token", token, path="/token")
        return client.post("/token/refresh").status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(refresh, range(8))) == [200] + [401] * 7
    assert count(app, Session) == 0


@pytest.mark.parametrize("token", ["", "garbage", "an access token"])
def test_only_a_refresh_token_can_be_refreshed(app, token):
    client = log_in(app)
    if token == "an access token":
        token = client.environ_base["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    client.set_cookie("refresh_token", token, path="/token")
    answer = client.post("/token/refresh")
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert client.get("/me").status_code == 200


def test_logging_out_ends_this_session_and_no_other(app):
    leaving, staying = log_in(app), log_in(app)
    token = cookie_of(leaving)
    answer = leaving.post("/logout")
    assert (answer.status_code, answer.json) == (200, {"message": "Logged out successfully"})
    assert parse_cookie(answer.headers["Set-Cookie"])["refresh_token"] == ""
    leaving.set_cookie("refresh_token", token, path="/token")
    assert leaving.post("/token/refresh").status_code == 401
    assert leaving.get("/me").status_code == 401
    assert staying.get("/me").status_code == 200


def test_me_is_the_account(app):
    account = log_in(app).get("/me").json
    assert list(account) == ["id", "username", "role", "created_at"]
    assert (account["username"], account["role"]) == ("Anna", "user")


def test_another_password_ends_the_other_sessions(app):
    here, elsewhere = log_in(app), log_in(app)
    answer = here.put("/me/password", json={"current_password": PASSWORD, "new_password": "another password"})
    assert (answer.status_code, answer.json) == (200, {"message": "Password changed successfully"})
    assert here.get("/me").status_code == 200
    assert here.post("/token/refresh").status_code == 200
    assert elsewhere.get("/me").status_code == 401
    assert elsewhere.post("/token/refresh").status_code == 401
    assert app.test_client().post("/login", json=ANNA).status_code == 401
    log_in(app, "another password")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/me/password", {"current_password": "wrong", "new_password": "another password"}),
        ("DELETE", "/me", {"password": "wrong"}),
    ],
)
def test_whoever_does_not_know_the_password_changes_nothing(app, method, path, body):
    client = log_in(app)
    answer = client.open(path, method=method, json=body)
    assert (answer.status_code, answer.mimetype) == (403, "application/problem+json")
    assert client.get("/me").status_code == 200
    log_in(app)


def test_deleting_an_account_deletes_all_that_is_theirs_and_frees_the_name_but_not_the_id(app, sign_up):
    berta = sign_up(app, "berta")
    berta.post("/tasks", json={"title": "Berta's"})
    client = log_in(app)
    for number in range(3):
        client.post("/tasks", json={"title": f"Task {number}", "labels": ["home"]})
    old_id = client.get("/me").json["id"]
    answer = client.delete("/me", json={"password": PASSWORD})
    assert (answer.status_code, answer.json) == (200, {"message": "Account deleted successfully"})
    assert client.get("/me").status_code == 401
    assert (count(app, User), count(app, Task), count(app, Session)) == (1, 1, 1)
    again = app.test_client()
    assert again.post("/register", json=ANNA).status_code == 201
    assert client.get("/me").status_code == 401
    again = log_in(app)
    assert again.get("/me").json["id"] > old_id
    assert again.get("/tasks").json == []
    assert len(berta.get("/tasks").json) == 1


@pytest.mark.slow
def test_of_32_racing_registrations_of_one_name_one_is_made(app):
    def register(number):
        name = "berta" if number % 2 else "BERTA"
        return app.test_client().post("/register", json={"username": name, "password": PASSWORD}).status_code

    with ThreadPoolExecutor(32) as pool:
        assert sorted(pool.map(register, range(32))) == [201] + [409] * 31


def test_a_login_hashes_anew_what_was_hashed_more_cheaply(app):
    cheap = generate_password_hash(PASSWORD, "scrypt:1024:8:1")
    with app.app_context():
        db.session.scalars(select(User)).one().password_hash = cheap
        db.session.commit()
    log_in(app)
    log_in(app)
    with app.app_context():
        kept = db.session.scalars(select(User.password_hash)).one()
    assert kept.startswith(passwords.HASHING)
    assert check_password_hash(kept, PASSWORD)


def test_sessions_that_have_run_out_are_forgotten_at_the_next_login(make_app, any_url):
    app = make_app(any_url)
    app.test_client().post("/register", json=ANNA)
    log_in(app)
    with app.app_context():
        session = db.session.scalars(select(Session)).one()
        session.expires_at = session.created_at
        db.session.commit()
    log_in(app)
    assert count(app, Session) == 1


@pytest.mark.slow
def test_every_worker_sees_at_the_next_request_that_a_session_has_ended(serve):
    served = serve("--workers", "4")
    served.ask("POST", "/register", ANNA)
    for end in (("POST", "/logout", None), ("DELETE", "/me", {"password": PASSWORD})):
        token = served.ask("POST", "/login", ANNA)[2]["access_token"]
        # Often enough that every worker has it among the tokens it has verified.
        assert {served.ask("GET", "/me", token=token)[0] for _ in range(40)} == {200}
        assert served.ask(*end, token=token)[0] == 200
        assert {served.ask("GET", "/me", token=token)[0] for _ in range(40)} == {401}
