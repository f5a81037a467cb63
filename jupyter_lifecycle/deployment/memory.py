"""What a deployer has to remember of one endpoint, as a small file: whole or not there.

The registry knows what is wanted and what was attempted. This file knows the processes on this
machine. What is to be started is written down before it is started, so a deployer that is killed at
any moment leaves nothing running that the next one does not find.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Placed:
    """One service process: what it serves and where it is reached.

    ``envelope`` is empty for the process that answers 503 where no version serves.
    """

    envelope: str
    deployment: str
    control: str
    folder: str
    options: dict[str, Any] = field(default_factory=dict)
    reason: str = ""
    beside: tuple[str, ...] = ()
    """Other envelopes that are loaded there."""

    @classmethod
    def read(cls, found: dict[str, Any]) -> Placed:
        """Read what was written of one."""
        return cls(**{**found, "beside": tuple(found.get("beside", ()))})


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of one endpoint."""

    host: str = ""
    port: int = 0
    serving: Placed | None = None
    """What answers at the address; None while nothing does."""
    model: Placed | None = None
    """The version that serves or, where its process keeps dying, should: without a model, None."""
    starting: tuple[Placed, ...] = ()
    """What was started to take over and, as far as is known, has not."""
    leaving: tuple[Placed, ...] = ()
    """What another one took over from, until its process has ended."""
    failed: dict[str, Any] = field(default_factory=dict)
    """What failed last; the same is not tried again."""
    changed: float = 0.0
    """When another envelope began to serve, Unix seconds."""
    canary: dict[str, Any] = field(default_factory=dict)
    """What answers a share of the requests to be promoted or not: see ``canary.py``."""

    def begin(self, placed: Placed) -> Memory:
        """Give a copy that knows of a process that is about to be started."""
        return replace(self, starting=(*self.starting, placed))

    def forget(self, placed: Placed) -> Memory:
        """Give a copy that has forgotten a process that ended."""
        starting = tuple(one for one in self.starting if one != placed)
        return replace(
            self, starting=starting, leaving=tuple(one for one in self.leaving if one != placed)
        )

    def switch(self, placed: Placed, host: str, port: int) -> Memory:
        """Give a copy in which a process answers at the endpoint's address."""
        after = self.forget(placed)
        another = bool(placed.envelope) and (
            self.model is None or self.model.envelope != placed.envelope
        )
        anew = self.model is None or self.model.deployment != placed.deployment
        leaving = after.leaving if self.serving is None else (*after.leaving, self.serving)
        return replace(
            after,
            host=host,
            port=port,
            serving=placed,
            model=placed if placed.envelope else self.model,
            leaving=leaving,
            changed=time.time() if another else self.changed,
            failed={} if placed.envelope and anew else self.failed,
        )


class MemoryFile:
    """The file of one endpoint's state.

    Parameters
    ----------
    path : pathlib.Path
        Its folder is made where it does not exist, for its owner only.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.memory = self._read()

    def write(self, memory: Memory) -> None:
        """Remember this; after a crash the file has this one or the one before."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = self._path.with_name(f".{self._path.name}.{secrets.token_hex(4)}")
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(asdict(memory), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)
        self.memory = memory

    def _read(self) -> Memory:
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return Memory()
        try:
            found = json.loads(text)
            return Memory(
                host=found["host"],
                port=found["port"],
                serving=_placed(found["serving"]),
                model=_placed(found["model"]),
                starting=tuple(Placed.read(one) for one in found["starting"]),
                leaving=tuple(Placed.read(one) for one in found["leaving"]),
                failed=found["failed"],
                changed=float(found.get("changed", 0.0)),
                canary=dict(found.get("canary", {})),
            )
        except (ValueError, KeyError, TypeError):
            # Not ours any more. What it knew is found again: the registry has the address, and a
            # service that nobody asks after can be stopped by hand.
            self._path.replace(self._path.with_suffix(".unreadable"))
            return Memory()


def _placed(found: dict[str, Any] | None) -> Placed | None:
    return None if found is None else Placed.read(found)
