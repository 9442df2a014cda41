"""The page that --report writes: one HTML file about a load and every column of it, which needs nothing but itself."""

from __future__ import annotations

import importlib
import os
from contextlib import suppress
from pathlib import Path, PurePath
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from etl import charts
from etl.load import Outcome
from etl.problems import UsageError
from etl.summary import figures

TEMPLATES = Path(__file__).parent / "templates"
LONGEST = 200
# What a control character looks like, so that it is neither lost nor obeyed.
VISIBLE = {code: 0x2400 + code for code in range(32)} | {0x7F: 0x2421, 0xFFFE: 0xFFFD, 0xFFFF: 0xFFFD}


def refuse_unwritable(path: str) -> None:
    """Raise UsageError when the report can't be written there: better now than after the load."""
    importlib.import_module("etl.measure")  # a package that is missing is missed now, too
    target = Path(path)
    if target.exists() and not target.is_file():
        raise UsageError(f"--report {path} can't be written: it is there, and it is no file.")
    part = _part(target)
    try:
        part.touch(exist_ok=True)
        part.unlink()
    except (OSError, ValueError) as error:
        raise UsageError(f"--report {path} can't be written: {getattr(error, 'strerror', None) or error}.") from error


def write(path: str, outcome: Outcome) -> None:
    """Write the page; what is there stays until all of the new one is."""
    target = Path(path)
    part = _part(target)
    try:
        part.write_bytes(page(outcome).encode("utf-8", "backslashreplace"))
        part.replace(target.resolve())
    finally:
        with suppress(FileNotFoundError):
            part.unlink()


def _part(target: Path) -> Path:
    return target.resolve().with_name(f".{target.name[:100]}.{os.getpid()}.part")


def page(outcome: Outcome) -> str:
    """The report as HTML."""
    rooms = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    rooms.filters |= {"shown": shown, "counted": counted, "measure": measure}
    profile = outcome.profile
    assert profile is not None
    return rooms.get_template("report.html").render(
        found=figures(outcome),
        profile=profile,
        account=(
            ("Rows read", outcome.totals.rows_read),
            ("Rows loaded", outcome.totals.rows_loaded),
            ("Rows rejected", outcome.totals.rows_rejected),
            ("Cells blanked", outcome.totals.cells_blanked),
        ),
        source=PurePath(outcome.source.path).name or outcome.source.path,  # its folder is nobody's business
        key=", ".join(outcome.plan.schema.key) or "row_number",
        cards=[(column, charts.histogram(column)) for column in profile["columns"]],
        speed=charts.speed(profile["speed"]),
    )


def shown(value: Any) -> str:
    """A value of the file as it is: whole unless it is long, and nothing in it invisible."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return (text if len(text) <= LONGEST else text[:LONGEST] + "…").translate(VISIBLE)


def counted(number: int) -> str:
    return f"{number:,}"


def measure(number: float) -> str:
    """A number that was computed, as exactly as people read it."""
    if number and not 1e-4 <= abs(number) < 1e15:
        return f"{number:.6g}"
    return f"{number:,.4f}".rstrip("0").rstrip(".")
