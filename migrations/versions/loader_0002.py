"""What a load leaves for those who look at its table: its profile, its notes, and whether every user may see it."""

import sqlalchemy as sa
from alembic import op

revision = "loader_0002"
down_revision = "loader_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("etl_loads", sa.Column("shared", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("etl_loads", sa.Column("notes", sa.JSON(), nullable=True))
    op.add_column("etl_loads", sa.Column("profile", sa.JSON(), nullable=True))


def downgrade() -> None:
    for name in ("profile", "notes", "shared"):
        op.drop_column("etl_loads", name)
