"""What each route of datasets and loads takes and answers, where its rule and its docstring don't say it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from web import answers
from web.answers import Id, Instant
from web.descriptions import Answer, Description
from web.export import CSV, NDJSON
from web.json_answer import JSON
from web.paging import DEFAULT_SIZE, LARGEST_SIZE
from web.row_answers import LARGEST_PAGE
from web.row_filters import OPERATORS
from web.task_descriptions import COUNT, LINK, query

Count = Annotated[int, Field(ge=0)]
Anything = dict[str, Any]


class Dataset(answers.Answer):
    """A loaded table. `rows` is null where to count them takes too long."""

    name: str
    rows: Count | None
    columns: Count
    source: Annotated[str, Field(examples=["flights.csv"])]
    loaded_at: Instant
    rejected: Count
    shared: bool
    load: Id


class LoadAccount(answers.Answer):
    """What became of the rows of a load: those read are those loaded and those rejected."""

    rows_read: Count
    rows_loaded: Count
    rows_rejected: Count
    cells_blanked: Count
    seconds: Annotated[float, Field(ge=0)]


class Decision(answers.Answer):
    """The type that a column was given, and why."""

    column: str
    original: str
    type: str
    reason: str


class DatasetDetails(Dataset):
    """A loaded table, with all that is known of it. `schema` is a Frictionless Table Schema."""

    table_schema: Annotated[Anything, Field(alias="schema")]
    account: LoadAccount
    dialect: Anything
    decisions: list[Decision]
    notes: list[str]
    indexes: list[list[str]]
    profile: bool


class Load(answers.Answer):
    """A run of the loader."""

    id: Id
    table: str
    source: str
    source_bytes: Count
    state: str
    rows_read: Count
    rows_loaded: Count
    rows_rejected: Count
    cells_blanked: Count
    started_at: Instant
    finished_at: Instant | None
    error: str | None
    shared: bool


class LoadDetails(Load):
    """A run of the loader, with how it read its file."""

    dialect: Anything
    table_schema: Annotated[Anything, Field(alias="schema")]
    notes: list[str]


class Reject(answers.Answer):
    """A row that was not loaded or, where `column` says which, a cell that was loaded as NULL."""

    line: int
    row_number: int
    column: str | None
    reason: str
    raw: str


def list_of(model: type[answers.Answer], description: str, *, streamed: bool = False) -> Answer:
    """A page of a list; streamed: it can be had as CSV and NDJSON, too."""
    return Answer(
        description, model=model, headers={"X-Total-Count": COUNT, "Link": LINK}, many=True, streamed=streamed
    )


def paging(largest: int, *, cursor: bool) -> tuple[dict[str, Any], ...]:
    """The parameters that say which part of a list is wanted."""
    size = {"type": "integer", "minimum": 1, "maximum": largest, "default": DEFAULT_SIZE}
    parameters = (
        query("page", {"type": "integer", "minimum": 1, "default": 1}, "Which page."),
        query("per_page", size, "How many a page has."),
    )
    return (*parameters, query("cursor", {"type": "string"}, GOES_ON)) if cursor else parameters


GOES_ON = 'Where to go on, as Link with rel="next" says; it costs the same at any depth. Not together with page.'
FILTERS = query(
    "filters",
    {"type": "object", "additionalProperties": {"type": "string"}},
    "Only rows whose columns hold these values: `carrier=UA`, or behind a dot one of the operators "
    f"{', '.join(OPERATORS)}: `distance.gte=1000`, `tailnum.is=null` or `notnull`, `dest.in=ORD,LAX`, "
    "`name.contains=air` (without regard to case). Values are written as they are answered. A column that is called "
    "like another parameter is asked for as `page.eq`.",
    style="form",
    explode=True,
    example={"carrier": "UA", "distance.gte": "1000"},
)
SORT = query(
    "sort",
    {"type": "string"},
    "Columns to sort by, separated by commas; - in front means downwards. NULLs come last; ties go by the key.",
    example="-dep_delay,carrier",
)
REJECT_FILTERS = (
    query("column", {"type": "string", "pattern": r"^[^\u0000]*$"}, "Only of this column; empty: only whole rows."),
    query("reason", {"type": "string", "minLength": 1, "pattern": r"^[^\u0000]*$"}, "Only for this reason."),
)
ROWS = Answer(
    "The rows. Whole numbers beyond 2^53 and decimals are strings, so that no digit is lost; moments are ISO 8601. "
    "Without X-Total-Count, to count them takes too long. In CSV, text that a spreadsheet would take for a formula "
    "has an apostrophe in front.",
    media={
        JSON: {"schema": {"type": "array", "items": {"type": "object"}}},
        CSV: {"schema": {"type": "string"}},
        NDJSON: {"schema": {"type": "string"}},
    },
    headers={"X-Total-Count": COUNT, "Link": LINK},
)

DATASETS = {
    "GET /datasets": Description(
        "data", {200: list_of(Dataset, "The datasets.")}, parameters=paging(LARGEST_SIZE, cursor=False)
    ),
    "GET /datasets/{name}": Description("data", {200: Answer("The dataset.", DatasetDetails)}),
    "GET /datasets/{name}/rows": Description(
        "data", {200: ROWS}, parameters=(FILTERS, SORT, *paging(LARGEST_PAGE, cursor=True)), refusals=(406,)
    ),
    "GET /datasets/{name}/profile": Description(
        "data", {200: Answer("The profile.", media={JSON: {"schema": {"type": "object"}}})}
    ),
    "GET /loads": Description("data", {200: list_of(Load, "The loads.")}, parameters=paging(LARGEST_SIZE, cursor=True)),
    "GET /loads/{load_id}": Description("data", {200: Answer("The load.", LoadDetails)}),
    "GET /loads/{load_id}/rejects": Description(
        "data",
        {200: list_of(Reject, "The rejects.", streamed=True)},
        parameters=(*REJECT_FILTERS, *paging(LARGEST_PAGE, cursor=True)),
        refusals=(406,),
    ),
}
