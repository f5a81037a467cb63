"""The keys of this user: those they sign with, those they trust, and when a signature is asked for.

``signing.json`` in the settings folder has the policy, ``keys/NAME.pem`` the private keys, which
only this user can read.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from jupyter_lifecycle.envelope.signatures import (
    Signature,
    fingerprint,
    fits,
    raw_key,
    require_cryptography,
    sign,
)
from jupyter_lifecycle.errors import EnvelopeError, TrustError, did_you_mean
from jupyter_lifecycle.places import config_home

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY_VARIABLE: Final = "JUPYTER_LIFECYCLE_SIGNING_KEY"
"""Names a private key's file, for machines that have no user."""

Require = Literal["never", "elsewhere", "always"]
Source = Literal["made", "own", "elsewhere"]
"""An envelope that this process made or its caller checked, of the own registry, or any other."""
REQUIRE: Final[tuple[Require, ...]] = ("never", "elsewhere", "always")


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A public key whose signatures let code run."""

    name: str
    key: str
    """32 bytes in base64."""
    only: tuple[str, ...] = ()
    """Patterns of the envelopes' names that it's trusted for; empty: all."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Whose signatures count, and when one is asked for."""

    require: Require = "never"
    sign: str = ""
    """Name of the key that every save is signed with; empty: none."""
    keys: tuple[TrustedKey, ...] = ()

    def signer(self, name: str, manifest: bytes, signatures: Iterable[Signature]) -> str | None:
        """Say who of the trusted signed an envelope; None where nobody did.

        Parameters
        ----------
        name : str
            The envelope's.
        manifest : bytes
            Its manifest, byte for byte.
        signatures : iterable of Signature
            What is beside it.

        Raises
        ------
        TrustError
            A signature that bears a trusted key does not fit: somebody changed one or the other.
        """
        known = {one.key: one for one in self.keys}
        for one in signatures:
            key = known.get(one.key)
            if key is None or (key.only and not any(fnmatchcase(name, p) for p in key.only)):
                continue
            if not fits(one, manifest):
                raise TrustError(
                    f"The signature of {name} that bears the key of {key.name} does not fit: the"
                    " envelope or the signature was changed. Do not use it.",
                    key=key.name,
                )
            return key.name
        return None

    def check(
        self, name: str, manifest: bytes, signatures: tuple[Signature, ...], source: Source
    ) -> str | None:
        """Say who signed, and refuse where somebody must have and nobody did.

        Raises
        ------
        TrustError
            Where no trusted key signed and the policy asks for it, or a signature does not fit.
        """
        if source == "made" or not (self.keys or self.asks(source)):
            return None
        signer = self.signer(name, manifest, signatures)
        if signer is None and self.asks(source):
            there = ", ".join(f"{one.signer} ({one.fingerprint})" for one in signatures)
            has = f"it has that of {there}, not trusted for it" if there else "it has none"
            raise TrustError(
                f"Your policy asks for a signature by a key that you trust before {name} may run,"
                f" and {has}. To trust a key: jupyter lifecycle key trust NAME KEY; to sign it"
                " yourself: jupyter lifecycle sign ID.",
                require=self.require,
            )
        return signer

    def asks(self, source: Source) -> bool:
        """Whether an envelope from there must be signed."""
        return self.require == "always" or (self.require == "elsewhere" and source == "elsewhere")


def policy() -> Policy:
    """Read this user's policy.

    Raises
    ------
    EnvelopeError
        The file that says it cannot be read: nothing is trusted then.
    """
    path = _policy_file()
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        keys = tuple(
            TrustedKey(str(one["name"]), str(one["key"]), tuple(map(str, one["only"])))
            for one in found["keys"]
        )
        return Policy(_known_word(found["require"]), str(found["sign"]), keys)
    except FileNotFoundError:
        return Policy()
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise EnvelopeError(f"{path} cannot be read: {problem}. Mend it or delete it.") from problem


def _known_word(require: str) -> Require:
    for word in REQUIRE:
        if word == require:
            return word
    raise ValueError(f"require is one of {', '.join(REQUIRE)}, not {require!r}")


def set_policy(require: str | None = None, sign_with: str | None = None) -> Policy:
    """Say when a signature is asked for, and with which key saves are signed; empty: with none.

    Raises
    ------
    EnvelopeError
        There is no such word or key.
    """
    now = policy()
    if require is not None:
        try:
            now = replace(now, require=_known_word(require))
        except ValueError as problem:
            raise EnvelopeError(f"{problem}.") from None
    if sign_with is not None:
        if sign_with:
            private_key(sign_with)
        now = replace(now, sign=sign_with)
    return _write(now)


