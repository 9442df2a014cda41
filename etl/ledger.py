"""The loader's books: what is written in etl_loads, etl_blocks and etl_rejects, in the caller's transaction."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from etl.blocks import Block, Piece, Place
from etl.clean import Cleaned, Reject
from etl.problems import Superseded
from models import Block as BlockLine
from models import Load, now
from models import Reject as RejectLine

# A load that was killed this long ago and never run again is given up, and its staging table dropped.
ABANDONED_AFTER = timedelta(days=7)


@dataclass
class Totals:
    """What a load has counted so far; the sum over its blocks.

    Of one block alone: measured, its part of the profile, and done_at, when it was committed (seconds since 1970).
    """

    rows_read: int = 0
    rows_loaded: int = 0
    rows_rejected: int = 0
    cells_blanked: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    noise: Counter[str] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)
    headers_skipped: int = 0
    repaired: int = 0
    measured: bytes | None = None
    done_at: float = 0.0

    def add(self, other: Totals) -> None:
        self.rows_read += other.rows_read
        self.rows_loaded += other.rows_loaded
        self.rows_rejected += other.rows_rejected
        self.cells_blanked += other.cells_blanked
        self.reasons.update(other.reasons)
        self.noise.update(other.noise)
        self.values.update(other.values)
        self.headers_skipped += other.headers_skipped
        self.repaired += other.repaired


def totals_of(block: Block, cleaned: Cleaned, repaired: int) -> Totals:
    """One block's part."""
    rejected = sum(reject.column is None for reject in cleaned.rejects)
    return Totals(
        rows_read=block.piece.rows,
        rows_loaded=len(cleaned.rows),
        rows_rejected=rejected,
        cells_blanked=len(cleaned.rejects) - rejected,
        reasons=Counter(reject.kind for reject in cleaned.rejects),
        noise=cleaned.noise,
        values=cleaned.values,
        headers_skipped=block.piece.headers_skipped,
        repaired=repaired,
    )


def begin(connection: Connection, facts: dict[str, Any]) -> int:
    """A new line in etl_loads; its id."""
    facts = storable(connection, facts)
    key = connection.execute(insert(Load).values(state="loading", **facts)).inserted_primary_key
    assert key is not None
    return int(key[0])


def interrupted(connection: Connection, table: str) -> Sequence[Any]:
    """The loads of a table that have not ended, newest first."""
    found = select(Load.__table__).where(Load.table_name == table, Load.state == "loading").order_by(Load.id.desc())
    return connection.execute(found).all()


def given_up(connection: Connection) -> Sequence[Any]:
    """Loads of any table that were killed long ago."""
    old = Load.started_at < now() - ABANDONED_AFTER
    return connection.execute(select(Load.__table__).where(Load.state == "loading", old)).all()


def last_published(connection: Connection, table: str) -> Any | None:
    """The load that a table comes from."""
    found = select(Load.__table__).where(Load.table_name == table, Load.state == "published").order_by(Load.id.desc())
    return connection.execute(found.limit(1)).first()


def hold(connection: Connection, load: int) -> None:
    """Wait for the blocks that are being committed; no other is before this transaction has ended."""
    connection.execute(select(Load.id).where(Load.id == load).with_for_update())


def take_over(connection: Connection, load: int, attempt: str) -> None:
    """From now on only blocks of this attempt are committed."""
    hold(connection, load)
    options = connection.execute(select(Load.options).where(Load.id == load)).scalar_one()
    connection.execute(update(Load).where(Load.id == load).values(options=options | {"attempt": attempt}))


def refuse_superseded(connection: Connection, load: int, attempt: str) -> None:
    """Raise Superseded unless the load still runs, in this attempt; it does until this transaction has ended."""
    found = select(Load.state, Load.options["attempt"].as_string()).where(Load.id == load).with_for_update(read=True)
    if connection.execute(found).first() != ("loading", attempt):
        raise Superseded(f"Load {load} was begun again or ended elsewhere")


def mark_done(connection: Connection, load: int, piece: Piece, totals: Totals) -> bool:
    """The line that says that a block is committed; False when there is one already, for it is unique.

    Who marks the same block at the same time waits here for the other one's end.
    """
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    totals.done_at = time.time()
    marked = connection.execute(
        dialect.insert(BlockLine)
        .on_conflict_do_nothing()
        .returning(BlockLine.id)
        .values(
            load_id=load,
            number=piece.number,
            offset=piece.offset,
            length=piece.length,
            checksum=piece.checksum,
            first_line=piece.first_line,
            first_row=piece.first_row,
            **_account(totals),
            facts={
                "reasons": totals.reasons,
                "noise": totals.noise,
                "values": totals.values,
                "headers_skipped": totals.headers_skipped,
                "repaired": totals.repaired,
                "done_at": totals.done_at,
                "lines": piece.lines,
                "last": piece.last,
            },
            measured=totals.measured,
        )
    )
    return marked.first() is not None


