"""The tasks of an account by due date, those that are alike by id: else they are sorted for every page."""

from alembic import op
from sqlalchemy import text

revision = "api_0005"
down_revision = "api_0004"
branch_labels = None
depends_on = None

LIVE = text("deleted_at IS NULL")


def upgrade() -> None:
    make("due_at", "id")
    op.drop_index("ix_tasks_live_due_at", table_name="tasks", if_exists=True)


def downgrade() -> None:
    make("due_at")
    op.drop_index("ix_tasks_live_due_at_id", table_name="tasks")


def make(*columns: str) -> None:
    name = f"ix_tasks_live_{'_'.join(columns)}"
    # An earlier api_0004 did all of this at once; where that has run, nothing is left to do.
    where = {"sqlite_where": LIVE, "postgresql_where": LIVE}
    op.create_index(name, "tasks", ["user_id", *columns], if_not_exists=True, **where)
