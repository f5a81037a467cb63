"""Signatures of envelopes as artifacts, of a kind of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jupyter_lifecycle.registry.contents import JSON, Content

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jupyter_lifecycle.envelope.signatures import Signature

KIND: Final = "signature"


def as_artifacts(signatures: Iterable[Signature]) -> dict[str, Content]:
    """Give signatures as artifacts, one for each key."""
    found = {}
    for one in signatures:
        from jupyter_lifecycle.envelope.signatures import dump_signatures

        data = dump_signatures([one])
        found[f"signatures/{one.fingerprint}.json"] = Content(KIND, JSON, data)
    return found
