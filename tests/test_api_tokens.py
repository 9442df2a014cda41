"""Every route x every token that opens nothing; made from the URL map, so that a new route can't be forgotten."""

import re
import time

import jwt as pyjwt
import pytest
from conftest import KEY, PASSWORD
from flask_jwt_extended import create_access_token, create_refresh_token

from web import sessions
from web.extensions import db

# Every other route needs a token.
FREE_ROUTES = {
    ("POST", "/register"),
    ("POST", "/login"),
    ("POST", "/token/refresh"),  # needs its cookie
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),  # has a rule of its own
    ("GET", "/"),
    ("GET", "/static/<version>/<path:name>"),
    ("GET", "/openapi.json"),
    ("GET", "/docs"),
    ("GET", "/docs/<name>"),
}


def routes(app):
    """Every (method, path) there is, with an id in each place for one."""
    for rule in app.url_map.iter_rules():
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            yield method, rule.rule


def address(rule):
    return re.sub(r"<row_id:\w+>", "1", rule).replace("<path:name>", "flights").replace("<name>", "docs.js")


def guarded_routes(app):
    return [(method, address(rule)) for method, rule in routes(app) if (method, rule) not in FREE_ROUTES]


def claims(session_id, **others):
    moment = time.time()
    whole = {"sub": "1", "sid": session_id, "type": "access", "fresh": False, "jti": "x", "csrf": "x"}
    return whole | {"iat": moment, "nbf": moment, "exp": moment + 60} | others


def signed(session_id, *, key=KEY, algorithm="HS256", **others):
    return pyjwt.encode(claims(session_id, **others), key, algorithm=algorithm)


# What is wrong with each: a function of the id of a living session of account 1.
WORTHLESS = {
    "empty": lambda sid: "",
    "garbage": lambda sid: "garbage",
    "garbage in three parts": lambda sid: "a.b.c",
    "alg none": lambda sid: pyjwt.encode(claims(sid), None, algorithm="none"),
    "signed with another key": lambda sid: signed(sid, key="another key that is long enough as well"),
    "signed with another algorithm": lambda sid: signed(sid, key=KEY * 3, algorithm="HS512"),
    "expired": lambda sid: signed(sid, exp=time.time() - 1),
    "not yet valid": lambda sid: signed(sid, nbf=time.time() + 600),
    "without an end": lambda sid: signed(sid, exp=None),
    "of another account's session": lambda sid: signed(sid, sub="2"),
    "of a session that never was": lambda sid: signed(sid + 1000),
    "without a session": lambda sid: create_access_token("1"),
    "refresh used as access": lambda sid: create_refresh_token("1", additional_claims={"sid": sid, "turn": 0}),
    "two in one header": lambda sid: f"{signed(sid)}, Bearer {signed(sid)}",
}


@pytest.fixture
def living(app, anna, sign_up):
    """The id of a living session of account 1, and its token; there is an account 2 as well."""
    sign_up(app, "berta")
    with app.app_context():
        session = sessions.begin(1)
        db.session.commit()
        yield session.id, create_access_token("1", additional_claims={"sid": session.id})


def test_the_free_routes_are_all_there(app):
    assert set(routes(app)) >= FREE_ROUTES


def test_no_route_but_the_free_ones_answers_without_a_token(app, client):
    answers = {route: client.open(route[1], method=route[0]) for route in guarded_routes(app)}
    assert answers
    assert {route for route, answer in answers.items() if answer.status_code != 401} == set()
    for answer in answers.values():
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="taskmill"'


@pytest.mark.parametrize("kind", WORTHLESS)
def test_no_route_takes_a_worthless_token(app, client, living, kind):
    header = {"Authorization": f"Bearer {WORTHLESS[kind](living[0])}"}
    answers = {route: client.open(route[1], method=route[0], headers=header) for route in guarded_routes(app)}
    assert {route for route, answer in answers.items() if answer.status_code != 401} == set()
    for answer in answers.values():
        assert answer.mimetype == "application/problem+json"
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="taskmill"')
        assert set(answer.json) == {"title", "status", "message"}


def gone_by_logout(client, header):
    client.post("/logout", headers=header)


def gone_by_another_password(client, header):
    token = client.post("/login", json={"username": "anna", "password": PASSWORD}).json["access_token"]
    change = {"current_password": PASSWORD, "new_password": "anotherpassword"}
    client.put("/me/password", json=change, headers={"Authorization": f"Bearer {token}"})


def gone_with_the_account(client, header):
    client.delete("/me", json={"password": PASSWORD}, headers=header)


@pytest.mark.parametrize("go", [gone_by_logout, gone_by_another_password, gone_with_the_account])
def test_no_route_takes_a_token_whose_session_has_ended(app, client, living, go):
    header = {"Authorization": f"Bearer {living[1]}"}
    assert client.get("/me", headers=header).status_code == 200
    go(client, header)
    answers = {route: client.open(route[1], method=route[0], headers=header) for route in guarded_routes(app)}
    assert {route for route, answer in answers.items() if answer.status_code != 401} == set()


def test_no_route_tells_or_changes_the_task_of_somebody_else(app, anna, sign_up):
    anna.post("/tasks", json={"title": "Mine"})
    before = anna.get("/tasks").data
    berta = sign_up(app, "berta")
    of_a_task = [(method, rule) for method, rule in routes(app) if "<row_id:task_id>" in rule]
    assert len(of_a_task) >= 4
    for method, rule in of_a_task:
        theirs = berta.open(address(rule), method=method, json={"title": "Yours"})
        absent = berta.open(address(rule).replace("1", "999"), method=method, json={"title": "Yours"})
        assert (theirs.status_code, absent.status_code) == (404, 404), (method, rule)
        assert theirs.data.replace(b"999", b"1") == absent.data.replace(b"999", b"1")
    assert anna.get("/tasks").data == before


def test_a_token_is_refused_from_the_second_it_expires(make_app, sqlite_url, client, living):
    client.get("/me", headers={"Authorization": f"Bearer {living[1]}"})  # the first request takes longest
    token = signed(living[0], exp=int(time.time()) + 2)
    header = {"Authorization": f"Bearer {token}"}
    assert client.get("/me", headers=header).status_code == 200
    while client.get("/me", headers=header).status_code == 200:
        time.sleep(0.05)
    answer = client.get("/me", headers=header)
    assert (answer.status_code, "expired" in answer.json["message"]) == (401, True)


@pytest.mark.parametrize("header", ["Basic eDp5", "Bearer", "Bearer a b", "x", ",", "Bearer a, Bearer b", "\x80"])
def test_a_header_without_a_token_is_a_401(client, header):
    assert client.get("/tasks", headers={"Authorization": header}).status_code == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_the_word_bearer_can_be_written_in_any_case(client, living, scheme):
    assert client.get("/me", headers={"Authorization": f"{scheme} {living[1]}"}).status_code == 200
