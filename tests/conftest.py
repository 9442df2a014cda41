"""What the tests stand on: apps on databases of their own, served apps, and a real PostgreSQL server."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest
from flask_jwt_extended import create_access_token
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from werkzeug.security import generate_password_hash

from database import database_url, open_engine, sqlite_path
from main import bring_up_to_date, create_app
from models import User
from web import sessions
from web.extensions import db
from web.names import name_key

ROOT = Path(__file__).resolve().parent.parent
KEY = "a key for the tests alone, long enough"
PASSWORD = "securepassword"

# How long an example takes is the machine's affair, and always the same ones are tried; LAWS=search looks for others.
hypothesis_settings.register_profile(
    "suite",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("LAWS") != "search",
)
hypothesis_settings.load_profile("suite")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch):
    for name in ("DATABASE_URL", "JWT_SECRET_KEY", "HOST", "PORT", "WORKERS", "LOG_FORMAT", "LOG_LEVEL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def sqlite_url(tmp_path):
    """A SQLite file that isn't there yet."""
    return f"sqlite:///{tmp_path / 'taskmill.db'}"


@pytest.fixture(scope="session")
def postgresql_server():
    """A PostgreSQL server of our own, as keywords for psycopg."""
    programs = _postgresql_programs()
    if programs is None:
        reason = "PostgreSQL's server programs (initdb, pg_ctl) are not installed"
        pytest.fail(reason) if os.environ.get("REQUIRE_POSTGRESQL") == "1" else pytest.skip(reason)
    # Not below pytest's own folder: that one is closed to the user that the server runs as.
    folder = Path(tempfile.mkdtemp(prefix="taskmill-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    cluster = folder / "cluster"
    _as_server(programs / "initdb", "-D", cluster, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync")
    port = free_port()
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} -c fsync=off"
    _as_server(programs / "pg_ctl", "-D", cluster, "-w", "-l", folder / "log", "-o", options, "start")
    try:
        yield {"host": "127.0.0.1", "port": port, "user": "postgres", "dbname": "postgres"}
    finally:
        _as_server(programs / "pg_ctl", "-D", cluster, "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder)


def _postgresql_programs():
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return versions[-1].parent if versions else None


def _as_server(*command):
    # PostgreSQL refuses to run as root.
    other_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*other_user, *map(str, command)], check=True, cwd="/", stdout=subprocess.DEVNULL)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory):
    """A SQLite file with all tables, made by the migrations once, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "taskmill.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_database(postgresql_server):
    """The name of a PostgreSQL database with all tables, made by the migrations once, to be copied."""
    with closing(psycopg.connect(**postgresql_server, autocommit=True)) as connection:
        connection.execute("CREATE DATABASE migrated")
    _migrate(_url_of(postgresql_server, "migrated"))
    return "migrated"


def _migrate(url):
    engine = open_engine(database_url(url))
    bring_up_to_date(engine)
    engine.dispose()


def _url_of(server, name):
    return f"postgresql://postgres@127.0.0.1:{server['port']}/{name}"


@pytest.fixture
def postgresql_url(postgresql_server, request):
    """A database of the test's own on a real PostgreSQL server; empty, or with all tables where apps are made on it."""
    of_an_app = "make_app" in request.fixturenames
    template = request.getfixturevalue("migrated_database") if of_an_app else "template1"
    name = f"test_{uuid.uuid4().hex}"
    with closing(psycopg.connect(**postgresql_server, autocommit=True)) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield _url_of(postgresql_server, name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def any_url(request):
    """A new database: once on SQLite, once on PostgreSQL."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def make_app(migrated_file):
    """Makes apps, on a database of your choice, and closes their connections in the end.

    A SQLite file that isn't there yet is a copy of one that was migrated: most tests are about what comes after.
    """
    made = []

    def make(url, **settings):
        path = sqlite_path(database_url(url))
        if path is not None and path.parent.exists() and not path.exists():
            shutil.copyfile(migrated_file, path)
        app = create_app({"DATABASE_URL": url, "JWT_SECRET_KEY": KEY, **settings})
        made.append(app)
        return app

    yield make
    for app in made:
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def app(make_app, sqlite_url):
    """An app on a SQLite file of its own."""
    return make_app(sqlite_url)


@pytest.fixture
def client(app):
    """Somebody without a token."""
    return app.test_client()


@pytest.fixture(scope="session")
def password_hash():
    """PASSWORD as it is kept; made once, for it takes its time."""
    return generate_password_hash(PASSWORD, method="scrypt")


@pytest.fixture
def sign_up(password_hash):
    """Gives a name an account in an app, and a client that bears its token."""

    def sign_up(app, name):
        with app.app_context():
            user = User(username=name, username_key=name_key(name), password_hash=password_hash)
            db.session.add(user)
            db.session.flush()
            session = sessions.begin(user.id)
            db.session.commit()
            token = create_access_token(identity=str(user.id), additional_claims={"sid": session.id})
        client = app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return client

    return sign_up


@pytest.fixture
def anna(app, sign_up):
    """A client with an account and its token."""
    return sign_up(app, "anna")


def free_port():
    """A TCP port that nobody listens at, and that whoever asks for any port does not get; a server may name it."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    port = held.getsockname()[1]
    held.detach()  # which keeps it as long as the tests run
    return port


@dataclass
class Served:
    """A served app in a process of its own."""

    process: subprocess.Popen
    port: int
    output: Path
    database_url: str

    def ask(self, method, path, body=None, token=None, **more_headers):
        """Send a request on a connection of its own; (status, headers, body as JSON)."""
        headers = {"Content-Type": "application/json", **more_headers}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, json.loads(answer.read())

    def end(self, how=signal.SIGTERM):
        """Ask the process to end; its exit code."""
        self.process.send_signal(how)
        return self.process.wait()

    def workers(self):
        """The process ids of the workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split() if is_alive(pid) and "resource_tracker" not in _command_line(pid)]

    def taken(self):
        """How many connections there are from which all was read that was sent, as the kernel has it."""
        sockets = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return sum(
            local.endswith(f":{self.port:04X}") and state == "01" and queues.endswith(":00000000")
            for _, local, _, state, queues, *_ in sockets
        )

    def listening(self):
        """How many workers listen: each has a socket of its own at the port."""
        sockets = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return sum(local.endswith(f":{self.port:04X}") and state == "0A" for _, local, _, state, *_ in sockets)


def _command_line(pid):
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""


def is_alive(pid):
    """Whether there is such a process; one that only waits to be collected is dead."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.fixture
def serve(tmp_path, sqlite_url):
    """Starts served apps and ends them."""
    with serving(tmp_path, sqlite_url) as serve:
        yield serve


@contextmanager
def serving(folder, database_url, project=ROOT):
    """What starts served apps; in the end they are ended."""
    started = []

    def serve(*options, all_workers=True, **settings):
        port = free_port()
        output = folder / f"served-{port}.log"
        environment = {**os.environ, "DATABASE_URL": database_url, "JWT_SECRET_KEY": KEY, **settings}
        command = [sys.executable, str(project / "main.py"), "--port", str(port), *options]
        with output.open("w") as log:
            process = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)
        served = Served(process, port, output, database_url)
        started.append(served)
        _wait_until_it_answers(served, _workers_asked_for(options, settings) if all_workers else 1)
        return served

    yield serve
    for served in started:
        if served.process.poll() is None:
            served.end()


