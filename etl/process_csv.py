"""The command line of the loader: options in, exit code out.

    python etl/process_csv.py data.csv

loads any CSV file into a table of the database: all of it or nothing, with an account of every row.
"""

from __future__ import annotations

import sys
from pathlib import Path

if not __package__:  # started as a file: make that the same as `python -m etl.process_csv`
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import argparse
import codecs
import contextlib
import os
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from etl import log as logs
from etl import stopping
from etl.options import ENGINES, IF_EXISTS, Options
from etl.problems import Interrupted, Refused, Stopped, UsageError, plainly

DASK_PACKAGES = ("dask", "distributed", "fsspec", "tornado", "cloudpickle")
LOADED, FAILED, USAGE, NOT_STRICT, STOPPED = 0, 1, 2, 3, 130


def parser() -> argparse.ArgumentParser:
    """Every option, with the sentence that --help shows."""
    made = argparse.ArgumentParser(
        prog="process_csv.py", description="Load CSV files of any size into a database table, all or nothing."
    )
    add = made.add_argument
    add("sources", nargs="+", metavar="SOURCE", help="a file (also .gz .bz2 .xz .zst .zip), a URL, or - for stdin")
    where = made.add_argument_group("where to")
    add = where.add_argument
    add("--db", metavar="URL-or-path", dest="database",
        help="the database (default: DATABASE_URL, else instance/taskmill.db)")  # fmt: skip
    add("--table", help="the table (default: named after the file)")
    add("--if-exists", choices=IF_EXISTS, help="what to do with a table that is there already")
    add("--primary-key", metavar="A,B", type=_names, default=(), help="the columns that identify a row")
    add("--index", metavar="COLUMN", action="append", default=[], dest="indexes",
        help="index a column, or several as A,B, so that the API filters and sorts by it quickly")  # fmt: skip
    add("--tasks-of", metavar="USER", help="make the rows tasks of a user, as GET /tasks writes them in CSV")
    add("--share", action="store_true", help="let every user of the API read the table, not only admins")
    cleaning = made.add_argument_group("cleaning")
    add = cleaning.add_argument
    add("--required", metavar="A,B", type=_names, default=[], action="extend", help="reject rows without these values")
    add("--fill", metavar="COLUMN=VALUE", type=_pair, action="append", default=[], dest="fills",
        help="what a missing value becomes")  # fmt: skip
    add("--fill-missing", action="store_true", help="missing numbers become 0, texts empty, booleans false")
    add("--type", metavar="COLUMN=TYPE", type=_pair, action="append", default=[], dest="types",
        help="a column's type; values that don't fit it are set aside")  # fmt: skip
    add("--schema", metavar="FILE", help="a Frictionless Table Schema (JSON)")
    add("--print-schema", action="store_true", help="print the Table Schema that was found out, and load nothing")
    add("--text", action="store_true", help="load every value as it stands in the file")
    add("--null", metavar="TOKEN", action="append", default=[], dest="nulls", help="a text that means a missing value")
    add(
        "--day-first", action=argparse.BooleanOptionalAction, default=None, help="read 03/04/2025 as the third of April"
    )
    dialect = made.add_argument_group("dialect (found out when not given)")
    add = dialect.add_argument
    add("--delimiter", type=_character, help="what separates fields; tab is \\t")
    add("--quote", type=_quote, help="what quotes fields: \" ' or none")
    add("--encoding", type=_encoding, help="the encoding of the file")
    add("--header", choices=("auto", "yes", "no"), default="auto", help="whether the first row names the columns")
    running = made.add_argument_group("running")
    add = running.add_argument
    add("--chunk-size", metavar="ROWS", type=_positive, default=100_000, help="most rows of a transaction (100000)")
    add("--workers", metavar="N", type=_positive, help="processes that read and clean (default: the cores)")
    add("--engine", choices=ENGINES, default="local", help="who does the work: this machine, or a Dask cluster (local)")
    add("--scheduler", metavar="ADDRESS", help="the Dask scheduler of --engine dask, such as tcp://host:8786")
    add("--max-rejects", metavar="N|N%", type=_limit, help="fail when more rows are rejected")
    add("--strict", action="store_true", help="publish nothing when anything was rejected (exit 3)")
    add("--rejects", metavar="FILE", help="write the rejected rows to a CSV file")
    add("--report", metavar="FILE", help="write a page (HTML) about the load and every column of it")
    add("--restart", action="store_true", help="begin anew instead of going on where the last run was interrupted")
    telling = made.add_argument_group("telling")
    add = telling.add_argument
    add("--log-file", metavar="FILE", help="the log (default: logs/process_csv.log in the project)")
    add("--log-level", choices=("debug", "info", "warning", "error"), default="info", help="what is logged (info)")
    add("--json", action="store_true", help="print the summary as JSON")
    add("--quiet", action="store_true", help="print nothing but errors")
    return made


