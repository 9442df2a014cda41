"""Loaded tables, read only: which there are, what is known of each, and its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response
from sqlalchemy import inspect
from werkzeug.exceptions import NotFound

from web import export, loaded, paging, parameters, postgresql, row_answers, row_filters, row_lists, row_orders
from web.extensions import db
from web.json_answer import JSON, JsonAnswer
from web.loaded import Dataset
from web.reader import Reader, reading
from web.row_lists import Listing
from web.sessions import token_required
from web.shapes import Shape, as_json, shape_of
from web.times import show_instant

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.typing import ResponseReturnValue

bp = Blueprint("datasets", __name__, url_prefix="/datasets")


@bp.get("")
@token_required
def list_datasets() -> ResponseReturnValue:
    """The loaded tables that the caller may see, by name, one page at a time."""
    given = parameters.read("page", "per_page")
    page = paging.asked_page({"page": ["1"], **given})
    with db.engine.connect() as connection:
        there = set(inspect(connection).get_table_names())
    names = [name for name in loaded.visible_names() if name in there]
    wanted = names[page.offset : page.offset + page.size]
    with reading() as reader:
        both = (known(reader, name) for name in wanted)
        found = [summary(reader, dataset, shape) for dataset, shape in both if shape]
    return JsonAnswer(as_json(found), headers=paging.headers(page, len(names), None, given))


@bp.get("/<path:name>")
@token_required
def get_dataset(name: str) -> ResponseReturnValue:
    """All that is known of a loaded table but its rows."""
    parameters.read()
    with reading() as reader:
        dataset, shape = there(reader, name)
        found = summary(reader, dataset, shape)
    with db.engine.connect() as connection:
        indexes = inspect(connection).get_indexes(name)
    return JsonAnswer(as_json(found | details(dataset, shape, indexes)))


@bp.get("/<path:name>/rows")
@token_required
def list_rows(name: str) -> ResponseReturnValue:
    """The rows of a loaded table, by its key, one page at a time; as CSV or NDJSON all of them at once."""
    return as_it_is_now(lambda reader: _rows(reader, *there(reader, name)))


def _rows(reader: Reader, dataset: Dataset, shape: Shape) -> Response:
    mimetype = export.asked_type("rows")
    others = ("sort", *paging.PAGING) if mimetype == JSON else ("sort",)
    given, conditions = row_filters.asked(shape, *others)
    order = row_orders.asked_order(shape, given)
    question = f"{dataset.name} {row_filters.question(given)}"
    kinds = [(key.column.name, key.column.kind, key.down) for key in order]
    total = None if conditions else dataset.known_rows
    counted = f"{dataset.name} {dataset.load.id} {[(c.sql, c.values) for c in conditions]}"
    listing = Listing(shape, tuple(conditions), order, f"{question} {kinds}", counted, total)
    if mimetype != JSON:
        return row_answers.whole(reader, listing, mimetype, f"{dataset.name}.csv")
    page = paging.asked_page(given, largest=row_answers.LARGEST_PAGE)
    return row_answers.page_of(reader, listing, page, given)


@bp.get("/<path:name>/profile")
@token_required
def get_profile(name: str) -> ResponseReturnValue:
    """The profile of a loaded table: what its columns hold, as the loader measured it."""
    parameters.read()
    with reading() as reader:
        dataset, _ = there(reader, name)
    profile = loaded.profile(dataset.load.id)
    if profile is None:
        raise NotFound(f"{name} has no profile; the loader makes one with --report FILE.html.")
    return JsonAnswer(as_json(profile))


def known(reader: Reader, name: str) -> tuple[Dataset, Shape | None]:
    """A dataset that the caller may see, and its table, if that is still there."""
    dataset = loaded.dataset(reader, name)
    return dataset, shape_of(reader, name, dataset.kinds)


def there(reader: Reader, name: str) -> tuple[Dataset, Shape]:
    """A dataset that the caller may see, and its table. What was dropped is not found."""
    dataset, shape = known(reader, name)
    if shape is None:
        raise loaded.no_dataset(name)
    return dataset, shape


def as_it_is_now(answer: Callable[[Reader], Response]) -> Response:
    """The answer; given once more where PostgreSQL saw a load replace the table in between."""
    try:
        with reading() as reader:
            return answer(reader)
    except postgresql.ProgrammingError:
        with reading() as reader:
            return answer(reader)


def summary(reader: Reader, dataset: Dataset, shape: Shape) -> dict[str, Any]:
    """A dataset as it is answered in a list."""
    load = dataset.load
    everything = Listing(shape, (), (), "", f"{dataset.name} {load.id} []", dataset.known_rows)
    return {
        "name": dataset.name,
        "rows": row_lists.total_of(reader, everything),
        "columns": len(shape.columns),
        "source": loaded.file_name(load.source),
        "loaded_at": show_instant(load.finished_at),
        "rejected": load.rows_rejected,
        "shared": load.shared,
        "load": load.id,
    }


def details(dataset: Dataset, shape: Shape, indexes: Any) -> dict[str, Any]:
    """What is told of one dataset alone."""
    load = dataset.load
    fields = [dataset.fields[column.name] for column in shape.columns if column.name in dataset.fields]
    return {
        "schema": load.schema | {"fields": fields, "primaryKey": [column.name for column in shape.key]},
        "account": {
            "rows_read": load.rows_read,
            "rows_loaded": load.rows_loaded,
            "rows_rejected": load.rows_rejected,
            "cells_blanked": load.cells_blanked,
            "seconds": round((load.finished_at - load.started_at).total_seconds(), 3),
        },
        "dialect": load.dialect,
        "decisions": [_decision(said) for said in fields],
        "notes": load.notes or [],
        "indexes": [index["column_names"] for index in indexes if None not in index["column_names"]],
        "profile": loaded.has_profile(load.id),
    }


def _decision(said: dict[str, Any]) -> dict[str, Any]:
    return {
        "column": said["name"],
        "original": said.get("title", said["name"]),
        "type": loaded.kind_of(said),
        "reason": said.get("reason", ""),
    }
