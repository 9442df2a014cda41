"""What the user asked for, checked; and the parts of it that a load must have in common with the one it resumes."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

ENGINES = ("local", "dask")
IF_EXISTS = ("fail", "replace", "append", "upsert")

# These change what is reported, how fast and for whom, not what is loaded.
WITHOUT_EFFECT = (
    "source", "database", "restart", "rejects", "chunk_size", "workers", "scheduler", "share", "indexes", "report",
)  # fmt: skip


@dataclass(frozen=True)
class Options:
    """One load's options; None and () mean that the loader finds out.

    max_rejects: as given, "100" or "2%". types: column -> type. fills: column -> text.
    """

    source: str
    database: str | None = None
    table: str | None = None
    if_exists: str | None = None
    primary_key: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    fills: tuple[tuple[str, str], ...] = ()
    fill_missing: bool = False
    types: tuple[tuple[str, str], ...] = ()
    schema: str | None = None
    text: bool = False
    delimiter: str | None = None
    quote: str | None = None
    encoding: str | None = None
    header: str = "auto"
    day_first: bool | None = None
    nulls: tuple[str, ...] = ()
    chunk_size: int = 100_000
    workers: int | None = None
    engine: str = "local"
    scheduler: str | None = None
    max_rejects: str | None = None
    strict: bool = False
    rejects: str | None = None
    report: str | None = None
    restart: bool = False
    share: bool = False
    indexes: tuple[str, ...] = ()
    tasks_of: str | None = None
    described: dict[str, Any] | None = field(default=None, compare=False)  # the Table Schema that --schema names

    def that_matter(self) -> dict[str, Any]:
        """The options that decide what is loaded, as JSON values; only those that were given, so that an option which
        is new to the loader keeps no load from going on.
        """
        told = {option.name: getattr(self, option.name) for option in fields(self) if option.name not in WITHOUT_EFFECT}
        return {name: value for name, value in told.items() if value != getattr(Options, name, None)}

    def too_many(self, rejected: int, read: int) -> bool:
        """Whether --max-rejects is passed. A percentage counts once the file is read, or a thousand rows are."""
        if self.max_rejects is None:
            return False
        if self.max_rejects.endswith("%"):
            return rejected * 100 > float(self.max_rejects[:-1]) * read
        return rejected > int(self.max_rejects)
