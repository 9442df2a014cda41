"""`--tasks-of USER`: a file's rows become tasks of a user, as GET /tasks writes them in CSV.

They go the way of all rows, as texts: through blocks into a staging table. What differs is how a row is judged, and
that the staged rows don't become a table but tasks, made in the same transaction that ends the load.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection, Table, insert, select

from etl import discard
from etl.clean import Cleaned
from etl.columns import as_array
from etl.limits import take_out
from etl.options import Options
from etl.problems import Refused, UsageError
from etl.source import Source
from etl.table_schema import Schema
from etl.write import ROW_NUMBER
from models import PRIORITIES, STATUSES, Load, Task, TaskLabel, User, now, username_key
from task_rules import (
    LONGEST_DESCRIPTION,
    LONGEST_LABEL,
    LONGEST_TITLE,
    MOST_LABELS,
    once_each,
    parted,
    read_instant,
    unguarded,
)

TIMES = ("due_at", "created_at", "updated_at", "completed_at")
FIELDS = ("title", "description", "status", "priority", "labels", *TIMES)
LONGEST_LABELS_CELL = 10_000

# What decides what a table is, and so nothing here.
NOT_TOGETHER = {
    "table": "--table",
    "primary_key": "--primary-key",
    "types": "--type",
    "schema": "--schema",
    "fills": "--fill",
    "fill_missing": "--fill-missing",
    "nulls": "--null",
    "required": "--required",
    "indexes": "--index",
    "share": "--share",
}
EXPORTED = b"id,title,"


class Fault(Exception):
    """Why a row is no task. kind: what the summary counts it under."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.kind = f"no task: {field}"


def options_for(options: Options, source: Source) -> Options:
    """How such a file is read: as text with a header, its rows told apart by their number."""
    given = [option for name, option in NOT_TOGETHER.items() if getattr(options, name)]
    given += [f"--if-exists {options.if_exists}"] if options.if_exists in ("replace", "upsert") else []
    if given:
        raise UsageError(f"--tasks-of can't be given together with {given[0]}.")
    as_exported = source.read(source.start, len(EXPORTED)) == EXPORTED
    return replace(
        options,
        text=True,
        header="yes" if options.header == "auto" else options.header,
        delimiter=options.delimiter or ("," if as_exported else None),
        quote=options.quote or ('"' if as_exported else None),
        described={"fields": [], "primaryKey": ROW_NUMBER},
    )


def user(connection: Connection, name: str) -> Any:
    """The account of that name. Raises Refused."""
    found = connection.execute(select(User.id, User.username).where(User.username_key == username_key(name))).first()
    if found is None:
        raise Refused(f"There is no user {name[:80]!r}.")
    return found


def refuse_once_more(connection: Connection, table: str, source: Source, asked: str | None) -> None:
    """Refuse to make the same tasks again, unless that is asked for."""
    if asked == "append" or source.path == "-":
        return
    same = (Load.table_name == table, Load.state == "published", Load.source == source.path)
    earlier = connection.execute(select(Load.id).where(*same).order_by(Load.id.desc()).limit(1)).scalar()
    if earlier is not None:
        raise Refused(
            f"The {table} have those of this file already (load {earlier}); --if-exists append makes them again."
        )


def check_columns(schema: Schema) -> None:
    """Refuse a file that holds something else."""
    names = schema.names()
    strange = [name for name in names if name not in (*FIELDS, "id")]
    known = ", ".join(FIELDS)
    if strange:
        raise Refused(f"Tasks have no column {strange[0]!r}; they can have {known}, and id, which is not used.")
    if "title" not in names:
        raise Refused(f"The file has no column title; tasks can have {known}.")


# ---- judging ----


def judge(cleaned: Cleaned, raw: Callable[[int], str]) -> None:
    """Keep the rows that are tasks, in the form that `publish` reads; the others are rejected."""
    names = list(cleaned.rows.columns)
    columns = [as_array(cleaned.rows[name]).to_pylist() for name in names]
    tasks, why = [], {}
    for place, values in enumerate(zip(*columns, strict=True)):
        try:
            tasks.append(read_task(dict(zip(names, (value or "" for value in values), strict=True))))
        except Fault as fault:
            why[place] = (str(fault), fault.kind)
    if why:
        take_out(cleaned, why, raw)
    arrow = pa.table({name: pa.array([task.get(name, "") for task in tasks], pa.string()) for name in names})
    cleaned.rows = arrow.to_pandas(types_mapper=pd.ArrowDtype).set_axis(cleaned.rows.index)


