"""Indexes that have the tasks of an account in every order, ties too: else all are sorted for a page of them."""

from alembic import op
from sqlalchemy import text

revision = "api_0004"
down_revision = "api_0003"
branch_labels = None
depends_on = None

LIVE = text("deleted_at IS NULL")
FORMERLY_WITHOUT_ID = ("due_at", "updated_at", "title")


def upgrade() -> None:
    for column in ("created_at", *FORMERLY_WITHOUT_ID):
        make(column, "id")
    for column in FORMERLY_WITHOUT_ID:
        op.drop_index(f"ix_tasks_live_{column}", table_name="tasks")


def downgrade() -> None:
    for column in FORMERLY_WITHOUT_ID:
        make(column)
    for column in ("created_at", *FORMERLY_WITHOUT_ID):
        op.drop_index(f"ix_tasks_live_{column}_id", table_name="tasks")


def make(*columns: str) -> None:
    name = f"ix_tasks_live_{'_'.join(columns)}"
    op.create_index(name, "tasks", ["user_id", *columns], sqlite_where=LIVE, postgresql_where=LIVE)
