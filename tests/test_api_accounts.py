"""Accounts: who can have which name and password, and what tokens open."""

import pytest
from conftest import PASSWORD
from sqlalchemy import select

from models import User
from web.extensions import db
from web.names import is_name, name_key, normal_name
from web.passwords import NOBODY


def register(client, username, password=PASSWORD):
    return client.post("/register", json={"username": username, "password": password})


@pytest.mark.parametrize(
    "name", ["abc", "testuser1", "anna.b_c-d@e", "Ünïcödé", "用户名", "๑๒๓", "प्रिया", "x" * 80, "anna@example.com"]
)
def test_these_names_can_be_had(name):
    assert is_name(normal_name(name))


@pytest.mark.parametrize(
    "name",
    [
        "",
        "ab",
        "x" * 81,
        "anna b",
        " anna",
        "anna ",
        "an\tna",
        "anna\n",
        "anna/b",
        "anna!",
        "a\u200bnna",
        "an\u034fna",
        "\u0301abc",
        "an\u00a0na",
        "ann\u3164",
        "<b>anna</b>",
        "an\0na",
        "anna😀",
    ],
)
def test_these_names_cannot_be_had(name):
    assert not is_name(normal_name(name))


@pytest.mark.parametrize(
    ("one", "other"),
    [("Anna", "aNNA"), ("straße", "STRASSE"), ("Ａnna", "anna"), ("e\u0301ve", "\u00c9VE"), ("ΣΟΦΟΣ", "σοφος")],
)
def test_names_that_look_the_same_are_the_same(one, other):
    assert name_key(one) == name_key(other) != ""


def test_what_no_one_can_be_called_has_no_key():
    assert name_key("a b") == name_key("\0") == name_key("x" * 1_000_000) == ""


def test_a_name_is_taken_without_regard_to_case(client):
    assert register(client, "Anna").status_code == 201
    answer = register(client, "aNNA")
    assert answer.status_code == 409
    assert answer.json["errors"] == {"username": ["This name is taken."]}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"username": "ab", "password": PASSWORD}, "username"),
        ({"username": "a b c", "password": PASSWORD}, "username"),
        ({"username": None, "password": PASSWORD}, "username"),
        ({"username": 12345, "password": PASSWORD}, "username"),
        ({"password": PASSWORD}, "username"),
        ({"username": "anna", "password": "seven77"}, "password"),
        ({"username": "anna", "password": "x" * 129}, "password"),
        ({"username": "anna", "password": "12345678\0"}, "password"),
        ({"username": "anna", "password": "12345678\ud800"}, "password"),
        ({"username": "anna"}, "password"),
        ({"username": "anna", "password": PASSWORD, "role": "admin"}, "role"),
    ],
)
def test_a_registration_that_says_nonsense_is_refused_by_field(client, body, field):
    answer = client.post("/register", json=body)
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [field]


def test_a_password_can_hold_any_characters_and_is_kept_as_scrypt(app, client):
    password = " \t é 用户 😀 '\"; -- "
    assert register(client, "anna", password).status_code == 201
    assert client.post("/login", json={"username": "ANNA", "password": password}).status_code == 200
    with app.app_context():
        kept = db.session.scalar(select(User.password_hash))
    assert kept.startswith("scrypt:")
    assert password not in kept


def test_every_wrong_login_gets_the_same_answer(app, client, sign_up):
    sign_up(app, "anna")
    wrong = [("anna", "wrongpassword"), ("nobody", PASSWORD), ("", ""), ("a b", PASSWORD), ("anna", "x" * 10_000)]
    wrong += [("anna\0", PASSWORD), ("\ud800", PASSWORD), ("anna", "\ud800"), ("x" * 500_000, PASSWORD)]
    answers = [client.post("/login", json={"username": name, "password": word}) for name, word in wrong]
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.headers["WWW-Authenticate"] for answer in answers} == {'Bearer realm="taskmill"'}
    assert len({answer.data for answer in answers}) == 1


def test_an_unknown_name_costs_as_much_hashing_as_a_known_one(password_hash):
    assert NOBODY.split("$")[0] == password_hash.split("$")[0]
    assert len(NOBODY) == len(password_hash)


@pytest.mark.parametrize("body", [{"username": 1, "password": PASSWORD}, {"username": "anna"}, {}, []])
def test_a_login_that_names_no_one_is_refused_as_a_body(client, body):
    assert client.post("/login", json=body).status_code == 422
