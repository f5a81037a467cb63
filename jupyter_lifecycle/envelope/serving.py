"""What a generated service needs of an envelope: its schema and its answers, nothing else.

Loads the standard library, and what the model itself imports.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.envelope.bundle import Bundle
from jupyter_lifecycle.envelope.hints import with_hint
from jupyter_lifecycle.envelope.problems import quietly
from jupyter_lifecycle.errors import InputError

if TYPE_CHECKING:
    import os

    from jupyter_lifecycle.envelope.manifest import Manifest
    from jupyter_lifecycle.envelope.query import Query
    from jupyter_lifecycle.envelope.schema import Schema


@dataclass(frozen=True, slots=True)
class Served:
    """A loaded envelope that answers JSON with JSON."""

    id: str
    manifest: Manifest
    schema: Schema
    query: Query
    example: Any
    """A payload that it answers."""
    answers: Any
    """What it answered to it when it was saved."""

    def predict_json(self, payload: Any) -> Any:
        """Give the answer to one decoded JSON payload.

        Parameters
        ----------
        payload
            What :meth:`Schema.decode` takes.

        Returns
        -------
        object
            A JSON value: one answer a row in their order where the schema is ``aligned``; the
            answer itself where one row or one call was asked about.

        Raises
        ------
        InputError
            With every problem's JSON pointer and reason.
        """
        try:
            parsed = quietly(self.schema.parse, payload)
        except InputError as problem:
            raise with_hint(problem, self.manifest, payload) from None
        answer = self.schema.encode(self.query.ask(self.schema, parsed.rows))
        if parsed.single and self.schema.form == "frame" and self.schema.aligned:
            return answer[0]
        return answer


def load_service(directory: str | os.PathLike[str]) -> Served:
    """Load an envelope's directory to serve it: its code runs, so it must come from the registry.

    Parameters
    ----------
    directory : path-like
        With ``manifest.json`` and the files that it names.

    Raises
    ------
    IntegrityError
        Where a file is not what the manifest says.
    EnvelopeError
        Where it is no envelope.
    """
    bundle = Bundle(Path(directory), trust=True, source="made")
    return Served(
        id=bundle.id,
        manifest=bundle.manifest,
        schema=bundle.schema,
        query=bundle.query(),
        example=bundle.example_json(),
        answers=bundle.answers_json(),
    )
