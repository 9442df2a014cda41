"""How many requests a second Taskmill answers, beside Flask, FastAPI and Django REST framework as they are mostly used.

    python benchmarks/api_speed.py [--seconds 8] [--peers-python PATH] [--data FOLDER]

needs wrk, and the peers of requirements.txt in the Python that is named. One database of 1,000,000 tasks is made for
Taskmill and one for its peers, kept in the folder for the next run; both are on WAL. A server runs only while it is
measured, on a free port of this machine, with two worker processes. Only rates of one run can be compared.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import api_data
import jwt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "benchmarks" / "peers"
SECRET = "a secret for the benchmark alone, long enough"
CONNECTIONS, WARM_UP = 8, 2

# Of the user with 200,000 tasks, and of one with some 8,000.
LARGE, SMALL = 1, 2
CREATE = {"title": "A new task", "description": "What there is to do about it, in a line or so of words"}

SCRIPT = """
local n = 0
function request()
    n = n + 1
    local body = string.format([[%s]], n)
    return wrk.format(%r, nil, nil, body)
end
wrk.headers["Content-Type"] = "application/json"
"""


@dataclass(frozen=True)
class Server:
    """A server: its command (with {port}), and how one of its lists is asked for from a place on."""

    name: str
    command: list[str]
    token: Callable[[int, int], str]
    page: str


@dataclass(frozen=True)
class Measure:
    """What wrk saw: requests a second, the latency that 99% stayed below in ms, and how many failed."""

    rate: float
    p99: float
    errors: int


def token(port: int, user: int) -> str:
    """A token as any of the peers would have made it."""
    claims = {"sub": str(user), "exp": int(time.time()) + 86_400, "iat": int(time.time()), "jti": "a", "fresh": False}
    return jwt.encode({**claims, "type": "access", "token_type": "access"}, SECRET, algorithm="HS256")


def log_in(port: int, user: int) -> str:
    """A token that Taskmill itself has given."""
    body = json.dumps({"username": f"user{user}", "password": api_data.PASSWORD})
    with closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
        connection.request("POST", "/login", body, {"Content-Type": "application/json"})
        return json.loads(connection.getresponse().read())["access_token"]


def servers(peers_python: str) -> list[Server]:
    """Who is compared, Taskmill first."""
    gunicorn = [peers_python, "-m", "gunicorn", "--bind", "127.0.0.1:{port}", "--workers", "2", "--log-level", "error"]
    uvicorn = [peers_python, "-m", "uvicorn", "--port", "{port}", "--workers", "2", "--log-level", "error"]
    granian = [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", "{port}", "--workers", "2"]
    return [
        Server(
            "Taskmill", [sys.executable, str(ROOT / "main.py"), "--port", "{port}", "--workers", "2"], log_in, "page"
        ),
        Server("bare", [*granian, "--log-level", "error", "--blocking-threads", "12", "bare_route:app"], token, ""),
        Server("Flask", [*gunicorn, "--threads", "4", "flask_tasks:app"], token, "page"),
        Server("FastAPI", [*uvicorn, "--no-access-log", "fastapi_tasks:app"], token, "skip"),
        Server("DRF", [*gunicorn, "--threads", "4", "drf_tasks:application"], token, "page"),
    ]


def free_port() -> int:
    """A TCP port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(server: Server, folder: Path) -> Iterator[int]:
    """The server's port, while it runs on a database that is its own."""
    source = "taskmill.db" if server.name == "Taskmill" else "peers.db"
    database = folder / f"{server.name}.db"
    shutil.copy(folder / source, database)
    port = free_port()
    environment = os.environ | {
        "DATABASE_URL": f"sqlite:///{database}",
        "TASKS_DB": str(database),
        "SECRET": SECRET,
        "JWT_SECRET_KEY": SECRET,
    }
    command = [part.replace("{port}", str(port)) for part in server.command]
    with (folder / f"{server.name}.log").open("w") as log:
        process = subprocess.Popen(command, cwd=PEERS, env=environment, stdout=log, stderr=log)
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        for suffix in ("", "-wal", "-shm"):
            database.with_name(database.name + suffix).unlink(missing_ok=True)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                time.sleep(1)
                return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise SystemExit(f"{process.args} did not start; see its log.")


def wrk(url: str, bearer: str, seconds: int, script: Path | None = None) -> Measure:
    """Ask for `url` on 8 connections for so long, after a warm-up."""
    command = ["wrk", "-t2", f"-c{CONNECTIONS}", "--latency", "-H", f"Authorization: Bearer {bearer}"]
    command += ["-s", str(script)] if script else []
    subprocess.run([*command, f"-d{WARM_UP}s", url], check=True, capture_output=True)
    said = subprocess.run([*command, f"-d{seconds}s", url], check=True, capture_output=True, text=True).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", said).groups()
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said)
    errors = int(refused[1] if refused else 0) + sum(map(int, broken.groups() if broken else ()))
    return Measure(rate, float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit], errors)


