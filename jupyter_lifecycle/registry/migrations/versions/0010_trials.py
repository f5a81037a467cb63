"""Layers and experiments as documents with one revision, and who saw which arm."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
TIME = sa.BigInteger()


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "documents",
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("secret", TEXT, nullable=False),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("kind", "name"),
    )
    op.create_table(
        "exposures",
        sa.Column("seq", KEY, nullable=False),
        sa.Column("experiment", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("place", TIME, nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sqlite_autoincrement=True,
    )
    key = ["experiment", "source", "place"]
    op.create_index("exposures_by_key", "exposures", key, unique=True)
    op.create_index("exposures_by_number", "exposures", ["experiment", "seq"], unique=False)
