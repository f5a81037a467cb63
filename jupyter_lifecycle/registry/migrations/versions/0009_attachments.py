"""What is added to an envelope: figures, tables, files, signatures."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "attachments",
        sa.Column("seq", KEY, nullable=False),
        sa.Column("envelope", KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("media_type", TEXT, nullable=False),
        sa.Column("sha256", TEXT, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["envelope"], ["envelopes.seq"]),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("attachments_by_name", "attachments", ["envelope", "name"], unique=True)
    op.create_index("attachments_by_digest", "attachments", ["sha256"], unique=False)
