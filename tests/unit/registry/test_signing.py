"""Signatures: what is signed is what came, by who knows the secret, just now."""

import time

from jupyter_lifecycle.registry.signing import SIGNATURE, TIMESTAMP, sign, verify_webhook


def headers(secret, body, at):
    return {TIMESTAMP: str(at), SIGNATURE: sign(secret, at, body)}


def test_what_was_signed_is_accepted_with_names_in_any_case():
    now = int(time.time())
    sent = {name.lower(): value for name, value in headers("s", b"{}", now).items()}
    assert verify_webhook("s", sent, b"{}")
    assert verify_webhook("s", headers("s", b"{}", now - 299), b"{}")


def test_anything_else_is_not():
    now = int(time.time())
    sent = headers("s", b"{}", now)
    assert not verify_webhook("other", sent, b"{}")
    assert not verify_webhook("s", sent, b"{ }")
    assert not verify_webhook("s", {**sent, TIMESTAMP: str(now - 1)}, b"{}")
    assert not verify_webhook("s", {**sent, TIMESTAMP: "soon"}, b"{}")
    assert not verify_webhook("s", headers("s", b"{}", now - 600), b"{}")
    assert not verify_webhook("s", {}, b"{}")


def test_the_signature_is_the_one_that_the_documentation_computes():
    import hashlib
    import hmac

    expected = hmac.new(b"s", b"12." + b"body", hashlib.sha256).hexdigest()
    assert sign("s", 12, b"body") == f"sha256={expected}"
