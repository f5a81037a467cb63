"""What requests carry. The store checks the values; here is only their shape."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Body(BaseModel):
    """Strict: ``1`` is no text and ``"1"`` no number; a misspelt name is an error."""

    model_config = ConfigDict(extra="forbid", strict=True)


Tags = dict[str, str]


Point = Annotated[list[Any], Field(min_length=2, max_length=2)]
Points = dict[str, list[Point]]


class ArtifactBody(Body):
    """An artifact whose content is there."""

    name: str
    kind: str
    media_type: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class NewEnvelope(Body):
    """An envelope whose files are there."""

    manifest: str = Field(description="manifest.json, byte for byte")
    tags: Tags = {}
    metrics: dict[str, float] = {}
    author: str | None = None
    artifacts: list[ArtifactBody] = Field(default=[], max_length=1_000)
    series: Points = Field(default={}, description="for each metric, pairs of step and value")


class NewArtifacts(Body):
    """Artifacts whose content is there."""

    items: list[ArtifactBody] = Field(max_length=1_000)


class SeriesBody(Body):
    """Metrics by step."""

    series: Points = Field(description="for each metric, pairs of step and value")


class TagChange(Body):
    """Tags to set and to remove, all or none."""

    set: Tags = {}
    unset: list[str] = []
    expect: dict[str, str | None] | None = Field(
        default=None, description="what tags must be now; null: that there is none"
    )


class TagPreview(Body):
    """Tags that would be set and removed."""

    set: Tags = {}
    unset: list[str] = []


class Metrics(Body):
    """Values to log."""

    values: dict[str, float]
    step: int | None = None


class Digests(Body):
    """SHA-256 digests in hex."""

    digests: list[str] = Field(max_length=1_000)


class RuleBody(Body):
    """A rule; its endpoint is in the address."""

    when: str
    order_by: str = "created_at desc"
    target: str = "local"
    on_none: Literal["keep", "retire"] = "keep"
    options: dict[str, Any] = {}


class EndpointBody(Body):
    """What a deployer reports; what is left out stays."""

    address: str | None = None
    serving: str | None = None
    state: Literal["serving", "down", "retired"] | None = None
    failure: str = ""


class PinBody(Body):
    """The envelope that an endpoint is held at."""

    envelope: str


class PinPreview(Body):
    """The same, before it is done; null: its rule decides again."""

    envelope: str | None = None


class NewDeployment(Body):
    """A new attempt; the id, chosen by the sender, makes a repetition harmless."""

    id: str
    endpoint: str
    envelope: str
    rule_version: int


class StepBody(Body):
    """One step of an attempt."""

    name: Literal["decide", "build", "start", "replay", "switch"]
    state: Literal["waiting", "running", "done", "failed"]
    seconds: float | None = None
    fact: str = ""


class DeploymentBody(Body):
    """How an attempt goes; steps and log replace what was there."""

    state: Literal["running", "serving", "failed", "replaced", "retired"] | None = None
    steps: list[StepBody] | None = None
    reason: str | None = None
    log: list[str] | None = None


class LeaseBody(Body):
    """Who wants a lease, and for how long."""

    holder: str
    seconds: float


class NewToken(Body):
    """A token to make."""

    name: str
    scopes: list[str]
    seconds: float | None = None
    only: list[str] = Field(
        default=[], description="patterns of names that it may change; empty: all"
    )
    rate: float | None = Field(default=None, description="requests a second; null: any number")


class NewWebhook(Body):
    """An address to tell what happens."""

    url: str
    kinds: list[str] = Field(default=[], description="kinds of events; empty: all")
    query: str = Field(default="", description="only what concerns an envelope that matches")


class Collect(Body):
    """How long an envelope stays in the trash."""

    seconds: float
