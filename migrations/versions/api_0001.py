"""The web half's first tables: users, their tasks, and what keeps tasks counted and searchable."""

import sqlalchemy as sa
from alembic import op

revision = "api_0001"
down_revision = None
branch_labels = ("api",)
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Title = sa.String(length=200).with_variant(sa.String(length=200, collation="C"), "postgresql")

LIVE_INDEXES = (("id",), ("status", "id"), ("priority", "id"), ("due_at",), ("updated_at",), ("title",))


def upgrade() -> None:
    make_users()
    make_tasks()
    make_what_belongs_to_tasks()
    statements = COUNT_ON_SQLITE + SEARCH_ON_SQLITE
    if op.get_bind().dialect.name == "postgresql":
        statements = (*COUNT_ON_POSTGRESQL, *search_on_postgresql(op.get_bind()))
    for statement in statements:
        op.get_bind().exec_driver_sql(statement)


def make_users() -> None:
    op.create_table(
        "users",
        sa.Column("id", BigId, nullable=False),
        sa.Column("username", sa.String(length=80), nullable=False),
        sa.Column("username_key", sa.String(length=320), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("role", sa.String(length=10), server_default="user", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("role IN ('user', 'admin')", name=op.f("ck_users_role")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("username_key", name=op.f("uq_users_username_key")),
        sqlite_autoincrement=True,
    )


def make_tasks() -> None:
    op.create_table(
        "tasks",
        sa.Column("id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("title", Title, nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.String(length=20), server_default="pending", nullable=False),
        sa.Column("priority", sa.String(length=10), server_default="normal", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("priority IN ('low', 'normal', 'high', 'urgent')", name=op.f("ck_tasks_priority")),
        sa.CheckConstraint("status IN ('pending', 'in_progress', 'completed')", name=op.f("ck_tasks_status")),
        sa.CheckConstraint("length(title) BETWEEN 1 AND 200", name=op.f("ck_tasks_title")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_tasks_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tasks_user_id_deleted_at", "tasks", ["user_id", "deleted_at"], unique=False)
    gone, live = sa.text("deleted_at IS NOT NULL"), sa.text("deleted_at IS NULL")
    op.create_index("ix_tasks_deleted_at", "tasks", ["deleted_at"], sqlite_where=gone, postgresql_where=gone)
    for columns in LIVE_INDEXES:
        name = f"ix_tasks_live_{'_'.join(columns)}"
        op.create_index(name, "tasks", ["user_id", *columns], sqlite_where=live, postgresql_where=live)


def make_what_belongs_to_tasks() -> None:
    op.create_table(
        "task_labels",
        sa.Column("task_id", BigId, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("label", sa.String(length=40), nullable=False),
        sa.Column("label_key", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("fk_task_labels_task_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("task_id", "position", name=op.f("pk_task_labels")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_task_labels_user_id_label_key_task_id", "task_labels", ["user_id", "label_key", "task_id"])
    op.create_table(
        "task_counts",
        sa.Column("user_id", BigId, autoincrement=False, nullable=False),
        sa.Column("live", sa.BigInteger(), nullable=False),
        sa.Column("deleted", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_task_counts_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_task_counts")),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("user_id", BigId, autoincrement=False, nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("request_digest", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_idempotency_keys_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"], unique=False)


COUNT_ON_SQLITE = (
    """
    CREATE TRIGGER tasks_counted_in AFTER INSERT ON tasks BEGIN
        INSERT INTO task_counts (user_id, live, deleted, version)
        VALUES (new.user_id, new.deleted_at IS NULL, new.deleted_at IS NOT NULL, 1)
        ON CONFLICT (user_id) DO UPDATE
        SET live = live + excluded.live, deleted = deleted + excluded.deleted, version = version + 1;
    END
    """,
    """
    CREATE TRIGGER tasks_counted_out AFTER DELETE ON tasks BEGIN
        UPDATE task_counts
        SET live = live - (old.deleted_at IS NULL), deleted = deleted - (old.deleted_at IS NOT NULL),
            version = version + 1
        WHERE user_id = old.user_id;
    END
    """,
    """
    CREATE TRIGGER tasks_counted_again AFTER UPDATE OF id, user_id, deleted_at ON tasks BEGIN
        UPDATE task_counts
        SET live = live - (old.deleted_at IS NULL), deleted = deleted - (old.deleted_at IS NOT NULL)
        WHERE user_id = old.user_id;
        INSERT INTO task_counts (user_id, live, deleted, version)
        VALUES (new.user_id, new.deleted_at IS NULL, new.deleted_at IS NOT NULL, 1)
        ON CONFLICT (user_id) DO UPDATE
        SET live = live + excluded.live, deleted = deleted + excluded.deleted, version = version + 1;
    END
    """,
)

# The owner stands in the index as one trigram of Chinese characters, so that a search reads nobody else's tasks.
SEARCH_WORDS = """
    char(19968 + ({row}.user_id >> 26 & 8191), 19968 + ({row}.user_id >> 13 & 8191), 19968 + ({row}.user_id & 8191)),
    replace(replace(replace(replace({row}.title || char(10) || {row}.description,
        'ß', 'ss'), 'ẞ', 'ss'), 'ς', 'σ'), 'İ', 'i̇')
"""
# To write to the index costs much less for a hundred tasks at once. Until then those that have changed are told apart:
# a search reads them themselves. What the index holds of such a task is kept, for it must be told to forget it.
SEARCHED_LATER = f"""
    INSERT INTO task_unindexed (task_id, owner, words) VALUES (old.id, {SEARCH_WORDS.format(row="old")})
    ON CONFLICT DO NOTHING;
"""
SEARCHED_FIRST = "INSERT INTO task_unindexed (task_id) VALUES (new.id) ON CONFLICT DO NOTHING;"
SEARCH_ON_SQLITE = (
    "CREATE VIRTUAL TABLE task_search USING fts5 (owner, words, content = '', tokenize = 'trigram')",
    """
    CREATE TABLE task_unindexed (
        place INTEGER PRIMARY KEY, task_id INTEGER NOT NULL UNIQUE, owner TEXT, words TEXT
    )
    """,
    f"CREATE TRIGGER tasks_searched_in AFTER INSERT ON tasks BEGIN {SEARCHED_FIRST} END",
    f"CREATE TRIGGER tasks_searched_out AFTER DELETE ON tasks BEGIN {SEARCHED_LATER} END",
    f"""
    CREATE TRIGGER tasks_searched_again AFTER UPDATE OF id, user_id, title, description ON tasks
    WHEN (old.id, old.user_id, old.title, old.description) <> (new.id, new.user_id, new.title, new.description)
    BEGIN {SEARCHED_LATER} {SEARCHED_FIRST} END
    """,
    f"""
    CREATE TRIGGER tasks_indexed AFTER INSERT ON task_unindexed WHEN new.place >= 100 BEGIN
        INSERT INTO task_search (task_search, rowid, owner, words)
        SELECT 'delete', task_id, owner, words FROM task_unindexed WHERE words IS NOT NULL;
        INSERT INTO task_search (rowid, owner, words)
        SELECT id, {SEARCH_WORDS.format(row="tasks")} FROM tasks WHERE id IN (SELECT task_id FROM task_unindexed);
        DELETE FROM task_unindexed;
    END
    """,
)

COUNT_ADDED = """
    INSERT INTO task_counts AS kept (user_id, live, deleted, version)
    SELECT user_id, coalesce(sum(number) FILTER (WHERE live), 0), coalesce(sum(number) FILTER (WHERE NOT live), 0), 1
    FROM ({rows}) AS changed GROUP BY user_id ORDER BY user_id
    ON CONFLICT (user_id) DO UPDATE
    SET live = kept.live + excluded.live, deleted = kept.deleted + excluded.deleted, version = kept.version + 1;
"""
ADDED = "SELECT id, user_id, deleted_at IS NULL AS live FROM added"
REMOVED = "SELECT id, user_id, deleted_at IS NULL AS live FROM removed"
COME = f"SELECT user_id, live, 1 AS number FROM ({ADDED}) AS added"
CHANGED = f"""
    SELECT user_id, live, 1 AS number FROM ({ADDED} EXCEPT {REMOVED}) AS come
    UNION ALL SELECT user_id, live, -1 FROM ({REMOVED} EXCEPT {ADDED}) AS gone
"""
# One statement, one count: a million tasks that go at once touch their owner's count only once.
COUNT_ON_POSTGRESQL = (
    f"""
    CREATE FUNCTION count_tasks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF TG_OP = 'INSERT' THEN
            {COUNT_ADDED.format(rows=COME)}
        ELSIF TG_OP = 'UPDATE' THEN
            {COUNT_ADDED.format(rows=CHANGED)}
        ELSIF TG_OP = 'DELETE' THEN
            UPDATE task_counts
            SET live = task_counts.live - gone.live, deleted = task_counts.deleted - gone.deleted,
                version = version + 1
            FROM (
                SELECT user_id, count(*) FILTER (WHERE deleted_at IS NULL) AS live,
                    count(*) FILTER (WHERE deleted_at IS NOT NULL) AS deleted
                FROM removed GROUP BY user_id
            ) AS gone
            WHERE task_counts.user_id = gone.user_id;
        ELSE
            UPDATE task_counts SET live = 0, deleted = 0, version = version + 1;
        END IF;
        RETURN NULL;
    END $$
    """,
    "CREATE TRIGGER tasks_counted_in AFTER INSERT ON tasks REFERENCING NEW TABLE AS added"
    " FOR EACH STATEMENT EXECUTE FUNCTION count_tasks()",
    "CREATE TRIGGER tasks_counted_out AFTER DELETE ON tasks REFERENCING OLD TABLE AS removed"
    " FOR EACH STATEMENT EXECUTE FUNCTION count_tasks()",
    "CREATE TRIGGER tasks_counted_again AFTER UPDATE ON tasks REFERENCING OLD TABLE AS removed NEW TABLE AS added"
    " FOR EACH STATEMENT EXECUTE FUNCTION count_tasks()",
    "CREATE TRIGGER tasks_counted_none AFTER TRUNCATE ON tasks FOR EACH STATEMENT EXECUTE FUNCTION count_tasks()",
)


def search_on_postgresql(connection) -> tuple[str, ...]:
    """What a search compares, and an index of it where the server has the extension and lets us use it."""
    # A database made under the C locale knows the cases of ASCII letters alone; ICU knows all.
    icu = connection.exec_driver_sql("SELECT 1 FROM pg_collation WHERE collname = 'und-x-icu'").scalar()
    function = f"""
    CREATE FUNCTION searchable(written text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
        replace(replace(lower(written{' COLLATE "und-x-icu"' if icu else ""}), 'ß', 'ss'), 'ς', 'σ')
    """
    index = """
    CREATE INDEX ix_tasks_search ON tasks USING gin (searchable(title || chr(10) || description) gin_trgm_ops)
    """
    return (function, index) if have_trigrams(connection) else (function,)


def have_trigrams(connection) -> bool:
    try:
        with connection.begin_nested():
            connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except sa.exc.DBAPIError:
        return False
    return True


def downgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    for table in ("idempotency_keys", "task_counts", "task_labels", "tasks", "users"):
        op.drop_table(table)
    functions = ("FUNCTION count_tasks", "FUNCTION searchable")
    for what in functions if postgresql else ("TABLE task_search", "TABLE task_unindexed"):
        op.get_bind().exec_driver_sql(f"DROP {what}")
