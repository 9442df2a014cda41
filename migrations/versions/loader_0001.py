"""The loader's own tables: loads, the blocks they have committed, and what they refused."""

import sqlalchemy as sa
from alembic import op

revision = "loader_0001"
down_revision = None
branch_labels = ("loader",)
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "etl_loads",
        sa.Column("id", BigId, nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_bytes", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("dialect", sa.JSON(), nullable=False),
        sa.Column("schema", sa.JSON(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("rows_read", sa.BigInteger(), nullable=False),
        sa.Column("rows_loaded", sa.BigInteger(), nullable=False),
        sa.Column("rows_rejected", sa.BigInteger(), nullable=False),
        sa.Column("cells_blanked", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('loading', 'published', 'failed', 'abandoned')", name=op.f("ck_etl_loads_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_etl_loads")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_etl_loads_table_name_id", "etl_loads", ["table_name", "id"], unique=False)
    op.create_table(
        "etl_blocks",
        sa.Column("id", BigId, nullable=False),
        sa.Column("load_id", BigId, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("checksum", sa.BigInteger(), nullable=False),
        sa.Column("first_line", sa.BigInteger(), nullable=False),
        sa.Column("first_row", sa.BigInteger(), nullable=False),
        sa.Column("rows_read", sa.BigInteger(), nullable=False),
        sa.Column("rows_loaded", sa.BigInteger(), nullable=False),
        sa.Column("rows_rejected", sa.BigInteger(), nullable=False),
        sa.Column("cells_blanked", sa.BigInteger(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["load_id"], ["etl_loads.id"], name=op.f("fk_etl_blocks_load_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_etl_blocks")),
        sa.UniqueConstraint("load_id", "number", name=op.f("uq_etl_blocks_load_id_number")),
    )
    op.create_table(
        "etl_rejects",
        sa.Column("id", BigId, nullable=False),
        sa.Column("load_id", BigId, nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("row_number", sa.BigInteger(), nullable=False),
        sa.Column("column_name", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["load_id"], ["etl_loads.id"], name=op.f("fk_etl_rejects_load_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_etl_rejects")),
    )
    op.create_index("ix_etl_rejects_load_id_line", "etl_rejects", ["load_id", "line"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_etl_rejects_load_id_line", table_name="etl_rejects")
    op.drop_table("etl_rejects")
    op.drop_table("etl_blocks")
    op.drop_index("ix_etl_loads_table_name_id", table_name="etl_loads")
    op.drop_table("etl_loads")