def writing_script(folder: Path, method: str, body: dict[str, str]) -> Path:
    """A script for wrk that sends the body, each time with another number in it."""
    path = folder / f"{method}.lua"
    path.write_text(SCRIPT.replace("%s", json.dumps(body)).replace("%r", f'"{method}"'))
    return path


def measure(server: Server, folder: Path, seconds: int) -> dict[str, Measure]:
    """Every case that the server has."""
    with running(server, folder) as port:
        base = f"http://127.0.0.1:{port}"
        if not server.page:
            return {"bare": wrk(f"{base}/bare", "", seconds)}
        large, small = server.token(port, LARGE), server.token(port, SMALL)
        deep = "?page=5000" if server.page == "page" else "?skip=99980&limit=20"
        create = writing_script(folder, "POST", CREATE)
        update = writing_script(folder, "PUT", {"title": "Title %d", "status": "in_progress"})
        own = f"{base}/tasks/{(api_data.USERS - 1) * 5051}"  # of the user with 8,000
        cases = {
            "page 1": lambda: wrk(f"{base}/tasks", small, seconds),
            "page 1 of 200,000": lambda: wrk(f"{base}/tasks", large, seconds),
            "page 5000": lambda: wrk(f"{base}/tasks{deep}", large, seconds),
            "one task": lambda: wrk(own, small, seconds),
            "create": lambda: wrk(f"{base}/tasks", small, seconds, create),
            "update": lambda: wrk(own, small, seconds, update),
        }
        if server.name == "Taskmill":
            cases["cursor"] = lambda: wrk(base + _deep_cursor(port, large), large, seconds)
        return {name: case() for name, case in cases.items()}


def _deep_cursor(port: int, bearer: str) -> str:
    """The address of what comes behind some fifty pages."""
    address = "/tasks?per_page=100"
    with closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
        for _ in range(50):
            connection.request("GET", address, headers={"Authorization": f"Bearer {bearer}"})
            answer = connection.getresponse()
            answer.read()
            address = re.search(r'<([^>]*)>; rel="next"', answer.headers["Link"])[1]
    return address.replace("per_page=100", "per_page=20")


CASES = ("page 1", "page 1 of 200,000", "page 5000", "cursor", "one task", "create", "update")


def report(found: dict[str, dict[str, Measure]]) -> None:
    """The rates of all, and the ratios that matter."""
    print("\n| requests a second (p99 in ms) | " + " | ".join(found) + " |\n|---|" + "--:|" * len(found))
    for case in ("bare", *CASES):
        cells = [f"{m.rate:,.0f} ({m.p99:.1f})" if (m := by.get(case)) else "" for by in found.values()]
        print(f"| {case} | " + " | ".join(cells) + " |")
    print(f"\nfailed requests: {sum(m.errors for by in found.values() for m in by.values())}")
    own, bare = found["Taskmill"], found["bare"]["bare"].rate if "bare" in found else None
    peers = [name for name in found if name not in ("Taskmill", "bare")]
    print(
        "\n| Taskmill against | "
        + " | ".join(peers)
        + " | bare route | its page 1 |\n|---|"
        + "--:|" * (len(peers) + 2)
    )
    for case in CASES:
        # A peer has no cursors: it comes there by counting.
        ratios = [
            f"{own[case].rate / found[peer]['page 5000' if case == 'cursor' else case].rate:.1f}" for peer in peers
        ]
        ratios += [
            f"{own[case].rate / bare:.2f}" if bare else "",
            f"{own[case].rate / own['page 1 of 200,000'].rate:.2f}",
        ]
        print(f"| {case} | " + " | ".join(ratios) + " |")


def main() -> None:
    """Measure each server in turn."""
    parser = argparse.ArgumentParser(description="Compare the API's speed with others'.")
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--peers-python", default=sys.executable, help="a Python that has the peers installed")
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "taskmill-benchmark")
    parser.add_argument("--only", nargs="*", help="names of servers")
    given = parser.parse_args()
    subprocess.run([sys.executable, str(Path(__file__).with_name("api_data.py")), str(given.data)], check=True)
    found = {}
    for server in servers(given.peers_python):
        if not given.only or server.name in given.only:
            found[server.name] = measure(server, given.data, given.seconds)
            print(server.name, {case: round(m.rate) for case, m in found[server.name].items()}, flush=True)
    report(found)


if __name__ == "__main__":
    main()
