"""The manifest: everything about an envelope but its files' bytes, as one canonical JSON document.

Its SHA-256 is the envelope's identity, so nothing in it may differ between two equal saves:
author and time belong to the act of saving and stand in the registry's record.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.envelope.environment import Environment
from jupyter_lifecycle.envelope.expectations import Expectation
from jupyter_lifecycle.envelope.schema import Schema
from jupyter_lifecycle.envelope.staging import LOCK
from jupyter_lifecycle.errors import EnvelopeError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FORMAT = "jupyter-lifecycle-envelope"
VERSION = 1
FILE_NAME = "manifest.json"
SIGNATURES = "signatures.json"
"""The one file that no manifest names, since it signs the manifest."""
ID_LENGTH = 40
MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of an envelope."""

    sha256: str
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Which object the model is and how it is stored and asked."""

    kind: str
    """Its class, such as ``sklearn.pipeline.Pipeline``, or the function's name."""
    call: str
    """``predict`` or ``call``."""
    file: str = "model.pkl"
    format: str = "cloudpickle"
    features: str | None = None
    """The file of the features that travel with it, where some do."""


@dataclass(frozen=True, slots=True)
class ExampleInfo:
    """The stored example and what was answered."""

    count: int
    """Rows or calls."""
    repeatable: bool
    """Whether the model answers the same twice."""
    file: str = "example.json"
    answers: str = "answers.json"


@dataclass(frozen=True, slots=True)
class Manifest:
    """All facts about an envelope that never change.

    ``lineage`` and ``training`` are JSON as docs/envelope.md describes it.
    """

    name: str
    model: ModelInfo
    schema: Schema
    example: ExampleInfo
    environment: Environment
    files: Mapping[str, FileEntry]
    expectations: tuple[Expectation, ...] = ()
    lineage: Mapping[str, Any] = field(default_factory=dict)
    verified: bool = True
    """Whether the model was seen to answer its example by this schema."""

    def to_json(self) -> dict[str, Any]:
        """As JSON values: see docs/envelope.md."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "name": self.name,
            "model": {
                "kind": self.model.kind,
                "call": self.model.call,
                "file": self.model.file,
                "format": self.model.format,
            }
            | ({"features": self.model.features} if self.model.features else {}),
            "schema": self.schema.to_json(),
            "example": {
                "count": self.example.count,
                "repeatable": self.example.repeatable,
                "file": self.example.file,
                "answers": self.example.answers,
            },
            "environment": self.environment.to_json(),
            "expectations": [one.to_json() for one in self.expectations],
            "lineage": dict(self.lineage),
            "files": {
                path: {"sha256": entry.sha256, "size": entry.size}
                for path, entry in sorted(self.files.items())
            },
        } | ({} if self.verified else {"verified": False})

    def to_bytes(self) -> bytes:
        """Canonical JSON: keys sorted, no spaces, UTF-8."""
        return canonical_json(self.to_json())

    @property
    def id(self) -> str:
        """The envelope's id: 40 hex digits of the canonical JSON's SHA-256."""
        return identify(self.to_bytes())

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Manifest:
        """Give the manifest that a document holds; members it does not know are left out.

        Raises
        ------
        EnvelopeError
            Where it is none of ours, of a later version, or lacks a member.
        """
        if not isinstance(value, dict) or value.get("format") != FORMAT:
            raise EnvelopeError("This is not the manifest of an envelope.")
        version = value.get("version")
        if not isinstance(version, int) or version > VERSION:
            raise EnvelopeError(
                f"The envelope's format is version {version!r}; this package reads up to "
                f"{VERSION}. Upgrade it: pip install -U jupyter_lifecycle"
            )
        try:
            model, example = value["model"], value["example"]
            return cls(
                name=str(value["name"]),
                model=ModelInfo(
                    str(model["kind"]),
                    str(model["call"]),
                    str(model["file"]),
                    str(model["format"]),
                    str(model["features"]) if model.get("features") else None,
                ),
                schema=Schema.from_json(value["schema"]),
                example=ExampleInfo(
                    int(example["count"]),
                    bool(example["repeatable"]),
                    str(example["file"]),
                    str(example["answers"]),
                ),
                environment=Environment.from_json(value["environment"]),
                files=_files(
                    value["files"],
                    tuple(
                        path
                        for path in (
                            model["file"],
                            example["file"],
                            example["answers"],
                            model.get("features"),
                        )
                        if path
                    ),
                ),
                expectations=tuple(Expectation.from_json(one) for one in value["expectations"]),
                lineage=dict(value["lineage"]),
                verified=value.get("verified", True) is not False,
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as problem:
            raise EnvelopeError(
                f"The manifest is not readable: {type(problem).__name__} at {problem}."
            ) from problem


def _files(value: Mapping[str, Any], needed: tuple[str, ...]) -> dict[str, FileEntry]:
    files = {}
    for path, entry in value.items():
        digest, size = entry["sha256"], entry["size"]
        if not is_safe_path(path):
            raise EnvelopeError(f"The manifest names the file {path!r}, which leads out of it.")
        if path.casefold() in (FILE_NAME, SIGNATURES):
            raise EnvelopeError(f"The manifest names the file {path!r}, which cannot be a part.")
        if not isinstance(digest, str) or not re.fullmatch(r"[0-9a-f]{64}", digest):
            raise EnvelopeError(f"The manifest's digest of {path} is no SHA-256.")
        if type(size) is not int or size < 0:
            raise EnvelopeError(f"The manifest's size of {path} is {size!r}.")
        files[path] = FileEntry(digest, size)
    for path in needed:
        if path not in files:
            raise EnvelopeError(f"The manifest needs the file {path} and does not list it.")
    return files


def file_entries(folder: Path) -> dict[str, FileEntry]:
    """Digest and size of each file in a folder and those below it, by their paths."""
    files = {}
    for file in sorted(folder.rglob("*")):
        if not file.is_file() or file.name == LOCK:
            continue
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        path = file.relative_to(folder).as_posix()
        if not is_safe_path(path):
            raise EnvelopeError(f"The file {path!r} has a name that is not portable.")
        files[path] = FileEntry(digest, file.stat().st_size)
    return files


def is_safe_path(name: str) -> bool:
    """Whether a file's name stays inside its envelope on every system."""
    path = PurePosixPath(name)
    return (
        name not in ("", ".")
        and len(name) <= 255
        and name == str(path)
        and not path.is_absolute()
        and not any(part in ("..", ".") or part.endswith((" ", ".")) for part in path.parts)
        and not any(letter in '\\:*?"<>|' or ord(letter) < 32 for letter in name)
    )


def canonical_json(value: Any) -> bytes:
    """JSON with sorted keys, no spaces and no NaN, in UTF-8: equal values give equal bytes."""
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode("utf-8", "surrogatepass")


def identify(data: bytes) -> str:
    """Give the id that a manifest's bytes give."""
    return hashlib.sha256(data).hexdigest()[:ID_LENGTH]


def parse_manifest(data: bytes) -> Manifest:
    """Give a manifest from its bytes.

    Raises
    ------
    EnvelopeError
        Where they are too many, no JSON, or no manifest.
    """
    if len(data) > MAX_BYTES:
        raise EnvelopeError(f"The manifest has {len(data)} bytes; up to {MAX_BYTES} are read.")
    try:
        return Manifest.from_json(json.loads(data))
    except (ValueError, RecursionError) as problem:
        raise EnvelopeError(f"The manifest is not JSON that can be read: {problem}.") from problem