def _names(given: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in given.split(",") if name.strip())


def _pair(given: str) -> tuple[str, str]:
    name, equals, value = given.partition("=")
    if not equals or not name.strip():
        raise argparse.ArgumentTypeError(f"{given!r} has not the form COLUMN=VALUE")
    return name.strip(), value


def _character(given: str) -> str:
    given = {"\\t": "\t", "tab": "\t", "space": " "}.get(given, given)
    if len(given) != 1 or not given.isascii() or given in "\r\n\"'":
        raise argparse.ArgumentTypeError(f"{given!r} is not one ASCII character that can separate fields")
    return given


def _quote(given: str) -> str:
    if given not in ('"', "'", "", "none"):
        raise argparse.ArgumentTypeError(f"{given!r} is none of \" ' none")
    return "" if given == "none" else given


def _encoding(given: str) -> str:
    try:
        name = codecs.lookup(given).name
        b"x".decode(name, "replace")  # refuses codecs that make no text
    except LookupError:
        raise argparse.ArgumentTypeError(f"{given!r} is no encoding of text that Python knows") from None
    return name


def _positive(given: str) -> int:
    if not given.isascii() or not given.isdigit() or int(given) == 0:
        raise argparse.ArgumentTypeError(f"{given!r} is no whole number above 0")
    return int(given)


def _limit(given: str) -> str:
    try:
        fine = float(given.removesuffix("%")) >= 0 if given.endswith("%") else int(given) >= 0
    except ValueError:
        fine = False
    if not fine:
        raise argparse.ArgumentTypeError(f"{given!r} is neither a number of rows nor a percentage")
    return given


def options_from(given: argparse.Namespace, source: str) -> Options:
    """The options of one source's load. Raises UsageError."""
    described = None
    if given.schema:
        from etl.table_schema import read_schema

        described = read_schema(given.schema)
    values: dict[str, Any] = {"source": source, "described": described}
    for option in fields(Options):
        if option.name not in values:
            value = getattr(given, option.name)
            values[option.name] = tuple(value) if isinstance(value, list) else value
    return Options(**values)


def main(argv: Sequence[str] | None = None) -> int:
    """Load every source; the exit code: 0 loaded, 1 failed, 2 wrong usage, 3 rejects under --strict."""
    given = parser().parse_args(argv)
    _refuse_what_does_not_go_together(given)
    try:
        closing = logs.open_log(given.log_file, given.log_level)
    except OSError as error:
        print(f"process_csv.py: the log file can't be written: {error}", file=sys.stderr)
        return FAILED
    with closing as log:
        code = LOADED
        for source in given.sources:
            code = max(code, _one(given, source))
            if code == STOPPED:
                break
    if code == LOADED and log.failure is not None:  # where a load failed, it was for the same reason
        print(f"process_csv.py: the log is not complete: {log.failure}", file=sys.stderr)
    return code


def _refuse_what_does_not_go_together(given: argparse.Namespace) -> None:
    for option in ("table", "rejects", "report"):
        if getattr(given, option) and len(given.sources) > 1:
            parser().error(f"--{option} is for one load; give one SOURCE with it")
    if given.engine == "dask" and not given.scheduler:
        parser().error("--engine dask needs --scheduler, the address of the cluster's scheduler")
    if given.engine == "dask" and given.workers:
        parser().error("--workers is for this machine; a cluster has as many as were started")
    if given.scheduler and given.engine != "dask":
        parser().error("--scheduler goes with --engine dask")


