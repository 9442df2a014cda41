"""How many pages of a loaded table a second Taskmill answers, beside Datasette on the same SQLite file.

    python benchmarks/datasets_speed.py [--rows 2000000] [--seconds 4] [--rounds 3] [--peers-python PATH]
        [--data FOLDER]

needs wrk, and Datasette in the Python that is named. The clean file of make_data.py is made and loaded once, with an
index on one column, and kept in the folder for the next run. Both serve the same file: Taskmill with one worker
process, as Datasette has one, and with two; pages of 20 rows as JSON. Datasette is spared what it does beyond that,
counts and facets.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import Request, urlopen

from api_speed import CONNECTIONS, SECRET, Case, Measure, free_port, wrk

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
ACCOUNT = {"username": "benchmark", "password": "benchmark's own"}
CASES = ("page 1", "end, by cursor", "one city, sorted by key", "one city, end")
PAGE = 20


def made(folder: Path, rows: int) -> Path:
    """The SQLite file with the table `orders`."""
    folder.mkdir(parents=True, exist_ok=True)
    source, database = folder / f"clean-{rows}.csv", folder / f"clean-{rows}.db"
    if not database.exists():
        subprocess.run([sys.executable, ROOT / "benchmarks/make_data.py", "clean", str(rows), source], check=True)
        command = [sys.executable, ROOT / "etl/process_csv.py", source, "--db", database, "--table", "orders"]
        subprocess.run([*command, "--share", "--index", "city"], check=True)
    return database


@contextmanager
def running(command: list[str], folder: Path, **settings: str) -> Iterator[None]:
    """A server, until it is not needed any more."""
    with (folder / "served.log").open("a") as log:
        process = subprocess.Popen(command, env=os.environ | settings, cwd=folder, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def wait_for(url: str) -> None:
    """Until the server answers."""
    for _ in range(300):
        try:
            urlopen(url).read()
            return
        except (URLError, OSError):
            subprocess.run(["sleep", "0.1"], check=True)
    raise SystemExit(f"{url} does not answer.")


def ask(url: str, body: dict[str, str] | None = None, token: str = "") -> tuple[bytes, str]:
    """The answer and its Link header."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    with urlopen(Request(url, json.dumps(body).encode() if body else None, headers)) as answer:
        return answer.read(), answer.headers.get("Link", "")


def log_in(base: str) -> str:
    """A token of an account made for the purpose."""
    with suppress(URLError):  # it is there from an earlier run
        ask(f"{base}/register", ACCOUNT)
    return json.loads(ask(f"{base}/login", ACCOUNT)[0])["access_token"]


def cursor_to(base: str, token: str, query: str, last: int) -> str:
    """The address of a page behind the row with that key: where the list itself leads, a thousand rows at a time."""
    address = f"/datasets/orders/rows?per_page=1000{query}"
    while True:
        body, link = ask(base + address, token=token)
        rows = json.loads(body)
        following = next(part for part in link.split(", ") if 'rel="next"' in part)
        address = following[following.index("<") + 1 : following.index(">")]
        if rows[-1]["id"] >= last:
            return base + address.replace("per_page=1000", f"per_page={PAGE}")


def our_cases(base: str, rows: int) -> dict[str, Case]:
    """What is asked of Taskmill."""
    token, end = log_in(base), rows - 3000
    first = f"{base}/datasets/orders/rows?per_page={PAGE}"
    return {
        "page 1": Case(first, token),
        "end, by cursor": Case(cursor_to(base, token, "", end), token),
        "one city, sorted by key": Case(f"{first}&city=Oslo", token),
        "one city, end": Case(cursor_to(base, token, "&city=Oslo", end - 20_000), token),
    }


def datasette_cases(base: str, name: str, rows: int) -> dict[str, Case]:
    """The same of Datasette."""
    first = f"{base}/{name}/orders.json?_shape=array&_nl=&_nocount=1&_nofacet=1&_nosuggest=1&_size={PAGE}"
    return {
        "page 1": Case(first, "x"),
        "end, by cursor": Case(f"{first}&_next={rows - 2000}", "x"),
        "one city, sorted by key": Case(f"{first}&city=Oslo", "x"),
        "one city, end": Case(f"{first}&city=Oslo&_next={rows - 20_000}", "x"),
    }


def check(cases: dict[str, dict[str, Case]]) -> None:
    """What is asked of all is answered with as many rows by all."""
    for name, asked in cases.items():
        for case, where in asked.items():
            rows = json.loads(ask(where.url, token=where.bearer)[0])
            assert len(rows) == PAGE, f"{name}, {case}: {len(rows)} rows"


def best(asked: dict[str, dict[str, Case]], seconds: int, rounds: int) -> dict[str, dict[str, Measure]]:
    """The best of some rounds, the servers in turn."""
    found: dict[str, dict[str, Measure]] = {name: {} for name in asked}
    for case in CASES:
        for _ in range(rounds):
            for name, cases in asked.items():
                seen = wrk(cases[case], seconds)
                if seen.errors:
                    raise SystemExit(f"{name} failed {seen.errors} times at {case}")
                found[name][case] = max(seen, found[name].get(case, seen), key=lambda measure: measure.rate)
    return found


def report(found: dict[str, dict[str, Measure]]) -> None:
    """All rates, and how many times Datasette's ours are."""
    print(f"\npages of {PAGE} rows a second on {CONNECTIONS} connections (p99 in ms)\n")
    print("| | " + " | ".join(found) + " | ratio, 1 worker | ratio, 2 workers |\n|---|" + "--:|" * (len(found) + 2))
    for case in CASES:
        cells = [f"{by[case].rate:,.0f} ({by[case].p99:.1f})" for by in found.values()]
        theirs = found["Datasette"][case].rate
        ratios = [f"{found[name][case].rate / theirs:.1f}" for name in ("Taskmill, 1 worker", "Taskmill, 2 workers")]
        print(f"| {case} | " + " | ".join([*cells, *ratios]) + " |")


def main() -> None:
    """Serve the file, ask, report."""
    parser = argparse.ArgumentParser(description="Compare the speed of datasets with Datasette's.")
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers-python", default=sys.executable, help="a Python that has Datasette installed")
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "taskmill-benchmark")
    given = parser.parse_args()
    database = made(given.data, given.rows)
    ports = {"Datasette": free_port(), "Taskmill, 1 worker": free_port(), "Taskmill, 2 workers": free_port()}
    settings = {"DATABASE_URL": f"sqlite:///{database}", "JWT_SECRET_KEY": SECRET, "ACCESS_LOG": "false"}
    asked = {}
    with ExitStack() as stack:
        for name, port in ports.items():
            base = f"http://127.0.0.1:{port}"
            if name == "Datasette":
                command = [given.peers_python, "-m", "datasette", str(database), "--port", str(port)]
                stack.enter_context(running(command, given.data))
                wait_for(f"{base}/-/versions.json")
                asked[name] = datasette_cases(base, database.stem, given.rows)
            else:
                command = [sys.executable, str(ROOT / "main.py"), "--port", str(port), "--workers", name.split()[1]]
                stack.enter_context(running(command, given.data, **settings))
                wait_for(f"{base}/readyz")
                asked[name] = our_cases(base, given.rows)
        check(asked)
        report(best(asked, given.seconds, given.rounds))


if __name__ == "__main__":
    main()
