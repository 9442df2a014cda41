"""Whatever is sent to whichever route, nothing is answered with a 5xx, and nothing but the pages with HTML.

The requests are drawn for every route of the URL map, so that a new one can't be forgotten. HOSTILE_REQUESTS says how
many for each, HOSTILE_SEED which.
"""

import json
import os
import re
import socket
import time

import pytest
from conftest import PASSWORD, serving
from hostility import BODY, RAW, Drawn
from loading import Place
from sqlalchemy import update
from tasking import make

from models import User
from web.extensions import db
from web.request_log import USABLE_ID

REQUESTS = int(os.environ.get("HOSTILE_REQUESTS", "20"))
SEED = os.environ.get("HOSTILE_SEED", "7")
PAGES = ("/", "/docs", "/static/")


@pytest.fixture
def anybody(make_app, any_url, sign_up, tmp_path):
    """An app with a loaded table, and what makes admins with three tasks and their tokens in it."""
    app = make_app(any_url, RATELIMIT_ENABLED="false", ACCESS_LOG="false")
    rows = "carrier,distance,born\nUA,1000,2001-02-03\nAA,5,2004-05-06\n,7,\n"
    assert Place(tmp_path, any_url).load(rows, "--share", "--max-rejects", "0", name="flights.csv").code == 0
    made = []

    def anybody():
        made.append(f"somebody-{len(made)}")
        client = sign_up(app, made[-1])
        with app.app_context():
            db.session.execute(update(User).values(role="admin"))
            db.session.commit()
        client.ids = [make(client, labels=["home"]).rpartition("/")[2] for _ in range(3)]
        return client

    return app, anybody


def routes(app):
    for rule in app.url_map.iter_rules():
        for method in sorted(rule.methods - {"OPTIONS"}):
            yield method, rule.rule


def example_of(paths, method, rule):
    """The body that the description shows for a route, if it takes one."""
    said = paths.get(re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule), {}).get(method.lower(), {})
    return said["requestBody"]["content"]["application/json"]["example"] if "requestBody" in said else None


def harmless(answer, path):
    """Whether an answer is one that anybody may get."""
    assert 200 <= answer.status_code < 500
    if answer.status_code >= 400 and answer.data:
        assert answer.mimetype == "application/problem+json"
        assert set(answer.json) <= {"title", "status", "message", "errors"}
    assert answer.mimetype != "text/html" or path.startswith(PAGES)
    assert "X-Evil" not in answer.headers
    assert USABLE_ID.fullmatch(answer.headers["X-Request-ID"])
    assert not [value for _, value in answer.headers if "\r" in value or "\n" in value]
    return True


@pytest.mark.slow
def test_no_route_is_harmed_by_anything_that_is_sent_to_it(anybody):
    app, new_client = anybody
    client = new_client()
    paths = client.get("/openapi.json").json["paths"]
    for method, rule in routes(app):
        drawn = Drawn(f"{SEED} {method} {rule}", example_of(paths, method, rule))
        for number in range(REQUESTS):
            path, query = drawn.path(rule, [*client.ids, "1"]), drawn.query()
            headers, body = drawn.headers(), drawn.body()
            answer = client.open(path, method=method, query_string=query, headers=headers, data=body, buffered=True)
            try:
                harmless(answer, path)
            except AssertionError as error:
                raise AssertionError(
                    f"{method} {path}?{query} {headers} {body[:500]!r} ({number}): {answer.data[:300]!r}"
                ) from error
            if (answer.status_code == 401 and "Authorization" not in headers) or (method, rule) == ("POST", "/logout"):
                client = new_client()
    assert client.get("/tasks").status_code == 200


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_length_that_makes_no_sense_is_refused_or_ignored(anybody, method):
    client = anybody[1]()
    for length in ("", "-1", "abc", "1e3", str(10**30), "0x10", "１", "5, 5"):
        environ = {"CONTENT_LENGTH": length, "CONTENT_TYPE": "application/json"}
        assert harmless(client.open("/tasks", method=method, environ_overrides=environ), "/tasks"), length


# ---- what no client sends, byte by byte ----


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A served app and a token."""
    folder = tmp_path_factory.mktemp("hostile")
    with serving(folder, f"sqlite:///{folder / 'taskmill.db'}") as serve:
        app = serve("--workers", "1", RATELIMIT_ENABLED="false")
        account = {"username": "anna", "password": PASSWORD}
        app.ask("POST", "/register", account)
        yield app, app.ask("POST", "/login", account)[2]["access_token"]


def said_to(port, raw, *, wait=1.0):
    """All that the server says to these bytes, until it closes or has said nothing for a while."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as connection:
        said = b""
        try:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65_536):
                said += part
        except OSError:  # it has closed the connection, or waits for more
            pass
        return said


@pytest.mark.slow
def test_what_is_no_http_harms_nobody(served):
    app, token = served
    workers = app.workers()
    for name, raw in RAW.items():
        said = said_to(app.port, raw.replace(b"%s", token.encode()))
        for status in re.findall(rb"^HTTP/1\.[01] (\d+)", said, re.MULTILINE):
            assert int(status) < 500, (name, said[:300])
        assert b"text/html" not in said.lower(), (name, said[:300])
        assert b"x-evil" not in said.lower(), name
        assert b"Traceback" not in said, name
    assert app.ask("GET", "/tasks", token=token)[0] == 200
    assert app.workers() == workers
    assert "Traceback" not in app.output.read_text()


def test_a_refusal_reads_the_body_first_and_leaves_the_connection_open(served):
    """A client that sends its body a little after its headers sees the answer, and can go on."""
    app, _ = served
    with socket.create_connection(("127.0.0.1", app.port), timeout=30) as connection:
        said = connection.makefile("rb")
        for path in (b"/tasks", b"/nothing", b"/tasks/7") * 3:
            connection.sendall(b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (path, len(BODY)))
            time.sleep(0.05)
            connection.sendall(BODY)
            status, length = said.readline(), 0
            while (line := said.readline()) != b"\r\n":
                if line.lower().startswith(b"content-length"):
                    length = int(line.split(b":")[1])
            assert json.loads(said.read(length))["status"] == int(status.split()[1])


def test_a_file_that_has_changed_since_is_refused_in_the_shape_of_all_refusals(client):
    answer = client.get("/docs", headers={"If-Match": '"another"'})
    assert answer.status_code == 412
    assert harmless(answer, "/docs")
