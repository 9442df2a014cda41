"""Which tool loads the awkward files of tests/files right, which refuses, which is wrong without a word.

    python benchmarks/load_correctness.py [--peers FOLDER] [--show TOOL] [group or group/case ...]

Every tool loads every file with its defaults; its table is compared with the expectation beside the file, leniently:

- names of columns, order of rows, a generated key, columns without any value: not compared
- a number may be stored as integer, float or text, if all its digits are there; a boolean as 0/1 or as its word
- a date may be text or a number in any ISO form, or midnight; an instant may be in any zone, or naive in UTC; a time of
  day or a duration may be that long after the start of 1970
- texts are compared after trimming; NULL is equal to an empty text, but text such as 007 must keep its zeros
- a cell that the expectation sets aside may also stand in the table as it is written in the file

right: the table is as expected, or nothing was loaded where nothing should be; what is left out was mentioned.
refused: an error, or rows left out that should be there, with a message. wrong: the table differs and no word is said;
"as text" counts the wrong ones whose only fault is a value that stays the text of the file, such as 31/01/2024 or N/A.
skipped: files that need options of the loader, or are no question to the tool.
Exits 1 when the loader is wrong in silence.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

HERE = Path(__file__).resolve().parent
FILES = HERE.parent / "tests" / "files"
SECONDS = 60

LOADER = "taskmill"
# A peer -> the package that it comes with.
PEERS = {
    "sqlite-utils": "sqlite-utils",
    "csvs-to-sqlite": "csvs-to-sqlite",
    "csvsql": "csvkit",
    "duckdb": "duckdb",
    "pandas": "pandas",
}
# The number of columns is a limit of SQLite; DuckDB has none to observe.
NOT_FOR = {"duckdb": {"refused/too_many_columns"}}

RIGHT, REFUSED, WRONG, AS_TEXT, SKIPPED = "right", "refused", "wrong in silence", "as text", "skipped"
# Here NULL is as good as the mark of absence that the expectation keeps, the column being text.
MARKS_MAY_BE_NULL = {"exports/r_data_frame", "noise/missing_values_do_not_count"}
MARKS = {"NA", "-"}
ERROR = re.compile(r"error|exception|could not", re.IGNORECASE)
LEFT_OUT = re.compile(
    r"skipp|bad line|loss of data|(?<!\d)[1-9][\d,]* (?:rows?|cells?) (?:rejected|blanked)", re.IGNORECASE
)
NUMERAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
SPAN = re.compile(r"(\d+):(\d\d)(?::(\d\d(?:\.\d+)?))?")
WORDS = {True: {"1", "true", "t", "yes", "y", "on"}, False: {"0", "false", "f", "no", "n", "off"}}

Row = tuple[object, ...]


@dataclass(frozen=True)
class Case:
    name: str
    file: Path
    expected: dict

    @property
    def options(self) -> list[str]:
        return self.expected.get("options", [])

    def text(self) -> str:
        content = self.file.read_bytes()
        try:
            return content.decode()
        except UnicodeDecodeError:
            return content.decode("latin-1")


@dataclass(frozen=True)
class Tool:
    name: str
    python: str
    version: str


@dataclass(frozen=True)
class Outcome:
    """exit is None for a load that did not end in time; rows is None where there is no table."""

    exit: int | None
    said: str
    rows: list[Row] | None

    @property
    def told(self) -> bool:
        """Whether it said that something was left out."""
        return bool(LEFT_OUT.search(self.said))

    @property
    def last_words(self) -> str:
        lines = [line.strip() for line in self.said.splitlines() if line.strip()]
        errors = [line for line in lines if ERROR.search(line)]
        return (errors or lines or ["no word"])[-1]


@dataclass(frozen=True)
class Judgement:
    verdict: str
    why: str = ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("only", nargs="*", help="groups or cases (default: all)")
    parser.add_argument("--peers", type=Path, metavar="FOLDER", help="where the peers' commands and their python are")
    parser.add_argument("--show", metavar="TOOL", action="append", default=[], help="what a tool does not get right")
    given = parser.parse_args()
    cases = [case for case in all_cases() if not given.only or {case.name, group(case.name)} & set(given.only)]
    tools = list(installed(given.peers))
    judged = {tool.name: judgements(tool, cases) for tool in tools}
    print_versions(tools, cases)
    print_totals(judged)
    print_groups(judged)
    for name in given.show:
        print_faults(name, judged.get(name, {}))
    return int(any(found.verdict in (WRONG, AS_TEXT) for found in judged[LOADER].values()))


def all_cases() -> list[Case]:
    files = sorted(path for path in FILES.glob("*/*") if path.suffix != ".json")
    return [Case(name := case_name(file), file, json.loads((FILES / f"{name}.json").read_text())) for file in files]


def case_name(file: Path) -> str:
    return f"{file.parent.name}/{file.name.split('.')[0]}"


def group(name: str) -> str:
    return name.split("/")[0]


# --- The tools -------------------------------------------------------------------------------------------------------


def installed(peers: Path | None) -> Iterator[Tool]:
    """The loader, and every peer that is found."""
    yield Tool(LOADER, sys.executable, "")
    for name, package in PEERS.items():
        for python in interpreters(name, peers):
            if version := version_of(package, python):
                yield Tool(name, python, version)
                break


def interpreters(name: str, peers: Path | None) -> Iterator[str]:
    """Where a peer's Python code may be: beside the peers, behind its command on PATH, on PATH itself, or here."""
    if peers:
        yield str(peers / "python")
    if command := shutil.which(name):
        with Path(command).open("rb") as script:
            first = script.readline().decode(errors="replace")
        if first.startswith("#!"):
            yield first[2:].strip()
    yield shutil.which("python3") or sys.executable
    yield sys.executable


