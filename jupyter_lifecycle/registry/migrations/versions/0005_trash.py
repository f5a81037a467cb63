"""The trash: envelopes that were deleted, and the files that they refer to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "trash",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_by", TEXT, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("trash_by_time", "trash", ["deleted_at"], unique=False)
    op.create_table(
        "trash_files",
        sa.Column("envelope", TEXT, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["envelope"], ["trash.id"]),
        sa.PrimaryKeyConstraint("envelope", "digest"),
        sqlite_with_rowid=False,
    )
    op.create_index("trash_files_by_digest", "trash_files", ["digest"], unique=False)
