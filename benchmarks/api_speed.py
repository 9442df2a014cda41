"""How many requests a second Taskmill answers, beside Flask, FastAPI and Django REST framework as they are mostly used.

    python benchmarks/api_speed.py [--seconds 4] [--rounds 3] [--peers-python PATH] [--data FOLDER]

needs wrk, and the peers of requirements.txt in the Python that is named. A database of 1,000,000 tasks is made for
Taskmill and one for its peers, kept in the folder for the next run; both are on WAL. All servers run at once, each on
a copy of its own, on a free port and with two worker processes, and are measured in turn. Only rates of one run can
be compared.
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
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import api_data
import jwt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "benchmarks" / "peers"
SECRET = "a secret for the benchmark alone, long enough"
CONNECTIONS, WARM_UP = 8, 1
CASES = ("page 1", "page 1 of 200,000", "page 5000", "cursor", "one task", "create", "update")

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
    """A server: its command (with {port}), and by which parameter its lists are paged."""

    name: str
    command: tuple[str, ...]
    token: Callable[[int, int], str]
    page: str


@dataclass(frozen=True)
class Case:
    """A request that wrk sends again and again."""

    url: str
    bearer: str
    script: Path | None = None


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
    workers = ("--workers", "2", "--log-level", "error")
    gunicorn = (peers_python, "-m", "gunicorn", "--bind", "127.0.0.1:{port}", *workers)
    uvicorn = (peers_python, "-m", "uvicorn", "--port", "{port}", *workers)
    granian = (sys.executable, "-m", "granian", "--interface", "wsgi", "--port", "{port}", *workers)
    taskmill = (sys.executable, str(ROOT / "main.py"), "--port", "{port}", "--workers", "2")
    return [
        Server("Taskmill", taskmill, log_in, "page"),
        Server("bare", (*granian, "--blocking-threads", "12", "bare_route:app"), token, ""),
        Server("Flask", (*gunicorn, "--threads", "4", "flask_tasks:app"), token, "page"),
        Server("FastAPI", (*uvicorn, "--no-access-log", "fastapi_tasks:app"), token, "skip"),
        Server("DRF", (*gunicorn, "--threads", "4", "drf_tasks:application"), token, "page"),
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


def wrk(case: Case, seconds: int) -> Measure:
    """Ask on 8 connections for so long, after a warm-up."""
    command = ["wrk", "-t2", f"-c{CONNECTIONS}", "--latency", "-H", f"Authorization: Bearer {case.bearer}"]
    command += ["-s", str(case.script)] if case.script else []
    subprocess.run([*command, f"-d{WARM_UP}s", case.url], check=True, capture_output=True)
    said = subprocess.run([*command, f"-d{seconds}s", case.url], check=True, capture_output=True, text=True).stdout
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


def cases(server: Server, port: int, folder: Path) -> dict[str, Case]:
    """What is asked of a server."""
    base = f"http://127.0.0.1:{port}"
    if not server.page:
        return {"bare": Case(f"{base}/bare", "")}
    large, small = server.token(port, LARGE), server.token(port, SMALL)
    deep = "?page=5000" if server.page == "page" else "?skip=99980&limit=20"
    own = f"{base}/tasks/{(api_data.USERS - 1) * 5051}"  # of the user with 8,000
    asked = {
        "page 1": Case(f"{base}/tasks", small),
        "page 1 of 200,000": Case(f"{base}/tasks", large),
        "page 5000": Case(f"{base}/tasks{deep}", large),
        "one task": Case(own, small),
        "create": Case(f"{base}/tasks", small, writing_script(folder, "POST", CREATE)),
        "update": Case(own, small, writing_script(folder, "PUT", {"title": "Title %d", "status": "in_progress"})),
    }
    return asked | ({"cursor": Case(base + _deep_cursor(port, large), large)} if server.name == "Taskmill" else {})


def measure(asked: dict[str, dict[str, Case]], seconds: int, rounds: int) -> dict[str, dict[str, Measure]]:
    """The best of some rounds of each case, the servers in turn: so what else the machine does meets all alike."""
    found: dict[str, dict[str, Measure]] = {name: {} for name in asked}
    for case in ("bare", *CASES):
        for _ in range(rounds):
            for name in (name for name in asked if case in asked[name]):
                seen = wrk(asked[name][case], seconds)
                known = found[name].get(case, seen)
                found[name][case] = replace(max(seen, known, key=lambda m: m.rate), errors=seen.errors + known.errors)
        print(case, {name: round(by[case].rate) for name, by in found.items() if case in by}, flush=True)
    return found


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
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers-python", default=sys.executable, help="a Python that has the peers installed")
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "taskmill-benchmark")
    parser.add_argument("--only", nargs="*", help="names of servers")
    given = parser.parse_args()
    subprocess.run([sys.executable, str(Path(__file__).with_name("api_data.py")), str(given.data)], check=True)
    compared = [server for server in servers(given.peers_python) if not given.only or server.name in given.only]
    with ExitStack() as stack:
        ports = {server: stack.enter_context(running(server, given.data)) for server in compared}
        asked = {server.name: cases(server, port, given.data) for server, port in ports.items()}
        found = measure(asked, given.seconds, given.rounds)
    report(found)


if __name__ == "__main__":
    main()
