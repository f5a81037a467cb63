"""A small envelope, written by hand: what reads it is tested without building one."""

import hashlib
from pathlib import Path

import cloudpickle
import pytest

from jupyter_lifecycle.envelope.environment import Environment, Package
from jupyter_lifecycle.envelope.fields import Field
from jupyter_lifecycle.envelope.manifest import (
    FILE_NAME,
    ExampleInfo,
    FileEntry,
    Manifest,
    ModelInfo,
    canonical_json,
)
from jupyter_lifecycle.envelope.schema import Schema


def double(a: int) -> int:
    return 2 * a


def write_envelope(folder: Path, name: str = "double") -> Manifest:
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        "model.pkl": cloudpickle.dumps((double, {"a": int, "return": int})),
        "example.json": canonical_json([{"a": 1}, {"a": 2}]),
        "answers.json": canonical_json([2, 4]),
    }
    files = {}
    for path, data in contents.items():
        (folder / path).write_bytes(data)
        files[path] = FileEntry(hashlib.sha256(data).hexdigest(), len(data))
    whole = Field("value", "integer")
    manifest = Manifest(
        name=name,
        model=ModelInfo("tests.double", "call"),
        schema=Schema(
            "arguments", "keywords", (Field("a", "integer"),), (whole,), "value", aligned=True
        ),
        example=ExampleInfo(2, repeatable=True),
        environment=Environment("3.11.7", "cpython", "linux-x86_64", (Package("numpy", "2.4.6"),)),
        files=files,
    )
    (folder / FILE_NAME).write_bytes(manifest.to_bytes())
    return manifest


@pytest.fixture
def envelope(tmp_path: Path) -> Path:
    folder = tmp_path / "envelope"
    write_envelope(folder)
    return folder
