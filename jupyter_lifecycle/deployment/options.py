"""What a rule may say beyond which envelope serves: how the service runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import RuleError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Options:
    """How the service of an endpoint runs on the ``local`` target.

    Parameters
    ----------
    environment : {"auto", "build"}
        ``auto`` serves from the deployer's own interpreter where that satisfies the envelope's
        lock to the version, and builds an environment where it does not; ``build`` always builds.
    host : str
        Address that the service listens on.
    port : int
        Port; 0 takes a free one at the first deployment and keeps it.
    threads : int
        How many predictions run at once.
    max_bytes : int
        Largest request body, bytes.
    capture : float
        Share of the answered requests that are captured, 0 to 1.
    capture_bytes : int
        Most bytes that captured requests of one envelope take on disk.
    start_seconds : float
        How long a new service may take to be ready.
    """

    environment: str = "auto"
    host: str = "127.0.0.1"
    port: int = 0
    threads: int = 4
    max_bytes: int = 16 * _MIB
    capture: float = 1.0
    capture_bytes: int = 32 * _MIB
    start_seconds: float = 120.0

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> Options:
        """Read the options of a rule.

        Raises
        ------
        RuleError
            For an option that does not exist or a value that it cannot have.
        """
        known = {field.name: field for field in fields(cls)}
        for name, value in given.items():
            if name not in known:
                near = did_you_mean(name, known)
                raise RuleError(
                    f"A rule has no option {name}.{near} There are: {', '.join(known)}.",
                    option=name,
                )
            _check(name, value)
        return cls(**given)

    def to_json(self) -> dict[str, Any]:
        """Give all options as JSON."""
        return asdict(self)


_RANGES: dict[str, tuple[float, float]] = {
    "port": (0, 65_535),
    "threads": (1, 256),
    "max_bytes": (1, 1024 * _MIB),
    "capture": (0.0, 1.0),
    "capture_bytes": (0, 1024 * 1024 * _MIB),
    "start_seconds": (1.0, 3600.0),
}
_WHOLE = {"port", "threads", "max_bytes", "capture_bytes"}


def _check(name: str, value: Any) -> None:
    if name == "environment":
        if value not in {"auto", "build"}:
            raise RuleError(f"environment is 'auto' or 'build', not {value!r}.", option=name)
    elif name == "host":
        if not isinstance(value, str) or not value:
            raise RuleError(f"host is an address such as '127.0.0.1', not {value!r}.", option=name)
    else:
        low, high = _RANGES[name]
        kinds = int if name in _WHOLE else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
            raise RuleError(
                f"{name} is a {'whole ' if name in _WHOLE else ''}number from {low:g} to {high:g}, "
                f"not {value!r}.",
                option=name,
            )
