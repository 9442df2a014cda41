"""A block's part of its load's profile, kept with its line until the load has ended."""

import sqlalchemy as sa
from alembic import op

revision = "loader_0003"
down_revision = "loader_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("etl_blocks", sa.Column("measured", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("etl_blocks", "measured")