def _one(given: argparse.Namespace, source: str) -> int:
    """One source; failures that are the user's to mend are one line, all others also a stack trace in the log."""
    from sqlalchemy.exc import SQLAlchemyError

    from database import DatabaseSettingError

    try:
        if given.print_schema:
            return _print_schema(options_from(given, source))
        return _load(given, options_from(given, source))
    except UsageError as error:
        return _say(str(error), USAGE)
    except (Refused, DatabaseSettingError) as error:
        return _say(str(error), FAILED)
    except Interrupted as error:
        return _say(f"{error}; the same command goes on from here.", FAILED)
    except (Stopped, KeyboardInterrupt):
        return _say("interrupted; the same command goes on from here", STOPPED)
    except SQLAlchemyError as error:
        logs.log.exception("the database failed")
        cause = getattr(error, "orig", None) or error
        return _say(f"The database failed: {str(cause).splitlines()[0]} (the same command goes on from here).", FAILED)
    except ModuleNotFoundError as error:
        return _say(f"The package {error.name} is missing: pip install -r {requirements_of(error.name)}.", FAILED)
    except MemoryError:
        logs.log.exception("out of memory")
        return _say("Out of memory; a smaller --chunk-size needs less.", FAILED)
    except OSError as error:
        logs.log.exception("reading or writing failed")
        return _say(f"{plainly(error)} (the same command goes on from here).", FAILED)
    except Exception as error:  # noqa: BLE001 - a bug: its trace belongs in the log, not on the terminal
        logs.log.exception("unexpected failure")
        return _say(f"This is a bug: {type(error).__name__}: {error}. The log has the details.", FAILED)


def requirements_of(package: str | None) -> str:
    """The file that names a package."""
    optional = {"psycopg": "requirements-postgres.txt", **dict.fromkeys(DASK_PACKAGES, "requirements-dask.txt")}
    return optional.get((package or "").partition(".")[0], "requirements.txt")


def _say(sentence: str, code: int) -> int:
    logs.log.error("%s", sentence)
    print(f"process_csv.py: {sentence}", file=sys.stderr)
    return code


def _load(given: argparse.Namespace, options: Options) -> int:
    from etl import memory, summary
    from etl.load import load

    memory.keep_freed_memory()
    if options.rejects:
        with Path(options.rejects).open("a"):  # better now than after the load
            pass
    if options.report:
        from etl import report

        report.refuse_unwritable(options.report)
    quiet = given.quiet or given.json
    with summary.Meter(shown=not quiet and sys.stderr.isatty()) as meter:
        outcome = load(options, meter)
    try:
        if options.rejects:
            summary.write_rejects(options, outcome)
        if options.report:
            report.write(options.report, outcome)
    except OSError as error:  # the load has ended, and to run it once more would be no remedy
        logs.log.exception("writing about the load failed")
        print(f"process_csv.py: what was asked for beside the load is not complete: {plainly(error)}", file=sys.stderr)
    if given.json:
        print(summary.as_json(outcome))
    elif not given.quiet:
        print(summary.as_text(outcome))
    logs.log.info("summary: %s", summary.as_json(outcome))
    if outcome.error is None:
        return LOADED
    return _say(f"{outcome.error}; nothing was published.", NOT_STRICT if "--strict" in outcome.error else FAILED)


def _print_schema(options: Options) -> int:
    from etl.load import table_name
    from etl.plan import make_plan
    from etl.source import open_source
    from etl.table_schema import dump

    source = open_source(options.source, options.encoding)
    with contextlib.closing(source):
        print(dump(make_plan(source, options, table_name(source, options)).schema))
    return LOADED


if __name__ == "__main__":
    stopping.listen()
    for stream in (sys.stdout, sys.stderr):  # a name that the terminal can't show is no reason to fail
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    code = main()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    # Everything is closed; a pool whose workers were stopped half way would keep the interpreter waiting for them.
    os._exit(code)
