"""Operation: metrics over all workers, headers, pages from elsewhere, and settings that make no sense."""

import os
import signal
import time
from urllib.request import Request, urlopen

import pytest
from conftest import KEY, PASSWORD

from main import create_app
from web.extensions import db

TOKEN = "a-token-for-prometheus"
SOMEWHERE = {"REMOTE_ADDR": "192.0.2.1"}


def test_metrics_count_and_time_each_kind_of_request(client):
    client.get("/healthz")
    client.get("/healthz")
    client.get("/nothing")
    client.open("/tasks", method="BREW")
    answer = client.get("/metrics")
    assert answer.mimetype == "text/plain"
    for line in (
        'http_request_duration_seconds_count{method="GET",route="/healthz",status="200"} 2.0',
        'http_request_duration_seconds_count{method="GET",route="none",status="404"} 1.0',
        'http_request_duration_seconds_count{method="other",route="none",status="405"} 1.0',
    ):
        assert line in answer.text


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_without_a_token_metrics_are_for_this_machine_alone(client, address):
    assert client.get("/metrics", environ_overrides={"REMOTE_ADDR": address}).status_code == 200
    assert client.get("/metrics", environ_overrides=SOMEWHERE).status_code == 403
    for name in ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"):
        assert client.get("/metrics", headers={name: "127.0.0.1"}).status_code == 403


def test_with_a_token_metrics_are_for_whoever_has_it(make_app, sqlite_url):
    client = make_app(sqlite_url, METRICS_TOKEN=TOKEN).test_client()
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer x"}).status_code == 401
    bearer = {"Authorization": f"bearer {TOKEN}", "X-Forwarded-For": "192.0.2.1"}
    assert client.get("/metrics", headers=bearer, environ_overrides=SOMEWHERE).status_code == 200


def test_metrics_are_those_of_all_workers_also_of_one_that_died(serve):
    served = serve("--workers", "3", METRICS_TOKEN=TOKEN)
    for _ in range(30):
        served.ask("GET", "/me")
    assert numbers(served)['http_request_duration_seconds_count{method="GET",route="/me",status="401"}'] == 30
    before = served.workers()
    os.kill(before[0], signal.SIGKILL)
    while len(set(served.workers()) - set(before)) < 1:
        time.sleep(0.1)
    for _ in range(10):
        served.ask("GET", "/me")
    assert numbers(served)['http_request_duration_seconds_count{method="GET",route="/me",status="401"}'] == 40


def test_no_two_requests_have_the_same_id_whichever_worker_they_come_to(serve):
    served = serve("--workers", "3")
    ids = [served.ask("GET", "/healthz")[1]["X-Request-ID"] for _ in range(60)]
    assert len(set(ids)) == 60


def numbers(served):
    request = Request(f"http://127.0.0.1:{served.port}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    with urlopen(request) as answer:
        lines = answer.read().decode().splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}


def test_every_answer_has_the_headers_that_keep_browsers_from_harm(app, client):
    for method, path in (
        ("GET", "/healthz"),
        ("GET", "/nothing"),
        ("BREW", "/tasks"),
        ("GET", "/me"),
        ("GET", "/docs"),
    ):
        with client.open(path, method=method) as answer:
            headers = answer.headers
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["X-Frame-Options"] == "DENY"
            assert headers["Referrer-Policy"] == "no-referrer"
            assert "default-src 'none'" in headers["Content-Security-Policy"]
            assert headers["Cache-Control"]
            assert "Strict-Transport-Security" not in headers


def test_over_https_the_browser_is_told_to_stay_there(make_app, sqlite_url):
    client = make_app(sqlite_url, TRUSTED_PROXIES="1").test_client()
    answer = client.get("/healthz", headers={"X-Forwarded-Proto": "https"})
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")


PREFLIGHT = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "PUT"}


def allowed(answer):
    return {name: value for name, value in answer.headers.items() if name.startswith("Access-Control-")}


def test_pages_from_elsewhere_get_nothing_unless_a_setting_opens_it(client):
    assert allowed(client.options("/tasks/1", headers=PREFLIGHT)) == {}
    assert allowed(client.get("/healthz", headers=PREFLIGHT)) == {}


def test_pages_of_the_origins_named_get_what_they_need(make_app, sqlite_url):
    client = make_app(sqlite_url, CORS_ORIGINS="https://app.example.com, http://localhost:3000").test_client()
    answer = client.options("/tasks/1", headers=PREFLIGHT)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example.com"
    assert "PUT" in answer.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    answer = client.get("/tasks", headers={"Origin": "http://localhost:3000"})
    assert (answer.status_code, answer.headers["Vary"]) == (401, "Origin")
    assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert "X-Total-Count" in answer.headers["Access-Control-Expose-Headers"]
    for origin in ("https://evil.example.com", "https://app.example.com.evil.example", "null"):
        assert allowed(client.get("/healthz", headers={"Origin": origin})) == {}


def test_any_page_may_call_with_a_star_but_without_cookies(make_app, sqlite_url):
    client = make_app(sqlite_url, CORS_ORIGINS="*").test_client()
    answer = client.get("/healthz", headers={"Origin": "https://any.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("JWT_REFRESH_TOKEN_DAYS", "0"),
        ("RATELIMIT_ENABLED", "perhaps"),
        ("RATELIMIT_STORAGE_URI", "nonsense://"),
        ("LOGIN_LIMIT", "10"),
        ("LOGIN_LIMIT", "0 per hour"),
        ("REGISTER_LIMIT", "many"),
        ("TRUSTED_PROXIES", "-1"),
        ("COOKIE_SECURE", "maybe"),
        ("CORS_ORIGINS", "app.example.com"),
        ("CORS_ORIGINS", "https://app.example.com/"),
        ("METRICS_TOKEN", "two words"),
    ],
)
def test_a_setting_that_makes_no_sense_stops_the_start_with_a_sentence(sqlite_url, setting, value):
    with pytest.raises(ValueError, match=rf"{setting} .*\.$"):
        create_app({"DATABASE_URL": sqlite_url, "JWT_SECRET_KEY": KEY, setting: value})


def test_a_setting_that_is_empty_is_none(make_app, sqlite_url):
    client = make_app(sqlite_url, LOGIN_LIMIT="", METRICS_TOKEN=" ", CORS_ORIGINS="").test_client()
    assert client.post("/register", json={"username": "anna", "password": PASSWORD}).status_code == 201
    assert client.get("/metrics").status_code == 200


@pytest.mark.parametrize(("level", "number"), [(None, 1), ("NORMAL", 1), ("full", 2), ("EXTRA", 3)])
def test_how_durable_a_commit_is_can_be_chosen(make_app, sqlite_url, monkeypatch, level, number):
    if level:
        monkeypatch.setenv("SQLITE_SYNCHRONOUS", level)
    app = make_app(sqlite_url)
    with app.app_context():
        for engine in (db.engine, app.extensions["writing_engine"]):
            with engine.connect() as connection:
                assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == number
                assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
