"""One line that says how a deployment goes, renewed in place where the output can do that."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from jupyter_lifecycle.registry.records import EndpointRecord, Step

_WORDS = {"waiting": "waits for the deployer", "unmatched": "keeps serving what matches no more"}


class ProgressLine:
    """Shows how an endpoint stands.

    Notebooks and terminals get one line that is written over; a file gets one line a change.

    Parameters
    ----------
    stream : TextIO, optional
        Standard output where not given.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream if stream is not None else sys.stdout
        self._renews = self._stream.isatty() or "ipykernel" in sys.modules
        self._width = 0
        self._shown = ""

    def show(self, text: str) -> None:
        """Show this from now on."""
        if text == self._shown:
            return
        if self._renews:
            self._stream.write("\r" + text.ljust(self._width))
            self._width = len(text)
        else:
            self._stream.write(text + "\n")
        self._stream.flush()
        self._shown = text

    def end(self) -> None:
        """Leave the line as it is and go to the next."""
        if self._renews and self._shown:
            self._stream.write("\n")
            self._stream.flush()


def describe(record: EndpointRecord) -> str:
    """Say in one line how an endpoint stands.

    Parameters
    ----------
    record : EndpointRecord

    Returns
    -------
    str
        Such as ``departure-delay  7f3a91c2e4  decide 18 ms, build 1.9 s, start …``.
    """
    parts = [record.name]
    last = record.last_deployment
    if record.state == "deploying" and last is not None:
        steps = [_step(step) for step in last.steps if step.state != "waiting"]
        parts += [last.envelope[:10], ", ".join(steps)]
    else:
        if record.serving:
            parts.append(record.serving[:10])
        held = record.failure if record.state == "waiting" else ""
        parts.append(held or _WORDS.get(record.state, record.state))
        if record.state == "serving" and record.address:
            parts.append(record.address)
    return "  ".join(part for part in parts if part)


def _step(step: Step) -> str:
    if step.state == "running" or step.seconds is None:
        return f"{step.name} …"
    took = f"{step.seconds:.1f} s" if step.seconds >= 1 else f"{step.seconds * 1000:.0f} ms"
    return f"{step.name} {took}"
