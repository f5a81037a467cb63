"""What a token is limited to: names, and requests a second."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the columns."""
    op.add_column("tokens", sa.Column("only", TEXT, nullable=True))
    op.add_column("tokens", sa.Column("rate", sa.Double(), nullable=True))
