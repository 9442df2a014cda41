"""The served app: one key for all workers, a clean end, and a clear sentence when it can't begin."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest
from conftest import KEY, PASSWORD, ROOT, free_port, is_alive
from sqlalchemy import text

from database import database_url, migrate, open_engine, writing
from web.secret_key import shared_key

ANNA = {"username": "anna", "password": PASSWORD}


def start(*options, **settings):
    """Run main.py to its end."""
    environment = {**os.environ, "JWT_SECRET_KEY": KEY, **settings}
    command = [sys.executable, str(ROOT / "main.py"), *options]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def log_in(served):
    served.ask("POST", "/register", ANNA)
    return served.ask("POST", "/login", ANNA)[2]["access_token"]


def test_a_token_from_one_worker_is_good_in_all(serve):
    served = serve("--workers", "2")
    token = log_in(served)
    assert len(served.workers()) == 2
    assert {served.ask("GET", "/tasks", token=token)[0] for _ in range(20)} == {200}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_exit_code_0_and_leaves_no_worker(serve, how):
    served = serve("--workers", "2")
    workers = served.workers()
    assert served.end(how) == 0
    assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]
    assert "Traceback" not in served.output.read_text()


def test_ctrl_c_in_a_terminal_reaches_every_process_and_is_no_failure(serve):
    served = serve("--workers", "2")
    for pid in [*served.workers(), served.process.pid]:
        os.kill(pid, signal.SIGINT)
    assert served.process.wait() == 0
    assert "Unexpected" not in served.output.read_text()


def test_a_request_in_flight_is_finished_before_the_end(serve, sqlite_url):
    served = serve("--workers", "1", SHUTDOWN_SECONDS="30")
    token = log_in(served)
    engine = open_engine(database_url(sqlite_url))
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    with closing(HTTPConnection("127.0.0.1", served.port)) as client:
        with writing(engine) as connection:  # the request waits for this
            connection.execute(text("UPDATE users SET role = 'user'"))
            client.request("POST", "/tasks", json.dumps({"title": "a"}), headers)
            while not served.taken():
                time.sleep(0.01)
            served.process.send_signal(signal.SIGTERM)
            time.sleep(1)
            assert served.process.poll() is None
        assert client.getresponse().status == 201
    engine.dispose()
    assert served.process.wait() == 0


def test_an_idle_connection_does_not_hold_up_the_end_beyond_the_setting(serve):
    served = serve("--workers", "1", SHUTDOWN_SECONDS="1")
    connection = HTTPConnection("127.0.0.1", served.port)
    connection.request("GET", "/healthz")
    connection.getresponse().read()
    assert served.end() == 0
    connection.close()


def test_a_worker_that_dies_is_replaced(serve):
    served = serve("--workers", "2")
    [first, second] = served.workers()
    os.kill(first, signal.SIGKILL)
    while len(set(served.workers()) - {first, second}) < 1:
        time.sleep(0.1)
    assert {served.ask("GET", "/readyz")[0] for _ in range(10)} == {200}
    assert served.end() == 0


def test_workers_end_when_the_first_process_is_killed(serve):
    served = serve("--workers", "2")
    workers = served.workers()
    served.end(signal.SIGKILL)
    while any(is_alive(pid) for pid in workers):
        time.sleep(0.1)


def test_many_writers_at_once_are_all_answered(serve):
    served = serve("--workers", "2")
    token = log_in(served)
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda n: served.ask("POST", "/tasks", {"title": f"{n}"}, token)[0], range(200)))
        changed = list(pool.map(lambda n: served.ask("PUT", f"/tasks/{n}", {"title": "b"}, token)[0], range(1, 201)))
    assert (set(made), set(changed)) == ({201}, {200})
    assert served.ask("GET", "/tasks", token=token)[1]["X-Total-Count"] == "200"


def test_broken_http_and_large_bodies_do_not_harm_it(serve):
    served = serve("--workers", "1")
    token = log_in(served)
    for raw in (b"nonsense\r\n\r\n", b"GET /tasks HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x00"):
        with socket.create_connection(("127.0.0.1", served.port)) as connection:
            connection.sendall(raw)
    body = json.dumps({"title": "a"}).encode().ljust(1024 * 1024 + 1)
    for headers, content in (({}, body), ({"Transfer-Encoding": "chunked"}, iter([body]))):
        connection = HTTPConnection("127.0.0.1", served.port)
        headers |= {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        connection.request("POST", "/tasks", content, headers, encode_chunked="Transfer-Encoding" in headers)
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Content-Type"]) == (413, "application/problem+json")
        answer.read()
        connection.close()
    assert served.ask("GET", "/tasks", token=token)[2] == []


def test_a_port_that_is_taken_is_said_in_one_line(serve, sqlite_url):
    served = serve("--workers", "1")
    ended = start("--port", str(served.port), DATABASE_URL=sqlite_url)
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert str(served.port) in ended.stderr


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"JWT_SECRET_KEY": "short"}, "JWT_SECRET_KEY"),
        ({"PORT": "http"}, "PORT"),
        ({"DATABASE_URL": "mysql://u@h/d"}, "mysql"),
        ({"DATABASE_URL": "sqlite:////proc/nowhere/x.db"}, "/proc/nowhere"),
        ({"DATABASE_URL": "postgresql://u:hidden@127.0.0.1:1/d"}, "postgresql"),
        ({"HOST": "no.such.host.invalid"}, "no.such.host.invalid"),
        ({"SQLITE_SYNCHRONOUS": "SOMETIMES"}, "SQLITE_SYNCHRONOUS"),
    ],
)
def test_what_stops_the_start_is_said_in_one_line(sqlite_url, settings, said):
    ended = start(**{"DATABASE_URL": sqlite_url, "PORT": str(free_port()), **settings})
    assert (ended.returncode, ended.stdout) == (1, "")
    assert len(ended.stderr.splitlines()) == 1
    assert said in ended.stderr
    assert "hidden" not in ended.stderr


def test_a_file_that_is_no_database_and_one_of_a_later_version_are_said_in_one_line(tmp_path, sqlite_url):
    (tmp_path / "text.db").write_text("this is no database " * 100)
    engine = open_engine(database_url(sqlite_url))
    migrate(engine, "api")
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'api_9999'"))
    engine.dispose()
    for url in (f"sqlite:///{tmp_path / 'text.db'}", sqlite_url):
        ended = start(DATABASE_URL=url, PORT=str(free_port()))
        assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1)
        assert url.removeprefix("sqlite:///") in ended.stderr


@pytest.mark.parametrize("options", [["--port", "x"], ["--port", "0"], ["--workers", "0"], ["--nonsense"], ["extra"]])
def test_wrong_usage_is_exit_code_2(options):
    assert start(*options).returncode == 2


def test_without_granian_it_serves_with_waitress_and_ends_as_cleanly(serve, tmp_path):
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    (blocked / "granian.py").write_text("raise ImportError\n")
    served = serve(PYTHONPATH=str(blocked))
    status, headers, _ = served.ask("GET", "/readyz")
    assert (status, headers["Server"]) == (200, "waitress")
    assert served.end() == 0


def test_the_development_server_of_flask_runs_it_too(sqlite_url):
    port = free_port()
    command = [sys.executable, "-m", "flask", "--app", "main", "run", "--debug", "--no-reload", "--port", str(port)]
    environment = {**os.environ, "DATABASE_URL": sqlite_url, "JWT_SECRET_KEY": KEY}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if "Running on" in line:
            break
    connection = HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/readyz")
    assert connection.getresponse().status == 200
    connection.close()
    process.terminate()
    process.communicate()


def test_processes_that_start_at_once_make_one_key_that_only_its_owner_reads(tmp_path):
    path = tmp_path / "instance" / "jwt_secret_key"
    ask = "import sys, pathlib; from web.secret_key import shared_key; print(shared_key(pathlib.Path(sys.argv[1])))"
    started = [
        subprocess.Popen([sys.executable, "-c", ask, str(path)], cwd=ROOT, text=True, stdout=subprocess.PIPE)
        for _ in range(6)
    ]
    keys = {process.communicate()[0].strip() for process in started}
    assert keys == {shared_key(path)}
    assert len(keys.pop()) >= 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]
