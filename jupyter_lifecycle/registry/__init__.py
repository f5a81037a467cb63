"""Envelopes kept, found, tagged and watched by rules: embedded or over HTTP, with one interface.

Light to import: databases, servers and models are imported by what needs them.
"""

from jupyter_lifecycle.places import REGISTRY_VARIABLE
from jupyter_lifecycle.registry.evaluations import (
    ConfusionMatrix,
    Curve,
    confusion_matrix,
    pr_curve,
    roc_curve,
)
from jupyter_lifecycle.registry.facade import Registry
from jupyter_lifecycle.registry.handle import Envelope
from jupyter_lifecycle.registry.records import (
    EVENT_KINDS,
    STEPS,
    Artifact,
    Collected,
    DeletedEnvelope,
    Delivery,
    Deployment,
    EndpointChange,
    EndpointRecord,
    EnvelopeRecord,
    Event,
    Facet,
    MetricPoint,
    Page,
    Pin,
    Preview,
    Rule,
    Step,
    TagChange,
    Want,
    Webhook,
)
from jupyter_lifecycle.registry.saving import save
from jupyter_lifecycle.registry.signing import verify_webhook

__all__ = [
    "EVENT_KINDS",
    "REGISTRY_VARIABLE",
    "STEPS",
    "Artifact",
    "Collected",
    "ConfusionMatrix",
    "Curve",
    "DeletedEnvelope",
    "Delivery",
    "Deployment",
    "EndpointChange",
    "EndpointRecord",
    "Envelope",
    "EnvelopeRecord",
    "Event",
    "Facet",
    "MetricPoint",
    "Page",
    "Pin",
    "Preview",
    "Registry",
    "Rule",
    "Step",
    "TagChange",
    "Want",
    "Webhook",
    "confusion_matrix",
    "pr_curve",
    "roc_curve",
    "save",
    "verify_webhook",
]
