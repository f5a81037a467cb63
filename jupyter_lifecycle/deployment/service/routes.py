"""Which envelope answers a request: ``routes.json`` beside the service's page, read and followed.

The deployer writes the file whole and says so; nothing is restarted for it.
"""

from __future__ import annotations

import json
import os
import random
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.experiments.assignment import hash_unit

if TYPE_CHECKING:
    from pathlib import Path

NAME = "routes.json"


@dataclass(frozen=True, slots=True)
class Split:
    """A share of the requests that another envelope answers.

    ``share`` is 0 to 1 of all requests; those of several splits stand side by side.
    """

    envelope: str
    share: float


@dataclass(frozen=True, slots=True)
class Shadow:
    """A share of the requests that another envelope is asked too; nobody gets its answers."""

    envelope: str
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Routes:
    """How requests are spread over the envelopes of one address.

    Parameters
    ----------
    splits : tuple of Split
        Shares of other envelopes; what is left is the main one's.
    unit : str
        Attribute whose value always goes to the same envelope, such as ``customer_id``; empty
        draws for each request.
    seed : str
        Of that spread.
    shadows : tuple of Shadow
        Envelopes that are asked too.
    experiments : Mapping
        What :class:`~jupyter_lifecycle.deployment.service.trials.Trials` runs.
    """

    splits: tuple[Split, ...] = ()
    unit: str = ""
    seed: str = ""
    shadows: tuple[Shadow, ...] = ()
    experiments: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Routes:
        """Read what :meth:`to_json` gave."""
        return cls(
            splits=tuple(Split(**one) for one in found["splits"]),
            unit=found["unit"],
            seed=found["seed"],
            shadows=tuple(Shadow(**one) for one in found["shadows"]),
            experiments=found["experiments"],
        )

    def to_json(self) -> dict[str, Any]:
        """Give all of it as JSON."""
        return asdict(self)

    @classmethod
    def read(cls, folder: Path) -> Routes:
        """Read the file in a folder; none means that the main envelope answers everything."""
        try:
            return cls.from_json(json.loads((folder / NAME).read_text(encoding="utf-8")))
        except FileNotFoundError:
            return cls()

    def write(self, folder: Path) -> None:
        """Write the file, whole; only its owner reads it, since it has keys of experiments."""
        temporary = folder / f".{NAME}"
        descriptor = os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(self.to_json(), file)
        temporary.replace(folder / NAME)

    def envelopes(self) -> tuple[str, ...]:
        """List the envelopes that splits name."""
        return tuple(one.envelope for one in self.splits)

    def draw(self, attributes: dict[str, Any]) -> str:
        """Give the envelope that a request is spread to; empty for the main one."""
        if not self.splits:
            return ""
        place = None
        if self.unit:
            value = attributes.get(self.unit)
            if isinstance(value, str | int) or (isinstance(value, float) and value.is_integer()):
                place = hash_unit(self.seed, value)
        if place is None:
            place = random.random()  # noqa: S311 - a spread, no secret
        end = 0.0
        for one in self.splits:
            end += one.share
            if place < end:
                return one.envelope
        return ""
