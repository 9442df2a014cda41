"""The tasks of an account by title, those that are alike by id: else they are sorted for every page."""

from alembic import op
from sqlalchemy import text

revision = "api_0007"
down_revision = "api_0006"
branch_labels = None
depends_on = None

LIVE = text("deleted_at IS NULL")


def upgrade() -> None:
    make("title", "id")
    op.drop_index("ix_tasks_live_title", table_name="tasks", if_exists=True)


def downgrade() -> None:
    make("title")
    op.drop_index("ix_tasks_live_title_id", table_name="tasks")


def make(*columns: str) -> None:
    name = f"ix_tasks_live_{'_'.join(columns)}"
    # An earlier api_0004 did all of this at once; where that has run, nothing is left to do.
    where = {"sqlite_where": LIVE, "postgresql_where": LIVE}
    op.create_index(name, "tasks", ["user_id", *columns], if_not_exists=True, **where)
