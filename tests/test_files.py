"""Every awkward file in tests/files becomes the table that is written beside it, or is refused.

`<group>/<case>.<ext>` is the file, `<group>/<case>.json` what must come of it.
"""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from etl import process_csv

FILES = Path(__file__).parent / "files"
MADE_KEY = "row_number"
STORED_AS = {"integer": int, "number": float, "boolean": int} | dict.fromkeys(
    ("decimal", "date", "time", "datetime", "text"), str
)


def data_files() -> list[Path]:
    return sorted(p for p in FILES.glob("*/*") if p.suffix != ".json")


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.name.split('.')[0]}"


def expected_of(path: Path) -> dict:
    return json.loads((FILES / f"{name_of(path)}.json").read_text(encoding="utf-8"))


def load(path: Path, folder: Path, options: list[str]) -> tuple[int, Path]:
    """Run the command in this process; its exit code and the database it wrote to."""
    database = folder / "loaded.db"
    arguments = [str(path), "--db", str(database), "--table", "t", "--log-file", str(folder / "load.log"), *options]
    try:
        code = process_csv.main(arguments)
    except SystemExit as stopped:
        code = stopped.code
    return code, database


class Loaded:
    """What stands in the database after a load."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        self.staging = [name for name in tables if name.startswith("etl_staging")]
        self.has_table = "t" in tables
        info = connection.execute("PRAGMA table_info(t)").fetchall() if self.has_table else []
        self.names = [column[1] for column in info]
        self.key = [name for _, name in sorted((column[5], column[1]) for column in info if column[5])]
        self.records = connection.execute("SELECT * FROM t ORDER BY rowid").fetchall() if self.has_table else []
        self.account, self.schema, self.rejects = None, None, []
        if "etl_loads" in tables:
            last = connection.execute(
                "SELECT id, schema, rows_read, rows_loaded, rows_rejected FROM etl_loads ORDER BY id DESC LIMIT 1"
            ).fetchone()
            if last:
                self.schema, self.account = last[1] and json.loads(last[1]), last[2:]
                self.rejects = connection.execute(
                    "SELECT line, column_name, raw, reason FROM etl_rejects WHERE load_id = ?", last[:1]
                ).fetchall()

    def numbers(self) -> list[int]:
        """The generated keys, in the order of the rows."""
        return [record[self.names.index(MADE_KEY)] for record in self.records]

    def rows(self, columns: list[str]) -> list[list]:
        places = [self.names.index(name) for name in columns]
        return [[record[place] for place in places] for record in self.records]

    def types(self, columns: list[str]) -> dict[str, str]:
        """Column -> type in the words of the expectations, read from the schema that the load kept."""
        fields = {field["name"]: field for field in self.schema["fields"]}
        return {name: type_of(fields.get(name, {})) for name in columns}


def type_of(field: dict) -> str:
    if field.get("exact"):
        return "decimal"
    return "text" if field.get("type") == "string" else field.get("type", "no such field")


def open_loaded(database: Path) -> Loaded:
    with closing(sqlite3.connect(database)) as connection:
        return Loaded(connection)


def stored(value: object, kind: str) -> object:
    """How an expected value lies in SQLite."""
    return value if value is None else STORED_AS[kind](value)


def in_its_class(value: object) -> tuple[str, object]:
    """1, 1.0 and True are equal to Python; to the database they are not."""
    return type(value).__name__, value


@pytest.mark.parametrize("path", data_files(), ids=name_of)
def test_the_file_becomes_what_stands_beside_it(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expected = expected_of(path)
    code, database = load(path, tmp_path, expected.get("options", []))
    said = "".join(capsys.readouterr())
    why = f"{expected['about']}\n--- it said ---\n{said}"

    assert code == expected["exit"], f"exit {code} instead of {expected['exit']}: {why}"
    assert "Traceback" not in said, why
    if "columns" in expected:
        assert_table(open_loaded(database), expected, why)
    else:
        assert_nothing_published(database, why)
    if "message" in expected:
        assert expected["message"].lower() in said.lower(), f"no word of {expected['message']!r}: {why}"
    for note in expected.get("notes", []):
        assert note.lower() in said.lower(), f"the summary does not mention {note!r}: {why}"


def assert_nothing_published(database: Path, why: str) -> None:
    assert not database.exists() or not open_loaded(database).has_table, f"there is a table all the same: {why}"


def assert_table(loaded: Loaded, expected: dict, why: str) -> None:
    assert loaded.has_table, f"there is no table: {why}"
    made_key = expected["key"] == [MADE_KEY]
    columns = list(expected["columns"])
    found = [name for name in loaded.names if not (made_key and name == MADE_KEY)]

    assert found == columns, f"columns: {why}"
    assert loaded.key == expected["key"], f"primary key: {why}"
    assert loaded.schema, f"etl_loads keeps no schema: {why}"
    assert loaded.types(columns) == expected["columns"], f"types: {why}"
    assert_rows(loaded, expected, why)
    assert_rejects(loaded, expected["rejects"], why)
    assert_account(loaded, expected, why)
    assert not loaded.staging, f"left behind: {loaded.staging}: {why}"
    if made_key:
        numbers = loaded.numbers()
        assert numbers == expected.get("row_numbers", sorted(set(numbers))), f"row_number: {why}"


def assert_rows(loaded: Loaded, expected: dict, why: str) -> None:
    kinds = expected["columns"]
    found = loaded.rows(list(kinds))
    for number, (row, wanted) in enumerate(zip(found, in_table_order(expected), strict=False), start=1):
        for name, value, want in zip(kinds, row, wanted, strict=True):
            want = in_its_class(stored(want, kinds[name]))
            assert in_its_class(value) == want, f"row {number}, column {name!r}: {why}"
    assert len(found) == len(expected["rows"]), f"number of rows: {why}"


def in_table_order(expected: dict) -> list[list]:
    """File order, but SQLite keeps rows in the order of a key that is one integer."""
    [first, *others], kinds = expected["key"], expected["columns"]
    if others or kinds.get(first) != "integer":
        return expected["rows"]
    place = list(kinds).index(first)
    return sorted(expected["rows"], key=lambda row: row[place])


def assert_rejects(loaded: Loaded, expected: list[dict], why: str) -> None:
    found = sorted(((line, column or "", raw), reason) for line, column, raw, reason in loaded.rejects)
    wanted = sorted(((r["line"], r["column"] or "", r["raw"]), r.get("reason", "")) for r in expected)
    assert [where for where, _ in found] == [where for where, _ in wanted], f"rejects (line, column, raw): {why}"
    for (where, reason), (_, part) in zip(found, wanted, strict=True):
        assert reason, f"no reason for {where}: {why}"
        assert part in reason.lower(), f"the reason for {where} is {reason!r}, without {part!r}: {why}"


def assert_account(loaded: Loaded, expected: dict, why: str) -> None:
    whole_rows = sum(reject["column"] is None for reject in expected["rejects"])
    count = len(expected["rows"])
    assert loaded.account == (count + whole_rows, count, whole_rows), f"rows read, loaded, rejected: {why}"


def test_every_file_has_its_expectation_and_every_expectation_its_file() -> None:
    files = sorted(name_of(path) for path in data_files())
    expectations = sorted(name_of(path) for path in FILES.glob("*/*.json"))
    assert files == expectations


def test_there_are_at_least_120_awkward_files() -> None:
    assert len(data_files()) >= 120


@pytest.mark.parametrize("path", data_files(), ids=name_of)
def test_the_expectation_is_consistent_in_itself(path: Path) -> None:
    expected = expected_of(path)
    assert expected["about"].endswith("."), "one sentence says what is awkward"
    if expected["exit"]:
        assert "columns" not in expected
        return
    columns = expected["columns"]
    assert set(columns.values()) <= set(STORED_AS)
    assert expected["key"] == [MADE_KEY] or set(expected["key"]) <= set(columns)
    assert all(len(row) == len(columns) for row in expected["rows"])
    assert all(re.fullmatch(r"[^A-Z]+", reject.get("reason", "-")) for reject in expected["rejects"])
