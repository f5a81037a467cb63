"""The tables. Migrations are what makes them in a database that has data; a test holds both alike.

Times are integers: microseconds since 1970, UTC. Text compares by code point on both databases.
Envelopes are referred to by a short integer (``seq``), schemas and environments are shared
by the envelopes that have the same, so that a million envelopes stay small.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import Double

metadata = MetaData()

KEY = BigInteger().with_variant(Integer(), "sqlite")
TEXT = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
TIME = BigInteger()

schemas = Table(
    "schemas",
    metadata,
    Column("key", KEY, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("output_type", TEXT),
)

schema_fields = Table(
    "schema_fields",
    metadata,
    Column("schema", KEY, ForeignKey("schemas.key"), primary_key=True),
    Column("side", TEXT, primary_key=True),
    Column("name", TEXT, primary_key=True),
    Column("type", TEXT, nullable=False),
    Index("schema_fields_by_name", "side", "name", "type", "schema"),
    sqlite_with_rowid=False,
)

environments = Table(
    "environments",
    metadata,
    Column("key", KEY, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
)

environment_packages = Table(
    "environment_packages",
    metadata,
    Column("environment", KEY, ForeignKey("environments.key"), primary_key=True),
    Column("name", TEXT, primary_key=True),
    Column("version", TEXT, nullable=False),
    Column("version_order", TEXT, nullable=False),
    Index("environment_packages_by_name", "name", "version_order", "environment"),
    sqlite_with_rowid=False,
)

lineages = Table(
    "lineages",
    metadata,
    Column("key", KEY, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
)

lineage_features = Table(
    "lineage_features",
    metadata,
    Column("lineage", KEY, ForeignKey("lineages.key"), primary_key=True),
    Column("name", TEXT, primary_key=True),
    Column("code", TEXT, nullable=False),
    Index("lineage_features_by_name", "name", "code", "lineage"),
    sqlite_with_rowid=False,
)

envelopes = Table(
    "envelopes",
    metadata,
    Column("seq", KEY, primary_key=True),
    Column("id", TEXT, nullable=False, unique=True),
    Column("name", TEXT, nullable=False),
    Column("name_folded", TEXT),
    Column("author", TEXT),
    Column("author_folded", TEXT),
    Column("created_at", TIME, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("python", TEXT),
    Column("schema", KEY, ForeignKey("schemas.key"), nullable=False),
    Column("environment", KEY, ForeignKey("environments.key"), nullable=False),
    Column("python_order", TEXT),
    Column("lineage", KEY),
    Index("envelopes_by_time", "created_at", "seq"),
    Index("envelopes_by_name", "name", "created_at", "seq"),
    Index("envelopes_by_author", "author", "created_at", "seq"),
    Index("envelopes_by_schema", "schema"),
    Index("envelopes_by_environment", "environment"),
    Index("envelopes_by_lineage", "lineage"),
    sqlite_autoincrement=True,
)

manifests = Table(
    "manifests",
    metadata,
    Column("envelope", KEY, ForeignKey("envelopes.seq"), primary_key=True),
    Column("body", Text, nullable=False),
)

envelope_files = Table(
    "envelope_files",
    metadata,
    Column("envelope", KEY, ForeignKey("envelopes.seq"), primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Index("envelope_files_by_digest", "digest"),
    sqlite_with_rowid=False,
)

trash = Table(
    "trash",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("name", TEXT, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("deleted_at", TIME, nullable=False),
    Column("deleted_by", TEXT, nullable=False),
    Column("body", Text, nullable=False),
    Index("trash_by_time", "deleted_at"),
)

trash_files = Table(
    "trash_files",
    metadata,
    Column("envelope", TEXT, ForeignKey("trash.id"), primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Index("trash_files_by_digest", "digest"),
    sqlite_with_rowid=False,
)

tags = Table(
    "tags",
    metadata,
    Column("envelope", KEY, ForeignKey("envelopes.seq"), primary_key=True),
    Column("key", TEXT, primary_key=True),
    Column("value", TEXT, nullable=False),
    Column("value_folded", TEXT),
    Index("tags_by_value", "key", "value", "envelope"),
    sqlite_with_rowid=False,
)

tag_changes = Table(
    "tag_changes",
    metadata,
    Column("seq", KEY, primary_key=True),
    Column("envelope", KEY, ForeignKey("envelopes.seq"), nullable=False),
    Column("at", TIME, nullable=False),
    Column("author", TEXT, nullable=False),
    Column("key", TEXT, nullable=False),
    Column("before", TEXT),
    Column("after", TEXT),
    Index("tag_changes_by_envelope", "envelope", "seq"),
)

metrics = Table(
    "metrics",
    metadata,
    Column("envelope", KEY, ForeignKey("envelopes.seq"), primary_key=True),
    Column("key", TEXT, primary_key=True),
    Column("latest", Double, nullable=False),
    Column("first", Double, nullable=False),
    Column("min", Double, nullable=False),
    Column("max", Double, nullable=False),
    Index("metrics_by_value", "key", "latest", "envelope"),
    sqlite_with_rowid=False,
)

metric_points = Table(
    "metric_points",
    metadata,
    Column("seq", KEY, primary_key=True),
    Column("envelope", KEY, ForeignKey("envelopes.seq"), nullable=False),
    Column("at", TIME, nullable=False),
    Column("author", TEXT, nullable=False),
    Column("key", TEXT, nullable=False),
    Column("value", Double, nullable=False),
    Column("step", BigInteger),
    Index("metric_points_by_envelope", "envelope", "key", "seq"),
    Index(
        "metric_points_by_step",
        "key",
        "step",
        "envelope",
        "seq",
        sqlite_where=text("step IS NOT NULL"),
        postgresql_where=text("step IS NOT NULL"),
    ),
)

attachments = Table(
    "attachments",
    metadata,
    Column("seq", KEY, primary_key=True),
    Column("envelope", KEY, ForeignKey("envelopes.seq"), nullable=False),
    Column("at", TIME, nullable=False),
    Column("author", TEXT, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("kind", TEXT, nullable=False),
    Column("media_type", TEXT, nullable=False),
    Column("sha256", TEXT, nullable=False),
    Column("size", BigInteger, nullable=False),
    Index("attachments_by_name", "envelope", "name", unique=True),
    Index("attachments_by_digest", "sha256"),
)

rules = Table(
    "rules",
    metadata,
    Column("endpoint", TEXT, primary_key=True),
    Column("when", TEXT, nullable=False),
    Column("order_by", TEXT, nullable=False),
    Column("target", TEXT, nullable=False),
    Column("on_none", TEXT, nullable=False),
    Column("options", TEXT, nullable=False),
    Column("version", Integer, nullable=False),
    Column("author", TEXT, nullable=False),
    Column("updated_at", TIME, nullable=False),
)

wants = Table(
    "wants",
    metadata,
    Column("endpoint", TEXT, primary_key=True),
    Column("target", TEXT, nullable=False),
    Column("envelope", TEXT),
    Column("rule_version", Integer, nullable=False),
    Column("since", TIME, nullable=False),
    Column("because", TEXT, nullable=False),
)

pins = Table(
    "pins",
    metadata,
    Column("endpoint", TEXT, primary_key=True),
    Column("envelope", TEXT, nullable=False),
    Column("author", TEXT, nullable=False),
    Column("at", TIME, nullable=False),
)

endpoints = Table(
    "endpoints",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("target", TEXT, nullable=False),
    Column("state", TEXT),
    Column("address", TEXT),
    Column("serving", TEXT),
    Column("serving_since", TIME),
    Column("failure", TEXT, nullable=False),
    Column("rule_version", Integer, nullable=False),
)

deployments = Table(
    "deployments",
    metadata,
    Column("seq", KEY, primary_key=True),
    Column("id", TEXT, nullable=False, unique=True),
    Column("endpoint", TEXT, nullable=False),
    Column("envelope", TEXT, nullable=False),
    Column("rule_version", Integer, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("updated_at", TIME, nullable=False),
    Column("steps", TEXT, nullable=False),
    Column("reason", TEXT, nullable=False),
    Column("log", TEXT, nullable=False),
    Index("deployments_by_endpoint", "endpoint", "seq"),
    Index("deployments_by_envelope", "envelope", "endpoint", "seq"),
)

requests = Table(
    "requests",
    metadata,
    Column("key", TEXT, primary_key=True),
    Column("at", TIME, nullable=False),
    Index("requests_by_time", "at"),
)

leases = Table(
    "leases",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("holder", TEXT, nullable=False),
    Column("expires_at", TIME, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("seq", KEY, primary_key=True),
    Column("at", TIME, nullable=False),
    Column("kind", TEXT, nullable=False),
    Column("subject", TEXT, nullable=False),
    Column("author", TEXT, nullable=False),
    Column("payload", TEXT, nullable=False),
    sqlite_autoincrement=True,
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("url", TEXT, nullable=False),
    Column("kinds", TEXT, nullable=False),
    Column("query", TEXT, nullable=False),
    Column("secret", TEXT, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("created_by", TEXT, nullable=False),
    Column("cursor", BigInteger, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("seq", KEY, primary_key=True),
    Column("webhook", TEXT, ForeignKey("webhooks.id"), nullable=False),
    Column("event", BigInteger, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("updated_at", TIME, nullable=False),
    Column("next_at", TIME),
    Column("status", Integer),
    Column("reason", TEXT, nullable=False),
    Index("deliveries_by_time", "next_at"),
    Index("deliveries_by_webhook", "webhook", "seq"),
    sqlite_autoincrement=True,
)

documents = Table(
    "documents",
    metadata,
    Column("kind", TEXT, primary_key=True),
    Column("name", TEXT, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("body", TEXT, nullable=False),
    Column("secret", TEXT, nullable=False),
    Column("author", TEXT, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("updated_at", TIME, nullable=False),
)

exposures = Table(
    "exposures",
    metadata,
    Column("seq", KEY, primary_key=True),
    Column("experiment", TEXT, nullable=False),
    Column("source", TEXT, nullable=False),
    Column("place", BigInteger, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("exposures_by_key", "experiment", "source", "place", unique=True),
    Index("exposures_by_number", "experiment", "seq"),
    sqlite_autoincrement=True,
)

windows = Table(
    "windows",
    metadata,
    Column("seq", KEY, primary_key=True),
    Column("endpoint", TEXT, nullable=False),
    Column("start", TIME, nullable=False),
    Column("envelope", TEXT, nullable=False),
    Column("side", TEXT, nullable=False),
    Column("run", TEXT, nullable=False),
    Column("seconds", Integer, nullable=False),
    Column("flush", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("windows_by_key", "endpoint", "start", "envelope", "side", "run", unique=True),
)

skews = Table(
    "skews",
    metadata,
    Column("envelope", KEY, ForeignKey("envelopes.seq"), primary_key=True),
    Column("endpoint", TEXT, primary_key=True),
    Column("at", TIME, nullable=False),
    Column("max", Double),
    Column("moved", TEXT),
    Column("columns", Integer, nullable=False),
    Column("body", TEXT, nullable=False),
)

outcomes = Table(
    "outcomes",
    metadata,
    Column("endpoint", TEXT, primary_key=True),
    Column("request", TEXT, primary_key=True),
    Column("row", BigInteger, primary_key=True),
    Column("envelope", TEXT, nullable=False),
    Column("at", TIME, nullable=False),
    Column("logged_at", TIME, nullable=False),
    Column("body", TEXT, nullable=False),
    Index("outcomes_by_time", "endpoint", "at"),
)

reactions = Table(
    "reactions",
    metadata,
    Column("endpoint", TEXT, primary_key=True),
    Column("envelope", TEXT, primary_key=True),
    Column("action", TEXT, primary_key=True),
    Column("state", TEXT, nullable=False),
    Column("fact", TEXT, nullable=False),
    Column("at", TIME, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("name", TEXT, nullable=False),
    Column("scopes", TEXT, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("created_by", TEXT, nullable=False),
    Column("expires_at", TIME),
    Column("revoked_at", TIME),
    Column("only", TEXT),
    Column("rate", Double),
)
