"""What the loader has published, and who may see it: admins everything, everybody else what was shared."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, and_, bindparam, func, or_, select
from werkzeug.exceptions import NotFound

from models import Load, User, belongs_to_the_application
from web.extensions import caller_id, db
from web.reader import mark
from web.times import show_instant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, Select

    from web.reader import Reader

assert isinstance(Load.__table__, Table)
loads = Load.__table__

PUBLISHED = loads.c.state == "published"
IS_ADMIN = select(User.role == "admin").where(User.id == bindparam("caller")).scalar_subquery()
later, replacing = loads.alias(), loads.alias()
# Each of these is about the load that is asked about, however deep it stands in a statement: hence correlate().
LAST_OF_TABLE = (
    select(func.max(later.c.id))
    .where(later.c.table_name == loads.c.table_name, later.c.state == "published")
    .correlate(loads)
    .scalar_subquery()
)
# The loads that a table consists of: the last one that made it anew, and what was added to it since.
LAST_MADE_ANEW = (
    select(func.coalesce(func.max(replacing.c.id), 0))
    .where(
        replacing.c.table_name == loads.c.table_name,
        replacing.c.state == "published",
        replacing.c.options["given"]["if_exists"].as_string() == "replace",
    )
    .correlate(loads)
    .scalar_subquery()
)
newest = loads.alias()
IS_SHARED = select(newest.c.shared).where(newest.c.id == LAST_OF_TABLE).correlate(loads).scalar_subquery()
VISIBLE = or_(IS_ADMIN, and_(PUBLISHED, loads.c.id >= LAST_MADE_ANEW, IS_SHARED))

# The types in the words of --type.
KINDS = {"string": "text"}


@dataclass(frozen=True)
class Dataset:
    """A table as its loads tell of it; the last of them is told in full."""

    name: str
    load: Any
    fields: Mapping[str, dict[str, Any]] = field(compare=False)  # of all its loads, the last word on each column
    known_rows: int | None = None  # where nothing was merged into anything

    @property
    def kinds(self) -> dict[str, tuple[str, bool]]:
        """Column -> its type and whether it holds instants."""
        return {name: (kind_of(said), bool(said.get("zoned"))) for name, said in self.fields.items()}


def kind_of(said: Mapping[str, Any]) -> str:
    """The loader's word for the type of a field of a Table Schema."""
    return "decimal" if said.get("exact") else KINDS.get(said["type"], said["type"])


def visible_names() -> list[str]:
    """The tables that the caller may see, by name; some may have been dropped since."""
    rows = _run(select(loads.c.table_name).where(loads.c.id == LAST_OF_TABLE, PUBLISHED, VISIBLE))
    return sorted(row[0] for row in rows if not belongs_to_the_application(row[0]))


def dataset(reader: Reader, name: str) -> Dataset:
    """The table of that name, if the loader published it and the caller may see it."""
    found = None if "\0" in name or belongs_to_the_application(name) else _last_load(reader, name)
    if found is None:
        raise no_dataset(name)
    return _dataset(name, found, db.engine)


def no_dataset(name: str) -> NotFound:
    """The refusal of a name, whatever the reason is."""
    return NotFound(f"There is no dataset {name[:100]!r}.")


# Asked at every request.
NEWEST = """
    SELECT id, shared, (SELECT role FROM users WHERE id = {mark}) FROM etl_loads
    WHERE id = (SELECT max(id) FROM etl_loads WHERE table_name = {mark} AND state = 'published')
"""


def _last_load(reader: Reader, name: str) -> int | None:
    found = reader.rows(NEWEST.format(mark=mark(reader.dialect)), (caller_id(), name))
    return int(found[0][0]) if found and (found[0][1] or found[0][2] == "admin") else None


@lru_cache(maxsize=256)
def _dataset(name: str, last: int, _engine: Any) -> Dataset:
    """What is written of a published load never changes again."""
    rows = _run(
        select(*(column for column in loads.c if column.key != "profile"))
        .where(loads.c.table_name == name, PUBLISHED, loads.c.id >= LAST_MADE_ANEW, loads.c.id <= last)
        .order_by(loads.c.id)
    )
    fields: dict[str, dict[str, Any]] = {}
    for row in rows:
        fields |= {said["name"]: said for said in row.schema["fields"]}
    only = len(rows) == 1 and rows[0].options["given"]["if_exists"] == "replace"
    return Dataset(name, rows[-1], fields, rows[-1].rows_loaded if only else None)


def profile(load_id: int) -> Any:
    """The profile of a load, None where there is none."""
    return _run(select(loads.c.profile).where(loads.c.id == load_id))[0][0]


def has_profile(load_id: int) -> bool:
    """Whether a load left a profile."""
    # SQLite keeps JSON's null where there is none.
    return profile(load_id) is not None


SHOWN = (
    *(loads.c.id, loads.c.table_name, loads.c.source, loads.c.source_bytes, loads.c.state, loads.c.rows_read),
    *(loads.c.rows_loaded, loads.c.rows_rejected, loads.c.cells_blanked, loads.c.started_at, loads.c.finished_at),
    *(loads.c.error, loads.c.shared),
)


def shown(row: Any) -> dict[str, Any]:
    """A load as it is answered in a list."""
    return {
        "id": row.id,
        "table": row.table_name,
        "source": file_name(row.source),
        "source_bytes": row.source_bytes,
        "state": row.state,
        "rows_read": row.rows_read,
        "rows_loaded": row.rows_loaded,
        "rows_rejected": row.rows_rejected,
        "cells_blanked": row.cells_blanked,
        "started_at": show_instant(row.started_at),
        "finished_at": show_instant(row.finished_at),
        "error": row.error,
        "shared": row.shared,
    }


def file_name(source: str) -> str:
    """The source without its folder, which is nobody's business."""
    return PurePath(source).name or source


def newest_loads(size: int, *, offset: int = 0, behind: int | None = None) -> list[Any]:
    """So many loads, newest first, and one more where more follow."""
    wanted = select(*SHOWN).where(VISIBLE, *([] if behind is None else [loads.c.id < behind]))
    return list(_run(wanted.order_by(loads.c.id.desc()).limit(size + 1).offset(offset)))


def how_many_loads() -> int:
    """The number of loads that the caller may see."""
    return int(_run(select(func.count()).where(VISIBLE))[0][0])


def load(load_id: int) -> Any:
    """A load with all that is written of it but its profile."""
    rows = _run(select(*SHOWN, loads.c.dialect, loads.c.schema, loads.c.notes).where(_is(load_id), VISIBLE))
    if not rows:
        raise NotFound(f"There is no load {load_id}.")
    return rows[0]


def _is(load_id: int) -> ColumnElement[bool]:
    return loads.c.id == load_id


def _run(statement: Select[Any], **values: Any) -> Sequence[Any]:
    with db.engine.connect() as connection:
        return connection.execute(statement, {**values, "caller": caller_id()}).all()
