"""Runs of the loader, read only: what became of each, and what it refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

from web import cursors, export, loaded, paging, parameters, row_answers
from web.cells import Column
from web.extensions import db
from web.json_answer import JSON, JsonAnswer
from web.reader import reading
from web.row_filters import Condition, compare, is_null
from web.row_lists import Listing
from web.row_orders import Key
from web.sessions import token_required
from web.shapes import Shape, as_json

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

bp = Blueprint("loads", __name__, url_prefix="/loads")

REJECT_COLUMNS = (
    Column("line", "integer", nullable=False),
    Column("row_number", "integer", nullable=False),
    Column("column_name", "text", label="column"),
    Column("reason", "text", nullable=False),
    Column("raw", "text", nullable=False),
)
REJECT_ID = Column("id", "integer", nullable=False)
REJECT_ORDER = (Key(REJECT_COLUMNS[0]), Key(REJECT_ID))


@bp.get("")
@token_required
def list_loads() -> ResponseReturnValue:
    """The runs of the loader that the caller may see, newest first, one page at a time."""
    given = parameters.read(*paging.PAGING)
    page = paging.asked_page(given)
    behind = None if page.cursor is None else cursors.unseal(page.cursor, "loads")[0]
    rows = loaded.newest_loads(page.size, offset=page.offset, behind=behind)
    following = cursors.seal([rows[page.size - 1].id], "loads") if len(rows) > page.size else None
    headers = paging.headers(page, loaded.how_many_loads(), following, given)
    found = [loaded.shown(row) for row in rows[: page.size]]
    return JsonAnswer(as_json(found), headers=headers)


@bp.get("/<row_id:load_id>")
@token_required
def get_load(load_id: int) -> ResponseReturnValue:
    """A run of the loader."""
    parameters.read()
    row = loaded.load(load_id)
    found = loaded.shown(row) | {"dialect": row.dialect, "schema": row.schema, "notes": row.notes or []}
    return JsonAnswer(as_json(found))


@bp.get("/<row_id:load_id>/rejects")
@token_required
def list_rejects(load_id: int) -> ResponseReturnValue:
    """What a run of the loader refused, in the file's order, one page at a time; as CSV or NDJSON all at once."""
    loaded.load(load_id)
    mimetype = export.asked_type("rejects")
    given = parameters.read("column", "reason", *(paging.PAGING if mimetype == JSON else ()))
    shape = Shape("etl_rejects", REJECT_COLUMNS, (REJECT_ID,), db.engine.dialect.name, (REJECT_ID,))
    conditions = _conditions(shape, load_id, given)
    name = f"rejects {[(condition.sql, condition.values) for condition in conditions]}"
    listing = Listing(shape, conditions, REJECT_ORDER, name, name)
    with reading() as reader:
        if mimetype != JSON:
            return row_answers.whole(reader, listing, mimetype, f"rejects_of_load_{load_id}.csv")
        page = paging.asked_page(given, largest=row_answers.LARGEST_PAGE)
        return row_answers.page_of(reader, listing, page, given)


def _conditions(shape: Shape, load_id: int, given: dict[str, list[str]]) -> tuple[Condition, ...]:
    """Rejects of a load, perhaps in one column or for one reason; those of whole rows have no column."""
    asked = [compare(shape, Column("load_id", "integer"), "eq", load_id)]
    for name, column in (("column", REJECT_COLUMNS[2]), ("reason", REJECT_COLUMNS[3])):
        text = given.get(name, [None])[0]
        if text is not None and "\0" in text:
            raise parameters.refusal(name, "This holds a NUL character.")
        if text is not None:
            asked.append(is_null(shape, column) if text == "" else compare(shape, column, "eq", text))
    return tuple(asked)
