"""Tokens: kept as hashes, with scopes, an end and a way to end them sooner."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import insert, select, update

from jupyter_lifecycle.errors import InvalidValueError, NotFoundError
from jupyter_lifecycle.registry.store import rows
from jupyter_lifecycle.registry.store.schema import tokens
from jupyter_lifecycle.registry.words import check_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from typing import Any

    from sqlalchemy import Connection

    from jupyter_lifecycle.registry.store.events import Change

SCOPES: Final = ("read", "write", "deploy", "admin")
IMPLIED: Final = {
    "read": frozenset({"read"}),
    "write": frozenset({"read", "write"}),
    "deploy": frozenset({"read", "deploy"}),
    "admin": frozenset(SCOPES),
}


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """What is known of a token; never the token."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    only: tuple[str, ...] = ()
    rate: float | None = None

    def may(self, scope: str) -> bool:
        """Whether one of its scopes includes this one."""
        return any(scope in IMPLIED[own] for own in self.scopes)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a token is limited to: seconds, patterns of names, requests a second."""

    seconds: float | None = None
    only: tuple[str, ...] = ()
    rate: float | None = None

    def check(self, scopes: tuple[str, ...]) -> None:
        """Check that these limits can be.

        Raises
        ------
        InvalidValueError
            One cannot, or not for these scopes.
        """
        if self.seconds is not None and not 0 < self.seconds < 100 * 366 * 86_400:
            raise InvalidValueError(f"A token cannot last {self.seconds} seconds.")
        if self.rate is not None and not 0 < self.rate <= 1e6:
            raise InvalidValueError(
                f"A token cannot make {self.rate} requests a second. Write more than 0."
            )
        if self.only and "admin" in scopes:
            raise InvalidValueError(
                "A token that administers cannot be limited to names: it may make tokens without"
                " that limit. Choose other scopes."
            )
        for pattern in self.only:
            check_text("A pattern of names", pattern, 200)
            if not pattern or any(character.isspace() for character in pattern):
                raise InvalidValueError(
                    f"{pattern!r} is no pattern of names: it is empty or has a space in it."
                )


def create(
    change: Change, name: str, scopes: Iterable[str], limits: Limits
) -> tuple[TokenRecord, str]:
    """Make a token; its text is given once and kept nowhere.

    Raises
    ------
    RegistryError
        There is no such scope, or no name.
    """
    chosen = tuple(scope for scope in SCOPES if scope in set(scopes))
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not chosen:
        what = f"no scope {unknown[0]!r}" if unknown else "no token without a scope"
        raise InvalidValueError(f"There is {what}; scopes are {', '.join(SCOPES)}.")
    if not name.strip():
        raise InvalidValueError("A token needs a name: it is the author of what is done with it.")
    check_text("A token's name", name, 100)
    limits.check(chosen)
    id_ = secrets.token_hex(4)
    secret = f"jl_{id_}_{secrets.token_hex(32)}"
    change.connection.execute(
        insert(tokens).values(
            id=id_,
            digest=_digest(secret),
            name=name,
            scopes=" ".join(chosen),
            created_at=change.now,
            created_by=change.author,
            expires_at=_end(change.now, limits.seconds),
            only=" ".join(limits.only) or None,
            rate=limits.rate,
        )
    )
    facts = {"name": name, "scopes": list(chosen), "only": list(limits.only)}
    change.tell("token.created", id_, facts)
    return get(change.connection, id_), secret


def get(connection: Connection, id_: str) -> TokenRecord:
    """One token's record.

    Raises
    ------
    NotFoundError
        There is none with this id.
    """
    row = connection.execute(select(tokens).where(tokens.c.id == id_)).first()
    if row is None:
        raise NotFoundError(f"There is no token {id_[:80]}.", token=id_[:80])
    return _record(row)


def listed(connection: Connection) -> tuple[TokenRecord, ...]:
    """All tokens, oldest first."""
    found = connection.execute(select(tokens).order_by(tokens.c.created_at, tokens.c.id))
    return tuple(_record(row) for row in found)


def revoke(change: Change, id_: str) -> TokenRecord:
    """End a token now.

    Raises
    ------
    NotFoundError
        There is none with this id.
    """
    if get(change.connection, id_).revoked_at is None:
        mine = tokens.c.id == id_
        change.connection.execute(update(tokens).where(mine).values(revoked_at=change.now))
        change.tell("token.revoked", id_, {})
    return get(change.connection, id_)


def find(connection: Connection, secret: str, now: int) -> TokenRecord | None:
    """Give the record of a token that may be used now."""
    # The secret has 256 random bits: a plain hash is enough, and finding it leaks nothing.
    mine = tokens.c.digest == _digest(secret)
    row = connection.execute(select(tokens).where(mine)).first()
    if row is None or row.revoked_at is not None:
        return None
    if row.expires_at is not None and row.expires_at <= now:
        return None
    return _record(row)


def _end(now: int, seconds: float | None) -> int | None:
    return None if seconds is None else now + int(seconds * 1_000_000)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="replace")).digest()


def _record(row: Any) -> TokenRecord:
    return TokenRecord(
        id=row.id,
        name=row.name,
        scopes=tuple(row.scopes.split()),
        created_at=rows.moment(row.created_at),
        created_by=row.created_by,
        expires_at=rows.optional_moment(row.expires_at),
        revoked_at=rows.optional_moment(row.revoked_at),
        only=tuple((row.only or "").split()),
        rate=row.rate,
    )