def _workers_asked_for(options, settings):
    return int(dict(pairwise(options)).get("--workers", settings.get("WORKERS", 1)))


def _wait_until_it_answers(served, workers):
    while served.process.poll() is None:
        try:
            served.ask("GET", "/healthz")
            if served.listening() >= workers:  # else a test could kill the only one that answers
                return
        except OSError:
            pass
        time.sleep(0.1)
    pytest.fail(f"the app ended before it answered:\n{served.output.read_text()}")


PATIENCE = 60_000  # milliseconds until a browser's answer is missing, also on a busy machine


@pytest.fixture(scope="module")
def chromium():
    """The Chromium that is installed, driven by Playwright."""
    program = shutil.which("chromium")
    if program is None:
        reason = "Chromium is not installed"
        pytest.fail(reason) if os.environ.get("REQUIRE_BROWSER") == "1" else pytest.skip(reason)
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, timeout=PATIENCE)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe():
    """axe-core, as a script that defines it."""
    script = ROOT / "tests/node_modules/axe-core/axe.min.js"
    if not script.exists():
        reason = "axe-core is not installed: npm install --prefix tests"
        pytest.fail(reason) if os.environ.get("REQUIRE_BROWSER") == "1" else pytest.skip(reason)
    return script.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page_server(tmp_path_factory):
    """A served app for all tests of a file; its accounts have names of their own in each."""
    folder = tmp_path_factory.mktemp("page")
    with serving(folder, f"sqlite:///{folder / 'taskmill.db'}") as serve:
        yield serve(WORKERS="1", LOG_LEVEL="warning", RATELIMIT_ENABLED="false")


@pytest.fixture
def visitor(chromium, page_server):
    """Makes visitors: each a browser of its own, without anybody's cookies. What a browser complained of fails."""
    from browsing import Visitor

    made, test = [], uuid.uuid4().hex[:8]

    def visitor(**options):
        address = f"http://127.0.0.1:{page_server.port}"
        context = chromium.new_context(base_url=address, locale="en-GB", **options)
        context.set_default_timeout(PATIENCE)
        someone = Visitor(page_server, context, test)
        made.append(someone)
        return someone

    yield visitor
    for someone in made:
        someone.context.close()
    assert [complaint for someone in made for complaint in someone.complaints] == []
