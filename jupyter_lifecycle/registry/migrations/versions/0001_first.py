"""Envelopes, tags and metrics with their history, rules, endpoints, deployments, events, tokens."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "deployments",
        sa.Column("seq", KEY, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("endpoint", TEXT, nullable=False),
        sa.Column("envelope", TEXT, nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("steps", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("log", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("id"),
    )
    op.create_index("deployments_by_endpoint", "deployments", ["endpoint", "seq"], unique=False)
    op.create_table(
        "endpoints",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("target", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=True),
        sa.Column("address", TEXT, nullable=True),
        sa.Column("serving", TEXT, nullable=True),
        sa.Column("serving_since", sa.BigInteger(), nullable=True),
        sa.Column("failure", TEXT, nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "environments",
        sa.Column("key", KEY, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
        sa.UniqueConstraint("digest"),
    )
    op.create_table(
        "events",
        sa.Column("seq", KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("payload", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "leases",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("holder", TEXT, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "rules",
        sa.Column("endpoint", TEXT, nullable=False),
        sa.Column("when", TEXT, nullable=False),
        sa.Column("order_by", TEXT, nullable=False),
        sa.Column("target", TEXT, nullable=False),
        sa.Column("on_none", TEXT, nullable=False),
        sa.Column("options", TEXT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("endpoint"),
    )
    op.create_table(
        "schemas",
        sa.Column("key", KEY, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("output_type", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("key"),
        sa.UniqueConstraint("digest"),
    )
    op.create_table(
        "tokens",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("scopes", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_table(
        "wants",
        sa.Column("endpoint", TEXT, nullable=False),
        sa.Column("target", TEXT, nullable=False),
        sa.Column("envelope", TEXT, nullable=True),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("because", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("endpoint"),
    )
    op.create_table(
        "envelopes",
        sa.Column("seq", KEY, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("name_folded", TEXT, nullable=True),
        sa.Column("author", TEXT, nullable=True),
        sa.Column("author_folded", TEXT, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("python", TEXT, nullable=True),
        sa.Column("schema", KEY, nullable=False),
        sa.Column("environment", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["environment"],
            ["environments.key"],
        ),
        sa.ForeignKeyConstraint(
            ["schema"],
            ["schemas.key"],
        ),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "envelopes_by_author", "envelopes", ["author", "created_at", "seq"], unique=False
    )
    op.create_index("envelopes_by_environment", "envelopes", ["environment"], unique=False)
    op.create_index("envelopes_by_name", "envelopes", ["name", "created_at", "seq"], unique=False)
    op.create_index("envelopes_by_schema", "envelopes", ["schema"], unique=False)
    op.create_index("envelopes_by_time", "envelopes", ["created_at", "seq"], unique=False)
    op.create_table(
        "environment_packages",
        sa.Column("environment", KEY, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("version", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["environment"],
            ["environments.key"],
        ),
        sa.PrimaryKeyConstraint("environment", "name"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "environment_packages_by_name",
        "environment_packages",
        ["name", "version", "environment"],
        unique=False,
    )
    op.create_table(
        "schema_fields",
        sa.Column("schema", KEY, nullable=False),
        sa.Column("side", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["schema"],
            ["schemas.key"],
        ),
        sa.PrimaryKeyConstraint("schema", "side", "name"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "schema_fields_by_name", "schema_fields", ["side", "name", "type", "schema"], unique=False
    )
    op.create_table(
        "envelope_files",
        sa.Column("envelope", KEY, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["envelope"],
            ["envelopes.seq"],
        ),
        sa.PrimaryKeyConstraint("envelope", "digest"),
        sqlite_with_rowid=False,
    )
    op.create_index("envelope_files_by_digest", "envelope_files", ["digest"], unique=False)
    op.create_table(
        "manifests",
        sa.Column("envelope", KEY, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["envelope"],
            ["envelopes.seq"],
        ),
        sa.PrimaryKeyConstraint("envelope"),
    )
    op.create_table(
        "metric_points",
        sa.Column("seq", KEY, nullable=False),
        sa.Column("envelope", KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["envelope"],
            ["envelopes.seq"],
        ),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index(
        "metric_points_by_envelope", "metric_points", ["envelope", "key", "seq"], unique=False
    )
    op.create_table(
        "metrics",
        sa.Column("envelope", KEY, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("latest", sa.Double(), nullable=False),
        sa.Column("first", sa.Double(), nullable=False),
        sa.Column("min", sa.Double(), nullable=False),
        sa.Column("max", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["envelope"],
            ["envelopes.seq"],
        ),
        sa.PrimaryKeyConstraint("envelope", "key"),
        sqlite_with_rowid=False,
    )
    op.create_index("metrics_by_value", "metrics", ["key", "latest", "envelope"], unique=False)
    op.create_table(
        "tag_changes",
        sa.Column("seq", KEY, nullable=False),
        sa.Column("envelope", KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("before", TEXT, nullable=True),
        sa.Column("after", TEXT, nullable=True),
        sa.ForeignKeyConstraint(
            ["envelope"],
            ["envelopes.seq"],
        ),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("tag_changes_by_envelope", "tag_changes", ["envelope", "seq"], unique=False)
    op.create_table(
        "tags",
        sa.Column("envelope", KEY, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.Column("value_folded", TEXT, nullable=True),
        sa.ForeignKeyConstraint(
            ["envelope"],
            ["envelopes.seq"],
        ),
        sa.PrimaryKeyConstraint("envelope", "key"),
        sqlite_with_rowid=False,
    )
    op.create_index("tags_by_value", "tags", ["key", "value", "envelope"], unique=False)
