"""Small envelopes, made by hand: the registry does not care what is in them."""

import hashlib
import json
from pathlib import Path

import pytest

from jupyter_lifecycle.envelope.bundle import Bundle
from jupyter_lifecycle.registry import Registry
from jupyter_lifecycle.registry.store import Store


def manifest_of(
    name="ltv", *, inputs=None, outputs=None, packages=None, python="3.11.9", files=None
):
    fields = {"integer": "integer", "number": "number", "string": "string"}
    return {
        "format": "jupyter-lifecycle-envelope",
        "version": 1,
        "name": name,
        "model": {"kind": "x.Y", "call": "predict", "file": "model.pkl", "format": "cloudpickle"},
        "schema": {
            "form": "arguments",
            "container": "keywords",
            "inputs": [
                {"name": key, "type": fields.get(kind, kind)}
                for key, kind in (inputs if inputs is not None else {"age": "integer"}).items()
            ],
            "outputs": [
                {"name": key, "type": kind}
                for key, kind in (outputs if outputs is not None else {"value": "number"}).items()
            ],
            "answer": "value",
            "aligned": False,
        },
        "example": {
            "count": 1,
            "repeatable": True,
            "file": "example.json",
            "answers": "answers.json",
        },
        "environment": {
            "python": python,
            "implementation": "cpython",
            "platform": "linux",
            "packages": [
                {"name": key, "version": version}
                for key, version in (packages or {"numpy": "2.4.0"}).items()
            ],
            "local": [],
        },
        "expectations": [],
        "lineage": {},
        "files": {
            path: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
            for path, data in (files or {}).items()
        },
    }


@pytest.fixture
def make_bundle(tmp_path):
    """A bundle on disk; another ``salt`` is another envelope."""
    made = 0

    def make(name="ltv", *, salt=None, files=None, **facts) -> Bundle:
        nonlocal made
        made += 1
        content = {
            "model.pkl": f"model {made if salt is None else salt}".encode(),
            "example.json": b'[{"age": 1}]',
            "answers.json": b"[1.0]",
            **(files or {}),
        }
        folder = tmp_path / "bundles" / f"{made:04}"
        for path, data in content.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        manifest = manifest_of(name, files=content, **facts)
        text = json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        (folder / "manifest.json").write_bytes(text.encode())
        return Bundle(folder)

    return make


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "registry"


@pytest.fixture
def registry(folder):
    with Registry(folder) as registry:
        yield registry


@pytest.fixture
def store(folder):
    store = Store.in_folder(folder, author="ana")
    yield store
    store.close()
