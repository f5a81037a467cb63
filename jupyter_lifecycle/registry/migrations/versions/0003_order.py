"""Versions that compare, features behind an envelope, metrics by step, attempts by envelope."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from jupyter_lifecycle.registry.versions import version_order

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    """Add columns and tables, and give every stored version its order."""
    _order_packages()
    _describe_lineage()
    op.add_column("envelopes", sa.Column("python_order", TEXT, nullable=True))
    op.add_column("envelopes", sa.Column("lineage", KEY, nullable=True))
    op.create_index("envelopes_by_lineage", "envelopes", ["lineage"], unique=False)
    _order_pythons()
    op.create_index(
        "metric_points_by_step",
        "metric_points",
        ["key", "step", "envelope", "seq"],
        unique=False,
        sqlite_where=sa.text("step IS NOT NULL"),
        postgresql_where=sa.text("step IS NOT NULL"),
    )
    op.create_index(
        "deployments_by_envelope", "deployments", ["envelope", "endpoint", "seq"], unique=False
    )


def _order_packages() -> None:
    # The environments are shared by the envelopes: there are few, so they are read into memory.
    bind = op.get_bind()
    found = sa.text("SELECT environment, name, version FROM environment_packages")
    rows = [
        {**row._mapping, "version_order": version_order(row.version)}  # noqa: SLF001 - SQLAlchemy's
        for row in bind.execute(found)
    ]
    op.drop_index("environment_packages_by_name", "environment_packages")
    op.drop_table("environment_packages")
    table = op.create_table(
        "environment_packages",
        sa.Column("environment", KEY, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("version", TEXT, nullable=False),
        sa.Column("version_order", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["environment"], ["environments.key"]),
        sa.PrimaryKeyConstraint("environment", "name"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "environment_packages_by_name",
        "environment_packages",
        ["name", "version_order", "environment"],
        unique=False,
    )
    if rows:
        op.bulk_insert(table, rows)


def _describe_lineage() -> None:
    op.create_table(
        "lineages",
        sa.Column("key", KEY, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
        sa.UniqueConstraint("digest"),
    )
    op.create_table(
        "lineage_features",
        sa.Column("lineage", KEY, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["lineage"], ["lineages.key"]),
        sa.PrimaryKeyConstraint("lineage", "name"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "lineage_features_by_name", "lineage_features", ["name", "code", "lineage"], unique=False
    )


def _order_pythons() -> None:
    bind = op.get_bind()
    versions = bind.execute(sa.text("SELECT DISTINCT python FROM envelopes WHERE python <> ''"))
    for (version,) in versions.all():
        bind.execute(
            sa.text("UPDATE envelopes SET python_order = :rank WHERE python = :version"),
            {"rank": version_order(version), "version": version},
        )
