"""Signatures of what a registry tells others: HMAC-SHA256 over time and body."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

SIGNATURE: Final = "X-Lifecycle-Signature"
TIMESTAMP: Final = "X-Lifecycle-Timestamp"


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """Give the signature of a body, ``sha256=`` and 64 hex digits.

    Parameters
    ----------
    secret : str
        The webhook's.
    timestamp : int
        When it's sent, in seconds since 1970; part of what is signed, so that an old message
        cannot be sent again.
    body : bytes
        What is sent.
    """
    signed = f"{timestamp}.".encode() + body
    return f"sha256={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def verify_webhook(
    secret: str, headers: Mapping[str, str], body: bytes, *, seconds: float = 300
) -> bool:
    """Say whether a request comes from the registry that knows the secret, and is fresh.

    Parameters
    ----------
    secret : str
        Given when the webhook was made.
    headers : mapping
        The request's headers, as the receiving framework has them; names in any case.
    body : bytes
        Its body, unchanged.
    seconds : float
        How old it may be.
    """
    found = {name.lower(): value for name, value in headers.items()}
    timestamp = found.get(TIMESTAMP.lower(), "")
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > seconds:
        return False
    expected = sign(secret, int(timestamp), body)
    return hmac.compare_digest(expected, found.get(SIGNATURE.lower(), ""))
