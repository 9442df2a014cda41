"""The tables of both halves, in plain SQLAlchemy; knows neither Flask nor pandas."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

STATUSES = ("pending", "in_progress", "completed")
PRIORITIES = ("low", "normal", "high", "urgent")
# What tasks are sorted by, beside their ids.
SORT_KEYS = ("created_at", "updated_at", "due_at", "priority", "status", "title")

# What a load is doing: `loading` until it is `published`; `failed` says why in `error`; `abandoned` was
# superseded by a later load of the same table before it ended.
LOAD_STATES = ("loading", "published", "failed", "abandoned")

# SQLite numbers rows by INTEGER PRIMARY KEY alone; a BIGINT key would be a second index.
BigId = BigInteger().with_variant(Integer, "sqlite")


def now() -> datetime:
    """This instant in UTC, to the millisecond that the API shows."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. Only aware datetimes go in and only UTC comes out, also on SQLite, which drops time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def username_key(name: str) -> str:
    """A username as it is compared."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    """A CHECK that `column` holds one of `values`."""
    return CheckConstraint(f"{column} IN ({', '.join(repr(value) for value in values)})", name=column)


def partial_index(name: str, *columns: str, where: str) -> Index:
    """An index of the rows that fulfil a condition, on either database."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


class Base(DeclarativeBase):
    """The metadata that Alembic compares with the database. Constraints are named so that they can be changed."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class User(Base):
    """An account. `username_key` is the name as it is compared (NFKC, casefolded); ids are never used again. One that
    is closed is nobody's any more, and stays only until what belonged to it is removed.
    """

    __tablename__ = "users"
    __table_args__ = (
        one_of("role", ("user", "admin")),
        partial_index("ix_users_closed_at", "closed_at", where="closed_at IS NOT NULL"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    username: Mapped[str] = mapped_column(String(80))
    username_key: Mapped[str] = mapped_column(String(320), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(10), default="user", server_default="user")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Task(Base):
    """Something a user has to do. A deleted one stays for a while, so that it can be restored."""

    __tablename__ = "tasks"
    __table_args__ = (
        one_of("status", STATUSES),
        one_of("priority", PRIORITIES),
        CheckConstraint("length(title) BETWEEN 1 AND 200", name="title"),
        Index("ix_tasks_user_id_deleted_at", "user_id", "deleted_at"),
        partial_index("ix_tasks_deleted_at", "deleted_at", where="deleted_at IS NOT NULL"),
        *(
            partial_index(f"ix_tasks_live_{'_'.join(columns)}", "user_id", *columns, where="deleted_at IS NULL")
            # By its id, a tie is in order too.
            for columns in (("id",), *((name, "id") for name in SORT_KEYS))
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id", ondelete="CASCADE"))
    # Sorted by code points on every database.
    title: Mapped[str] = mapped_column(String(200).with_variant(String(200, collation="C"), "postgresql"))
    description: Mapped[str] = mapped_column(Text, default="", server_default="")
    status: Mapped[str] = mapped_column(String(20), default="pending", server_default="pending")
    priority: Mapped[str] = mapped_column(String(10), default="normal", server_default="normal")
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class TaskLabel(Base):
    """A label of a task. `label_key` is the label as it is compared (casefolded); the owner stands here too, so that
    one index finds a user's tasks by label.
    """

    __tablename__ = "task_labels"
    __table_args__ = (
        Index("ix_task_labels_user_id_label_key_task_id", "user_id", "label_key", "task_id"),
        {"sqlite_with_rowid": False},
    )

    task_id: Mapped[int] = mapped_column(BigId, ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(BigId)
    label: Mapped[str] = mapped_column(String(40))
    label_key: Mapped[str] = mapped_column(String(120))


class TaskCount(Base):
    """How many tasks a user has. Triggers keep it; `version` moves whenever a task comes or goes."""

    __tablename__ = "task_counts"

    user_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    live: Mapped[int] = mapped_column(BigInteger)
    deleted: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int] = mapped_column(BigInteger)


class IdempotencyKey(Base):
    """A request that was answered under a key of its sender's, and the answer, to be given again."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index("ix_idempotency_keys_created_at", "created_at"),)

    user_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_digest: Mapped[str] = mapped_column(String(64))
    answer: Mapped[dict | None] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Session(Base):
    """Somebody who is logged in. The row is the session: without it neither its access nor its refresh tokens open
    anything. `turn` counts the refreshes; only the refresh token of the latest turn is good.
    """

    __tablename__ = "sessions"
    __table_args__ = (
        Index("ix_sessions_user_id", "user_id"),
        Index("ix_sessions_expires_at", "expires_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id", ondelete="CASCADE"))
    turn: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RateLimit(Base):
    """How often something was tried since the first try, until `expires_at` (in seconds since 1970)."""

    __tablename__ = "rate_limits"
    __table_args__ = (Index("ix_rate_limits_expires_at", "expires_at"),)

    key: Mapped[str] = mapped_column(String(600), primary_key=True)
    hits: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[float] = mapped_column(Float)