def _account(totals: Totals) -> dict[str, int]:
    return {name: getattr(totals, name) for name in ("rows_read", "rows_loaded", "rows_rejected", "cells_blanked")}


def done_blocks(connection: Connection, load: int) -> Any:
    """The committed blocks in the file's order, streamed."""
    table = BlockLine.__table__
    found = select(table).where(table.c.load_id == load).order_by(table.c.offset)
    return connection.execution_options(stream_results=True).execute(found)


def last_number(connection: Connection, load: int) -> int:
    """The highest number of a committed block; 0 when there is none."""
    return connection.scalar(select(func.max(BlockLine.number)).where(BlockLine.load_id == load)) or 0


def totals_of_block(connection: Connection, load: int, number: int) -> Totals:
    """What the committed block of that number counted."""
    table = BlockLine.__table__
    found = select(table).where(table.c.load_id == load, table.c.number == number)
    return totals_of_line(connection.execute(found).one())


def totals_of_line(line: Any) -> Totals:
    """What a committed block counted."""
    facts = line.facts
    return Totals(
        line.rows_read, line.rows_loaded, line.rows_rejected, line.cells_blanked,
        Counter(facts["reasons"]), Counter(facts["noise"]), Counter(facts["values"]),
        facts["headers_skipped"], facts["repaired"], line.measured, facts.get("done_at", 0.0),
    )  # fmt: skip


def place_behind(line: Any) -> Place:
    """Where the block behind a committed one begins."""
    return Place(
        line.number + 1, line.offset + line.length, line.first_row + line.rows_read,
        line.first_line + line.facts["lines"], line.facts["last"],
    )  # fmt: skip


def keep_rejects(connection: Connection, load: int, rejects: Sequence[Reject]) -> None:
    rows = [
        {
            "load_id": load,
            "line": reject.line,
            "row_number": reject.row_number,
            "column_name": reject.column,
            "reason": storable(connection, reject.reason),
            "raw": storable(connection, reject.raw),
        }
        for reject in rejects
    ]
    if rows:
        connection.execute(insert(RejectLine), rows)


def storable(connection: Connection, value: Any) -> Any:
    """`value` with NUL written as \\x00 in every text of it, for PostgreSQL can't hold that one character."""
    if connection.dialect.name != "postgresql":
        return value
    if isinstance(value, str):
        return value.replace("\x00", "\\x00")
    if isinstance(value, dict):
        return {storable(connection, name): storable(connection, one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [storable(connection, one) for one in value]
    return value


def start_over(connection: Connection, load: int, facts: dict[str, Any]) -> None:
    """Forget the blocks and rejects of a load, which begins again with other facts."""
    forget_blocks(connection, load)
    forget_rejects(connection, load)
    connection.execute(update(Load).where(Load.id == load).values(**storable(connection, facts)))


def forget_blocks(connection: Connection, load: int) -> None:
    connection.execute(delete(BlockLine).where(BlockLine.load_id == load))


def finish(connection: Connection, load: int, state: str, totals: Totals, **facts: Any) -> None:
    """The last word about a load. facts: further columns of etl_loads."""
    connection.execute(
        update(Load)
        .where(Load.id == load)
        .values(
            state=state,
            **_account(totals),
            finished_at=now(),
            **storable(connection, facts),
        )
    )
    forget_blocks(connection, load)


def abandon(connection: Connection, load: int) -> None:
    """End a load that a later one supersedes; what it rejected is part of no account."""
    forget_rejects(connection, load)
    finish(connection, load, "abandoned", Totals(), error="superseded by a later load")


def forget_rejects(connection: Connection, load: int) -> None:
    connection.execute(delete(RejectLine).where(RejectLine.load_id == load))


def rejected_rows(connection: Connection, load: int) -> Any:
    """Every line of etl_rejects of a load, in the file's order, streamed."""
    table = RejectLine.__table__
    columns = (table.c.line, table.c.row_number, table.c.column_name, table.c.reason, table.c.raw)
    return connection.execution_options(stream_results=True).execute(
        select(*columns).where(table.c.load_id == load).order_by(table.c.line, table.c.id)
    )