def trust_key(name: str, key: str, only: tuple[str, ...] = ()) -> TrustedKey:
    """Trust a public key from now on, under a name; what it was trusted for before is replaced."""
    raw_key(key)
    found = TrustedKey(_checked(name), key, only)
    now = policy()
    others = tuple(one for one in now.keys if name != one.name and key != one.key)
    _write(replace(now, keys=(*others, found)))
    return found


def distrust_key(name: str) -> None:
    """Trust a key no longer.

    Raises
    ------
    EnvelopeError
        No key of that name is trusted.
    """
    now = policy()
    kept = tuple(one for one in now.keys if one.name != name)
    if kept == now.keys:
        names = [one.name for one in now.keys]
        raise EnvelopeError(f"No key {name!r} is trusted.{did_you_mean(name, names)}")
    _write(replace(now, keys=kept))


def create_key(name: str) -> str:
    """Make a key pair to sign with, trusted by its owner; gives the public key.

    Raises
    ------
    EnvelopeError
        There is one of that name.
    """
    require_cryptography("Signing")
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    path = _key_file(_checked(name))
    private = Ed25519PrivateKey.generate()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise EnvelopeError(f"There is a key {name} already: {path}.") from None
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(text)
    public = public_key(private)
    trust_key(name, public)
    return public


def own_keys() -> dict[str, str]:
    """Give the names of the keys that this user can sign with, and their public keys."""
    files = sorted((config_home() / "keys").glob("*.pem"))
    return {file.stem: public_key(private_key(file.stem)) for file in files}


def private_key(name: str) -> Ed25519PrivateKey:
    """Read a private key: of that name, or from the file that the name or the variable gives.

    Raises
    ------
    EnvelopeError
        There is none, or it is no Ed25519 key without a password.
    """
    require_cryptography("Signing")
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    path = Path(name) if name.endswith(".pem") else _key_file(_checked(name))
    try:
        found = load_pem_private_key(path.read_bytes(), None)
    except FileNotFoundError:
        raise EnvelopeError(
            f"There is no key {name!r} to sign with. Make one: jupyter lifecycle key create {name}",
            key=name,
        ) from None
    except (ValueError, TypeError) as problem:
        raise EnvelopeError(f"{path} is no private key that can be read: {problem}") from problem
    if not isinstance(found, Ed25519PrivateKey):
        raise EnvelopeError(f"{path} is a key of another kind; envelopes are signed with Ed25519.")
    return found


def public_key(private: Ed25519PrivateKey) -> str:
    """Give the public key of a private one, in base64."""
    return sign(b"", private, "").key


def signed(manifest: bytes, key: str | None = None) -> Signature:
    """Sign a manifest with one of this user's keys.

    Parameters
    ----------
    manifest : bytes
        Byte for byte.
    key : str, optional
        Its name, or a ``.pem`` file; by default ``$JUPYTER_LIFECYCLE_SIGNING_KEY``, what saves are
        signed with, or the only key there is.

    Raises
    ------
    EnvelopeError
        There is no such key, or several and none is named.
    """
    chosen = key or os.environ.get(KEY_VARIABLE) or policy().sign or _only_key()
    return sign(manifest, private_key(chosen), Path(chosen).stem)


def signing_key(sign_with: bool | str | None) -> str:
    """Say which key a save is signed with; empty: with none.

    Parameters
    ----------
    sign_with : bool, str or None
        The key's name; True is the default one, None what the policy says.

    Raises
    ------
    EnvelopeError
        There is no such key: said before any work is done.
    """
    if sign_with is None:
        chosen = policy().sign
    elif sign_with is True:
        chosen = os.environ.get(KEY_VARIABLE) or policy().sign or _only_key()
    else:
        chosen = sign_with or ""
    if chosen:
        private_key(chosen)
    return chosen


def _only_key() -> str:
    names = list(own_keys())
    if len(names) == 1:
        return names[0]
    if not names:
        raise EnvelopeError("You have no key to sign with: jupyter lifecycle key create NAME")
    raise EnvelopeError(f"You have the keys {', '.join(names)}: say which one signs.")


def _checked(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,99}", name):
        raise EnvelopeError(
            f"A key's name has letters, digits and . _ @ - only, not {name[:80]!r}."
        )
    return name


def _key_file(name: str) -> Path:
    return config_home() / "keys" / f"{name}.pem"


def _policy_file() -> Path:
    return config_home() / "signing.json"


def _write(new: Policy) -> Policy:
    path = _policy_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    content: dict[str, Any] = asdict(new)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    temporary.replace(path)
    return new


def shown(key: TrustedKey) -> str:
    """One line about a key, for people."""
    limit = f" for {', '.join(key.only)}" if key.only else ""
    return f"{key.name}  {key.key}  ({fingerprint(key.key)}){limit}"
