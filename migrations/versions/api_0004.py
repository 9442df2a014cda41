"""The tasks of an account by when they were made, those that are alike by id: else all are sorted for every page."""

from alembic import op
from sqlalchemy import text

revision = "api_0004"
down_revision = "api_0003"
branch_labels = None
depends_on = None

NAME = "ix_tasks_live_created_at_id"
LIVE = text("deleted_at IS NULL")


def upgrade() -> None:
    op.create_index(NAME, "tasks", ["user_id", "created_at", "id"], sqlite_where=LIVE, postgresql_where=LIVE)


def downgrade() -> None:
    op.drop_index(NAME, table_name="tasks")
