"""Accounts that are closed already, while what belonged to them is being removed."""

import sqlalchemy as sa
from alembic import op

revision = "api_0003"
down_revision = "api_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    closed = sa.text("closed_at IS NOT NULL")
    op.create_index("ix_users_closed_at", "users", ["closed_at"], sqlite_where=closed, postgresql_where=closed)


def downgrade() -> None:
    op.drop_index("ix_users_closed_at", table_name="users")
    op.drop_column("users", "closed_at")