class Load(Base):
    """One run of the loader into one table, kept for good."""

    __tablename__ = "etl_loads"
    __table_args__ = (
        one_of("state", LOAD_STATES),
        Index("ix_etl_loads_table_name_id", "table_name", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    table_name: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    source_bytes: Mapped[int] = mapped_column(BigInteger)
    fingerprint: Mapped[str] = mapped_column(String(64))
    dialect: Mapped[dict] = mapped_column(JSON)
    schema: Mapped[dict] = mapped_column(JSON)
    options: Mapped[dict] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(20), default="loading")
    rows_read: Mapped[int] = mapped_column(BigInteger, default=0)
    rows_loaded: Mapped[int] = mapped_column(BigInteger, default=0)
    rows_rejected: Mapped[int] = mapped_column(BigInteger, default=0)
    cells_blanked: Mapped[int] = mapped_column(BigInteger, default=0)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str | None] = mapped_column(Text)
    shared: Mapped[bool] = mapped_column(default=False, server_default=false())  # every user may read the table
    notes: Mapped[list | None] = mapped_column(JSON)  # sentences, as the summary shows them
    profile: Mapped[dict | None] = mapped_column(JSON)  # of each column, where --report asked for it


class Block(Base):
    """A range of the source whose rows are committed. The line is unique, so no block can count twice."""

    __tablename__ = "etl_blocks"
    __table_args__ = (UniqueConstraint("load_id", "number"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    load_id: Mapped[int] = mapped_column(BigId, ForeignKey("etl_loads.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(BigInteger)
    offset: Mapped[int] = mapped_column(BigInteger)
    length: Mapped[int] = mapped_column(BigInteger)
    checksum: Mapped[int] = mapped_column(BigInteger)
    first_line: Mapped[int] = mapped_column(BigInteger)
    first_row: Mapped[int] = mapped_column(BigInteger)
    rows_read: Mapped[int] = mapped_column(BigInteger)
    rows_loaded: Mapped[int] = mapped_column(BigInteger)
    rows_rejected: Mapped[int] = mapped_column(BigInteger)
    cells_blanked: Mapped[int] = mapped_column(BigInteger)
    facts: Mapped[dict] = mapped_column(JSON, default=dict)
    measured: Mapped[bytes | None]  # the block's part of the profile


class Reject(Base):
    """A row that was not loaded or, where `column_name` says which, a cell that was loaded as NULL."""

    __tablename__ = "etl_rejects"
    __table_args__ = (Index("ix_etl_rejects_load_id_line", "load_id", "line"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    load_id: Mapped[int] = mapped_column(BigId, ForeignKey("etl_loads.id", ondelete="CASCADE"))
    line: Mapped[int] = mapped_column(BigInteger)
    row_number: Mapped[int] = mapped_column(BigInteger)
    column_name: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    raw: Mapped[str] = mapped_column(Text)


# Made by hand in a migration: SQLite's index of the words in tasks, which keeps tables of its own.
SEARCH_TABLES = ("task_unindexed", *(f"task_search{part}" for part in ("", "_data", "_idx", "_docsize", "_config")))
API_TABLES = (
    *("users", "tasks", "task_labels", "task_counts", "idempotency_keys", "sessions", "rate_limits"),
    *SEARCH_TABLES,
)
LOADER_TABLES = ("etl_loads", "etl_blocks", "etl_rejects")

# Of tables of the loader and of the databases, and what loads into tasks are called.
OWN_PREFIXES = ("etl_", "sqlite_", "pg_", "tasks of ")


def belongs_to_the_application(table: str) -> bool:
    """Whether a table of that name is none that a file is loaded into, and none that is shown as one."""
    folded = table.casefold()
    return folded in {*API_TABLES, *LOADER_TABLES, "alembic_version"} or folded.startswith(OWN_PREFIXES)
