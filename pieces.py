"""Rows are deleted in pieces: each a transaction of its own, so short that no other writer waits long for it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, Engine, FromClause, Table, delete, select, tuple_

from database import take_over_wal, writing

if TYPE_CHECKING:
    from collections.abc import Callable

# So long one piece may take. How many rows that are depends on what hangs on them: indexes, triggers, other rows.
SECONDS = 0.05
FIRST_ROWS, FEWEST_ROWS = 100, 10
PIECES_IN_WAL = 20


def in_pieces(engine: Engine, delete_some: Callable[[Connection, int], int]) -> int:
    """Delete with `delete_some`, which is told how many rows and tells how many it found; how many there were."""
    rows, removed, pieces = FIRST_ROWS, 0, 0
    while True:
        with writing(engine) as connection:
            began = time.monotonic()  # not before its turn has come
            found = delete_some(connection, rows)
        taken = time.monotonic() - began
        removed, pieces = removed + found, pieces + 1
        if pieces % PIECES_IN_WAL == 0:
            take_over_wal(engine)
        if found < rows:
            return removed
        rows = next_size(rows, taken)


def next_size(rows: int, taken: float) -> int:
    """How many rows the next piece has, after one of `rows` has taken so many seconds."""
    if taken > SECONDS:
        return max(FEWEST_ROWS, rows // 2)
    return rows * 2 if taken < SECONDS / 2 else rows


def delete_in_pieces(engine: Engine, table: FromClause, where: ColumnElement[bool]) -> int:
    """Delete the rows that fit, in pieces; how many there were. What somebody else is working at is left."""
    assert isinstance(table, Table)
    key = list(table.primary_key.columns)

    def delete_some(connection: Connection, rows: int) -> int:
        some = select(*key).where(where).limit(rows).with_for_update(skip_locked=True)
        return connection.execute(delete(table).where(tuple_(*key).in_(some))).rowcount

    return in_pieces(engine, delete_some)
