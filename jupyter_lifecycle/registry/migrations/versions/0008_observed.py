"""What services saw: windows, skew, outcomes and reactions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import Double

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
TIME = sa.BigInteger()


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "windows",
        sa.Column("seq", KEY, nullable=False),
        sa.Column("endpoint", TEXT, nullable=False),
        sa.Column("start", TIME, nullable=False),
        sa.Column("envelope", TEXT, nullable=False),
        sa.Column("side", TEXT, nullable=False),
        sa.Column("run", TEXT, nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("flush", TIME, nullable=False),
        sa.Column("rows", TIME, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    key = ["endpoint", "start", "envelope", "side", "run"]
    op.create_index("windows_by_key", "windows", key, unique=True)
    op.create_table(
        "skews",
        sa.Column("envelope", KEY, nullable=False),
        sa.Column("endpoint", TEXT, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("max", Double()),
        sa.Column("moved", TEXT),
        sa.Column("columns", sa.Integer(), nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("envelope", "endpoint"),
        sa.ForeignKeyConstraint(["envelope"], ["envelopes.seq"]),
    )
    op.create_table(
        "outcomes",
        sa.Column("endpoint", TEXT, nullable=False),
        sa.Column("request", TEXT, nullable=False),
        sa.Column("row", TIME, nullable=False),
        sa.Column("envelope", TEXT, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("logged_at", TIME, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("endpoint", "request", "row"),
    )
    op.create_index("outcomes_by_time", "outcomes", ["endpoint", "at"], unique=False)
    op.create_table(
        "reactions",
        sa.Column("endpoint", TEXT, nullable=False),
        sa.Column("envelope", TEXT, nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("fact", TEXT, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("endpoint", "envelope", "action"),
    )
