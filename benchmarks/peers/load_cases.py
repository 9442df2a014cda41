"""Load many files with one tool, each in a process forked from this one: `load_cases.py TOOL [SECONDS]`.

Reads a JSON line {file, database, options} per case and answers with a JSON line {exit, said}; `exit` is null for a
load that took longer than SECONDS. The rows are then in the table t of the SQLite file `database`. The tool is
imported once; that a case gets a process of its own keeps it from disturbing the next.
"""

from __future__ import annotations

import importlib
import json
import multiprocessing
import os
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from importlib.metadata import entry_points
from pathlib import Path
from typing import BinaryIO

Loader = Callable[[str, str, list[str]], object]

PROJECT = Path(__file__).resolve().parent.parent.parent
DUCKDB_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "FLOAT", "DOUBLE")


def main(name: str, seconds: float) -> None:
    load, modules = TOOLS[name]
    sys.path[0] = str(PROJECT)
    for module in modules:
        importlib.import_module(module)
    for line in sys.stdin:
        print(json.dumps(outcome(load, json.loads(line), seconds)), flush=True)


def outcome(load: Loader, case: dict, seconds: float) -> dict:
    with tempfile.TemporaryFile() as said:
        process = multiprocessing.get_context("fork").Process(target=speak_into, args=(said, load, case))
        process.start()
        process.join(seconds)
        late = process.is_alive()
        process.kill()
        process.join()
        said.seek(0)
        return {"exit": None if late else process.exitcode, "said": said.read().decode(errors="replace")}


def speak_into(said: BinaryIO, load: Loader, case: dict) -> None:
    """Load the case; what the tool prints, and its traceback, goes into the file."""
    for stream in (1, 2):
        os.dup2(said.fileno(), stream)
    load(case["file"], case["database"], case["options"])


def run_command(name: str, *arguments: str) -> None:
    """What typing the command would do."""
    [command] = entry_points(group="console_scripts", name=name)
    sys.argv = [name, *arguments]
    sys.exit(command.load()())


def taskmill(file: str, database: str, options: list[str]) -> None:
    process_csv = importlib.import_module("etl.process_csv")
    log = f"{database}.log"
    sys.exit(process_csv.main([file, "--db", database, "--table", "t", "--log-file", log, *options]))


def sqlite_utils(file: str, database: str, _options: list[str]) -> None:
    run_command("sqlite-utils", "insert", database, "t", file, "--tsv" if tabs(file) else "--csv")


def csvs_to_sqlite(file: str, database: str, _options: list[str]) -> None:
    run_command("csvs-to-sqlite", file, database, "-t", "t", *(["-s", "\t"] if tabs(file) else []))


def csvsql(file: str, database: str, _options: list[str]) -> None:
    run_command("csvsql", "--db", f"sqlite:///{database}", "--insert", "--tables", "t", file)


def pandas(file: str, database: str, _options: list[str]) -> None:
    pd = importlib.import_module("pandas")
    frame = pd.read_csv(file, sep="\t" if tabs(file) else ",")
    with closing(sqlite3.connect(database)) as connection:
        counts_rows = frame.index.equals(pd.RangeIndex(len(frame)))
        frame.to_sql("t", connection, index=not counts_rows)
        connection.commit()


def duckdb(file: str, database: str, _options: list[str]) -> None:
    """DuckDB's own table, copied to SQLite: numbers as they are, everything else as DuckDB writes it."""
    session = importlib.import_module("duckdb").connect()
    session.execute("SET TimeZone = 'UTC'")
    session.execute("CREATE TABLE t AS SELECT * FROM read_csv_auto(?)", [file])
    kinds = [kind for _name, kind, *_ in session.execute("DESCRIBE t").fetchall()]
    names = [f"c{number}" for number in range(len(kinds))]
    both = zip(names, kinds, strict=True)
    chosen = ", ".join(name if kind in DUCKDB_NUMBERS else f"{name}::VARCHAR" for name, kind in both)
    rows = session.execute(f"SELECT {chosen} FROM t AS t({', '.join(names)})").fetchall()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(f"CREATE TABLE t ({', '.join(names)})")
        connection.executemany(f"INSERT INTO t VALUES ({', '.join('?' * len(names))})", rows)
        connection.commit()


def tabs(file: str) -> bool:
    """A person who is given a .tsv says so to a tool that has to be told."""
    return file.endswith(".tsv")


# A tool -> how it loads a file, and what is imported once for all of them.
TOOLS: dict[str, tuple[Loader, tuple[str, ...]]] = {
    "taskmill": (taskmill, ("etl.process_csv", "etl.load")),
    "sqlite-utils": (sqlite_utils, ("sqlite_utils.cli",)),
    "csvs-to-sqlite": (csvs_to_sqlite, ("csvs_to_sqlite.cli",)),
    "csvsql": (csvsql, ("csvkit.utilities.csvsql", "agatesql", "sqlalchemy.dialects.sqlite")),
    "pandas": (pandas, ("pandas",)),
    "duckdb": (duckdb, ("duckdb",)),
}

if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 60)
