"""Limits of failed logins and of registrations: the same for one worker and for many."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import PASSWORD
from sqlalchemy import func, select, update
from werkzeug.exceptions import TooManyRequests

from models import RateLimit
from web import limits
from web.extensions import db

ANNA = {"username": "anna", "password": PASSWORD}


def try_login(client, name="anna", password="wrong", address="192.0.2.1", **headers):
    body = {"username": name, "password": password}
    return client.post("/login", json=body, headers=headers, environ_overrides={"REMOTE_ADDR": address})


@pytest.fixture
def client(make_app, any_url):
    """Somebody without a token; failed logins are limited to 3 a minute."""
    client = make_app(any_url, LOGIN_LIMIT="3 per minute", REGISTER_LIMIT="2 per hour").test_client()
    client.post("/register", json=ANNA)
    return client


def test_too_many_failures_lock_the_name_for_this_address_alone(client):
    assert [try_login(client).status_code for _ in range(5)] == [401, 401, 401, 429, 429]
    answer = try_login(client, password=PASSWORD)
    assert (answer.status_code, answer.mimetype) == (429, "application/problem+json")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert try_login(client, name="ANNA", password=PASSWORD).status_code == 429
    assert try_login(client, password=PASSWORD, address="192.0.2.2").status_code == 200
    assert try_login(client, name="berta").status_code == 401


def test_an_address_may_fail_three_times_as_often_with_any_names(client):
    tries = [try_login(client, name=f"nobody{number}").status_code for number in range(10)]
    assert tries == [401] * 9 + [429]
    assert try_login(client, password=PASSWORD).status_code == 429
    assert try_login(client, password=PASSWORD, address="192.0.2.2").status_code == 200


def test_tries_at_the_same_moment_that_one_name_refuses_do_not_use_up_the_address(client):
    with client.application.test_request_context(environ_base={"REMOTE_ADDR": "192.0.2.1"}):
        for _ in range(3):
            limits.count_failure("anna")
        for _ in range(20):  # each had passed the first look before the limit was reached
            with pytest.raises(TooManyRequests):
                limits.count_failure("anna")
        limits.count_failure("berta")


def test_logins_that_succeed_are_not_counted(client):
    assert {try_login(client, password=PASSWORD).status_code for _ in range(12)} == {200}


def test_whoever_has_one_ipv6_address_has_its_network(client):
    addresses = [f"2001:db8:0:1::{number}" for number in range(4)]
    assert [try_login(client, address=address).status_code for address in addresses] == [401, 401, 401, 429]
    assert try_login(client, address="2001:db8:0:2::1").status_code == 401


def test_wrong_current_passwords_count_as_failed_logins(client):
    token = try_login(client, password=PASSWORD).json["access_token"]
    change = {"current_password": "wrong", "new_password": "another password"}
    header = {"Authorization": f"Bearer {token}"}
    answers = [client.put("/me/password", json=change, headers=header) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [403, 403, 403, 429]


def test_registrations_are_limited_for_each_address(client):
    def register(name, address="127.0.0.1"):
        body = {"username": name, "password": PASSWORD}
        return client.post("/register", json=body, environ_overrides={"REMOTE_ADDR": address})

    answers = [register(f"name{number}") for number in range(3)]
    assert [answer.status_code for answer in answers] == [201, 429, 429]  # Anna was the first
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert register("elsewhere", "192.0.2.9").status_code == 201


def test_the_time_of_a_limit_ends(client):
    assert [try_login(client).status_code for _ in range(4)] == [401, 401, 401, 429]
    with client.application.app_context():
        db.session.execute(update(RateLimit).values(expires_at=RateLimit.expires_at - 61))
        db.session.commit()
    assert try_login(client, password=PASSWORD).status_code == 200
    assert [try_login(client).status_code for _ in range(4)] == [401, 401, 401, 429]
    with client.application.app_context():
        kept = db.session.scalar(select(func.count()).select_from(RateLimit).where(RateLimit.key.contains("login")))
    assert kept == 2  # what has run out is removed on the way


def test_limits_can_be_switched_off(make_app, sqlite_url):
    client = make_app(sqlite_url, RATELIMIT_ENABLED="false", LOGIN_LIMIT="1 per day").test_client()
    assert {try_login(client).status_code for _ in range(4)} == {401}


def test_counts_can_be_kept_elsewhere(make_app, sqlite_url):
    client = make_app(sqlite_url, RATELIMIT_STORAGE_URI="memory://", LOGIN_LIMIT="2 per minute").test_client()
    assert [try_login(client).status_code for _ in range(4)] == [401, 401, 429, 429]


def test_a_store_of_counts_that_is_away_is_503(make_app, sqlite_url):
    uri = "redis://127.0.0.1:1/0"
    client = make_app(sqlite_url, RATELIMIT_STORAGE_URI=uri).test_client()
    answer = try_login(client)
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("proxies", "tries"),
    [
        ("0", [401, 401, 429]),  # nobody is believed: all of it is one address
        ("1", [401, 401, 401]),
    ],
)
def test_a_forwarding_header_counts_only_when_a_proxy_is_trusted(make_app, sqlite_url, proxies, tries):
    client = make_app(sqlite_url, TRUSTED_PROXIES=proxies, LOGIN_LIMIT="2 per minute").test_client()
    answers = [try_login(client, **{"X-Forwarded-For": f"198.51.100.{number}"}) for number in range(3)]
    assert [answer.status_code for answer in answers] == tries


def test_what_the_client_itself_writes_before_a_trusted_proxy_does_not_count(make_app, sqlite_url):
    client = make_app(sqlite_url, TRUSTED_PROXIES="1", LOGIN_LIMIT="2 per minute").test_client()
    forged = [f"203.0.113.{number}, 198.51.100.7" for number in range(3)]
    answers = [try_login(client, **{"X-Forwarded-For": header}) for header in forged]
    assert [answer.status_code for answer in answers] == [401, 401, 429]


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "4"])
def test_as_many_tries_with_one_worker_as_with_four(serve, workers):
    served = serve("--workers", workers, LOGIN_LIMIT="5 per 10 minutes")
    wrong = ANNA | {"password": "wrong"}
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: served.ask("POST", "/login", wrong)[0], range(40)))
    assert sorted(statuses) == [401] * 5 + [429] * 35