def read_task(row: dict[str, str]) -> dict[str, str]:
    """A row's fields as texts in one form each: times in ISO 8601, labels in JSON. Raises Fault."""
    row = {name: unguarded(text) for name, text in row.items()}
    for name, text in row.items():
        if "\0" in text:
            raise Fault(name, "it holds a NUL character")
    task = {
        "title": _limited("title", row["title"].strip(), LONGEST_TITLE),
        "description": _limited("description", row.get("description", ""), LONGEST_DESCRIPTION),
        "status": _one_of("status", row, STATUSES),
        "priority": _one_of("priority", row, PRIORITIES, "normal"),
        "labels": json.dumps(_labels(row.get("labels", ""))),
        **{name: _instant(name, row.get(name, "")) for name in TIMES},
    }
    if not task["title"]:
        raise Fault("title", "there is none")
    if task["completed_at"] and task["status"] != "completed":
        raise Fault("completed_at", f"the status is {task['status']}")
    return task


def _limited(name: str, text: str, longest: int) -> str:
    if len(text) > longest:
        raise Fault(name, f"it has {len(text)} characters, and can have {longest}")
    return text


def _one_of(name: str, row: dict[str, str], known: tuple[str, ...], default: str = "") -> str:
    text = row.get(name, "").strip() or default or known[0]
    if text not in known:
        raise Fault(name, f"{text[:40]!r} is none of {', '.join(known)}")
    return text


def _labels(cell: str) -> list[str]:
    try:
        labels = once_each(parted(_limited("labels", cell, LONGEST_LABELS_CELL)))
    except csv.Error:
        raise Fault("labels", "they are not separated by ;") from None
    if len(labels) > MOST_LABELS:
        raise Fault("labels", f"there are {len(labels)}, and can be {MOST_LABELS}")
    for label in labels:
        _limited("labels", label, LONGEST_LABEL)
    return labels


def _instant(name: str, text: str) -> str:
    if not text.strip():
        return ""
    moment = read_instant(text.strip())
    if moment is None:
        raise Fault(name, f"{text[:40]!r} is no time with its offset, like 2026-11-23T10:00:00Z")
    return moment.isoformat()


# ---- publishing ----

ROWS_AT_ONCE = 1000
NEW_TASKS = insert(Task).returning(Task.id, sort_by_parameter_order=True)


def publish(connection: Connection, staging: Table, name: str) -> None:
    """Make the staged rows tasks, in the caller's transaction. The last row is made first: lists show the newest first,
    and so the rows as the file has them.
    """
    owner, moment = user(connection, name).id, now()
    number = staging.c[ROW_NUMBER]
    some = select(staging).order_by(number.desc()).limit(ROWS_AT_ONCE)
    rows = connection.execute(some).mappings().all()
    while rows:
        ids = connection.execute(NEW_TASKS, [_task(row, owner, moment) for row in rows]).scalars().all()
        labels = [label for task, row in zip(ids, rows, strict=True) for label in _labels_of(task, row, owner)]
        if labels:
            connection.execute(insert(TaskLabel), labels)
        rows = connection.execute(some.where(number < rows[-1][ROW_NUMBER])).mappings().all()
    discard.put_aside(connection, staging.name)


def _task(row: Any, owner: int, moment: datetime) -> dict[str, Any]:
    times = {name: datetime.fromisoformat(row[name]) if row.get(name) else None for name in TIMES}
    created = times["created_at"] or moment
    changed = times["updated_at"] or created
    status = row.get("status") or STATUSES[0]
    return {
        "user_id": owner,
        "title": row["title"],
        "description": row.get("description") or "",
        "status": status,
        "priority": row.get("priority") or "normal",
        "due_at": times["due_at"],
        "created_at": created,
        "updated_at": changed,
        "completed_at": (times["completed_at"] or changed) if status == "completed" else None,
    }


def _labels_of(task: int, row: Any, owner: int) -> list[dict[str, Any]]:
    return [
        {"task_id": task, "position": position, "user_id": owner, "label": label, "label_key": label.casefold()}
        for position, label in enumerate(json.loads(row.get("labels") or "[]"))
    ]