def version_of(package: str, python: str) -> str:
    ask = f"import importlib.metadata as m; print(m.version({package!r}))"
    try:
        return subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def judgements(tool: Tool, cases: list[Case]) -> dict[str, Judgement]:
    found = {}
    mine = [case for case in cases if tool.name == LOADER or takes(tool, case)]
    with tempfile.TemporaryDirectory(prefix="load_correctness-") as folder:
        for case, outcome in zip(mine, outcomes(tool, mine, Path(folder)), strict=True):
            found[case.name] = judge(case, outcome)
    return {case.name: found.get(case.name, Judgement(SKIPPED)) for case in cases}


def takes(tool: Tool, case: Case) -> bool:
    return not case.options and case.name not in NOT_FOR.get(tool.name, ())


def outcomes(tool: Tool, cases: list[Case], folder: Path) -> Iterator[Outcome]:
    """What the tool makes of every case, loaded one after the other."""
    command = [tool.python, str(HERE / "peers" / "load_cases.py"), tool.name, str(SECONDS)]
    databases = [folder / f"{number}.db" for number in range(len(cases))]
    asked = "".join(
        json.dumps({"file": str(case.file), "database": str(database), "options": case.options}) + "\n"
        for case, database in zip(cases, databases, strict=True)
    )
    answers = subprocess.run(command, input=asked, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    for case, database, line in zip(cases, databases, answers, strict=True):
        answer = json.loads(line)
        yield Outcome(answer["exit"], without_path(answer["said"], case.file), loaded(database))


def without_path(said: str, file: Path) -> str:
    """The name of a case, such as rejected_records, must not pass for a message."""
    return said.replace(str(file), "FILE").replace(file.name, "FILE")


def loaded(database: Path) -> list[Row] | None:
    """The rows of t, without the key that the loader generates."""
    if not database.exists():
        return None
    with closing(sqlite3.connect(database)) as connection:
        names = [column[1] for column in connection.execute("PRAGMA table_info(t)")]
        if not names:
            return None
        kept = [place for place, name in enumerate(names) if name != "row_number"]
        return [tuple(row[place] for place in kept) for row in connection.execute("SELECT * FROM t")]


# --- The verdict -----------------------------------------------------------------------------------------------------


def judge(case: Case, outcome: Outcome) -> Judgement:
    if case.expected["exit"]:
        return judge_of_the_unloadable(outcome)
    if outcome.exit is None:
        return Judgement(REFUSED, f"did not end within {SECONDS} s")
    if outcome.exit:
        return Judgement(REFUSED, outcome.last_words)
    if not outcome.rows and case.expected["rows"]:
        return Judgement(REFUSED if ERROR.search(outcome.said) else WRONG, f"no rows: {outcome.last_words}")
    return judge_of_the_table(case, outcome)


def judge_of_the_unloadable(outcome: Outcome) -> Judgement:
    if not outcome.rows:
        return Judgement(RIGHT)
    if outcome.exit != 0:
        return Judgement(REFUSED, outcome.last_words)
    return Judgement(WRONG, f"{len(outcome.rows)} rows of what is no table: {outcome.rows[0]!r:.80}")


def judge_of_the_table(case: Case, outcome: Outcome) -> Judgement:
    wanted, found = wanted_rows(case), as_wide(outcome.rows or [], len(case.expected["columns"]))
    missing, extra = unmatched(wanted, found, same)
    if missing or extra:
        if outcome.told and not extra:
            return Judgement(REFUSED, outcome.last_words)
        why = difference(missing, extra)
        source = case.text()
        if not any(unmatched(wanted, found, lambda want, cell: same(want, cell) or left_as_text(want, cell, source))):
            return Judgement(AS_TEXT, why)
        return Judgement(WRONG, why)
    gone = [reject["raw"] for reject in case.expected["rejects"] if not stands_in(found, reject)]
    if gone and not outcome.told:
        return Judgement(WRONG, f"left out without a word: {gone[0]!r}")
    return Judgement(RIGHT)


def stands_in(rows: list[Row], reject: dict) -> bool:
    return any(reject["raw"] == cell for row in rows for cell in row)


@dataclass(frozen=True)
class Want:
    """An expected cell; raw holds what the expectation sets aside in its column."""

    value: object
    kind: str
    raw: frozenset[str]
    may_be_null: bool


def wanted_rows(case: Case) -> list[tuple[Want, ...]]:
    columns = case.expected["columns"]
    raw: dict[str, set[str]] = {name: set() for name in columns}
    for reject in case.expected["rejects"]:
        if reject["column"]:
            raw[reject["column"]].add(reject["raw"])
    lenient = case.name in MARKS_MAY_BE_NULL
    return [
        tuple(
            Want(value, kind, frozenset(raw[name]), lenient and value in MARKS)
            for value, (name, kind) in zip(row, columns.items(), strict=True)
        )
        for row in case.expected["rows"]
    ]


def as_wide(rows: list[Row], width: int) -> list[Row]:
    """Columns without any value are left out, where there are too many."""
    if not rows or len(rows[0]) <= width:
        return rows
    filled = [place for place in range(len(rows[0])) if any(row[place] not in (None, "") for row in rows)]
    return [tuple(row[place] for place in filled) for row in rows]


Comparison = Callable[[Want, object], bool]


def unmatched(wanted: list[tuple[Want, ...]], found: list[Row], alike: Comparison) -> tuple[list, list[Row]]:
    """The expected rows that no row is like, and the rows that are like no expected one."""
    missing, extra = [], list(found)
    for row in wanted:
        match = next((place for place, other in enumerate(extra) if rows_alike(row, other, alike)), None)
        if match is None:
            missing.append(row)
        else:
            del extra[match]
    return missing, extra


def rows_alike(wanted: tuple[Want, ...], row: Row, alike: Comparison) -> bool:
    return len(wanted) == len(row) and all(map(alike, wanted, row))


def difference(missing: list[tuple[Want, ...]], extra: list[Row]) -> str:
    """One line: the first cell that differs, or the first row too few or too many."""
    if not missing:
        return f"{len(extra)} rows too many: {extra[0]!r:.100}"
    if not extra:
        return f"{len(missing)} rows are missing: {tuple(want.value for want in missing[0])!r:.100}"
    if len(missing[0]) != len(extra[0]):
        return f"{len(extra[0])} columns instead of {len(missing[0])}: {extra[0]!r:.100}"
    want, cell = next((want, cell) for want, cell in zip(missing[0], extra[0], strict=True) if not same(want, cell))
    count = f", {len(extra)} rows instead of {len(missing)}" if len(missing) != len(extra) else ""
    return f"{cell!r:.60} instead of {want.value!r:.60}{count}"


# --- Cells -----------------------------------------------------------------------------------------------------------


def same(want: Want, cell: object) -> bool:
    if empty(cell):
        return empty(want.value) or want.may_be_null
    return str(cell) in want.raw or (want.value is not None and ALIKE[want.kind](want.value, cell))


def empty(value: object) -> bool:
    return value is None or str(value).strip() == ""


def left_as_text(want: Want, cell: object, source: str) -> bool:
    """A value that is text in the table just as it is in the file, where a number, a date or nothing is expected."""
    return isinstance(cell, str) and (want.value is None or want.kind != "text") and cell in source


def same_text(want: str, cell: object) -> bool:
    text = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
    return want.strip() == text.strip() or (span(want) is not None and span(want) == since_1970(text))


def same_digits(want: object, cell: object) -> bool:
    number = numeral(cell)
    return number is not None and number == Decimal(str(want))


def same_number(want: float, cell: object) -> bool:
    number = numeral(cell)
    return number is not None and math.isclose(number, want, rel_tol=1e-12)


def numeral(cell: object) -> Decimal | None:
    text = str(cell).strip()
    return Decimal(text) if NUMERAL.fullmatch(text) else None


def same_boolean(want: bool, cell: object) -> bool:
    return str(cell).strip().removesuffix(".0").lower() in WORDS[bool(want)]


def same_day(want: str, cell: object) -> bool:
    found = moment(cell)
    return found is not None and found.replace(tzinfo=None) == datetime.fromisoformat(want)


def same_instant(want: str, cell: object) -> bool:
    found, wanted = moment(cell), datetime.fromisoformat(want)
    if found is None:
        return False
    if wanted.tzinfo is None:
        return found == wanted
    return found.replace(tzinfo=found.tzinfo or UTC) == wanted


def same_time(want: str, cell: object) -> bool:
    return span(want) in (span(cell), since_1970(cell))


def span(cell: object) -> timedelta | None:
    found = SPAN.fullmatch(str(cell).strip())
    return found and timedelta(hours=int(found[1]), minutes=int(found[2]), seconds=float(found[3] or 0))


def since_1970(cell: object) -> timedelta | None:
    found = moment(cell)
    return None if found is None else found.replace(tzinfo=None) - datetime(1970, 1, 1)


def moment(cell: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(cell).strip())
    except ValueError:
        return None


ALIKE: dict[str, Callable[..., bool]] = {
    "text": same_text,
    "integer": same_digits,
    "decimal": same_digits,
    "number": same_number,
    "boolean": same_boolean,
    "date": same_day,
    "datetime": same_instant,
    "time": same_time,
}


# --- What is printed -------------------------------------------------------------------------------------------------


def print_versions(tools: list[Tool], cases: list[Case]) -> None:
    versions = ", ".join(f"{PEERS[tool.name]} {tool.version}" for tool in tools if tool.version)
    print(f"{len(cases)} files; Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}; {versions}\n")


def print_totals(judged: dict[str, dict[str, Judgement]]) -> None:
    lines = []
    for name, found in judged.items():
        count = counted(found.values())
        lines.append(
            [name, count[RIGHT], count[REFUSED], count[WRONG] + count[AS_TEXT], count[AS_TEXT], count[SKIPPED]]
        )
    print_table(["tool", RIGHT, REFUSED, WRONG, f"of these {AS_TEXT}", SKIPPED], lines)


def print_groups(judged: dict[str, dict[str, Judgement]]) -> None:
    """Right, refused and wrong in silence for every group and tool."""
    print("\nRight · refused · wrong in silence, by group:\n")
    groups = sorted({group(name) for name in judged[LOADER]})
    print_table(["group", *judged], [[part, *(in_group(found, part) for found in judged.values())] for part in groups])


def in_group(found: dict[str, Judgement], part: str) -> str:
    count = counted(judgement for name, judgement in found.items() if group(name) == part)
    if count[SKIPPED] == count.total():
        return "-"
    return f"{count[RIGHT]} · {count[REFUSED]} · {count[WRONG] + count[AS_TEXT]}"


def counted(judgements: Iterable[Judgement]) -> Counter[str]:
    return Counter(judgement.verdict for judgement in judgements)


def print_table(head: list[str], lines: list[list[object]]) -> None:
    print(f"| {' | '.join(head)} |\n|---|{'--:|' * (len(head) - 1)}")
    for line in lines:
        print(f"| {' | '.join(map(str, line))} |")


def print_faults(name: str, found: dict[str, Judgement]) -> None:
    print(f"\nWhat {name} does not get right:\n")
    for case, judgement in found.items():
        if judgement.verdict not in (RIGHT, SKIPPED):
            print(f"{judgement.verdict:>16}  {case}: {judgement.why}")


if __name__ == "__main__":
    sys.exit(main())
