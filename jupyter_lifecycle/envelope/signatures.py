"""Ed25519 signatures of manifests: who says that an envelope is theirs.

What is signed is the SHA-256 of ``manifest.json``, which has the digest of every other file. The
same key signs the same envelope to the same bytes (RFC 8032), so exports stay equal.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from jupyter_lifecycle.envelope.manifest import SIGNATURES
from jupyter_lifecycle.errors import IntegrityError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ALGORITHM: Final = "ed25519"
_CONTEXT: Final = b"jupyter-lifecycle-envelope\n"
"""Keeps a signature of an envelope from being one of anything else."""
MAX_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature of one manifest."""

    key: str
    """The public key: 32 bytes in base64."""
    signer: str
    """What its owner calls it; says nothing by itself, since anybody can write it."""
    value: str
    """64 bytes in base64."""

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits of the key's SHA-256, for people."""
        return fingerprint(self.key)

    def to_json(self) -> dict[str, str]:
        """As JSON values."""
        return {
            "algorithm": ALGORITHM,
            "key": self.key,
            "signer": self.signer,
            "value": self.value,
        }


def fingerprint(key: str) -> str:
    """Sixteen hex digits of a public key's SHA-256.

    Raises
    ------
    IntegrityError
        It's no public key.
    """
    return hashlib.sha256(raw_key(key)).hexdigest()[:16]


def raw_key(key: str) -> bytes:
    """Give the 32 bytes of a public key.

    Raises
    ------
    IntegrityError
        It's no public key.
    """
    try:
        raw = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 32:
        raise IntegrityError(
            f"{key[:60]!r} is no public key: it is 32 bytes in base64, as"
            " jupyter lifecycle key list prints it."
        )
    return raw


def sign(manifest: bytes, private: Ed25519PrivateKey, signer: str) -> Signature:
    """Sign a manifest's bytes."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    value = private.sign(_message(manifest))
    return Signature(_text(public), signer, _text(value))


def fits(signature: Signature, manifest: bytes) -> bool:
    """Whether the owner of the signature's key signed these bytes."""
    require_cryptography("Checking a signature")
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    public = Ed25519PublicKey.from_public_bytes(raw_key(signature.key))
    try:
        public.verify(base64.b64decode(signature.value, validate=True), _message(manifest))
    except (InvalidSignature, ValueError):
        return False
    return True


def require_cryptography(what: str) -> None:
    """Say what is missing where it is.

    Raises
    ------
    MissingExtraError
        With the line that installs it.
    """
    try:
        import cryptography  # noqa: F401
    except ImportError as problem:
        raise MissingExtraError(
            f'{what} needs cryptography: pip install "jupyter_lifecycle[signing]"'
        ) from problem


def read_signatures(folder: Path) -> tuple[Signature, ...]:
    """Give the signatures beside a manifest; none where there is no file of them.

    Raises
    ------
    IntegrityError
        The file holds something else.
    """
    try:
        with (folder / SIGNATURES).open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return ()
    return parse_signatures(data)


def parse_signatures(data: bytes) -> tuple[Signature, ...]:
    """Read signatures from JSON; those of an algorithm that is not known are left out.

    Raises
    ------
    IntegrityError
        It's something else.
    """
    if len(data) > MAX_BYTES:
        raise IntegrityError(f"{SIGNATURES} has more than {MAX_BYTES} bytes.")
    try:
        found = json.loads(data)
        return tuple(
            Signature(str(one["key"]), str(one["signer"]), str(one["value"]))
            for one in found["signatures"]
            if one["algorithm"] == ALGORITHM
        )
    except (ValueError, KeyError, TypeError, RecursionError) as problem:
        raise IntegrityError(
            f"{SIGNATURES} cannot be read: {type(problem).__name__} at {problem}."
        ) from problem


def write_signatures(folder: Path, signatures: Iterable[Signature]) -> None:
    """Put signatures beside a manifest, by key, whole or not at all; none removes the file."""
    ordered = sorted(set(signatures), key=lambda one: (one.key, one.value))
    target = folder / SIGNATURES
    if not ordered:
        target.unlink(missing_ok=True)
        return
    temporary = folder / f".{SIGNATURES}.{secrets.token_hex(8)}"
    temporary.write_bytes(dump_signatures(ordered))
    temporary.replace(target)


def dump_signatures(signatures: Iterable[Signature]) -> bytes:
    """Write signatures as JSON."""
    content: dict[str, Any] = {"signatures": [one.to_json() for one in signatures]}
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _message(manifest: bytes) -> bytes:
    return _CONTEXT + hashlib.sha256(manifest).hexdigest().encode()


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
