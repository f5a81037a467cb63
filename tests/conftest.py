"""What tests of several layers share."""

import hashlib
import subprocess
import sys

import pytest


@pytest.fixture(scope="session", autouse=True)
def nothing_of_the_person(tmp_path_factory):
    """The registry, the cache and the settings of who runs the tests are never touched."""
    home = tmp_path_factory.mktemp("lifecycle")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_LIFECYCLE_HOME", str(home / "home"))
        patch.setenv("JUPYTER_LIFECYCLE_CACHE", str(home / "cache"))
        patch.setenv("XDG_CONFIG_HOME", str(home / "config"))
        patch.setenv("IPYTHONDIR", str(home / "ipython"))
        yield
        if (home / "home" / "deployer").exists():
            command = [sys.executable, "-m", "jupyter_lifecycle.cli", "deployer", "stop"]
            subprocess.run(command, check=True, capture_output=True, timeout=60)


@pytest.fixture
def make_bundle(tmp_path):
    """Bundles written by hand: valid in every digest, with a model that is never loaded.

    ``make_bundle("ltv", inputs={"age": "integer"}, packages={"numpy": "2.4.0"}, salt="a")``;
    without a salt each is another envelope.
    """
    from jupyter_lifecycle.envelope import (
        Bundle,
        Environment,
        Field,
        FileEntry,
        Manifest,
        Package,
        Schema,
    )
    from jupyter_lifecycle.envelope.manifest import ExampleInfo, ModelInfo

    made = 0

    def fields(found):
        return tuple(Field(name, kind) for name, kind in found.items())

    def make(
        name="ltv",
        *,
        salt=None,
        inputs=None,
        outputs=None,
        packages=None,
        python="3.11.9",
        files=None,
    ):
        nonlocal made
        made += 1
        content = {
            "model.pkl": f"model {made if salt is None else salt}".encode(),
            "example.json": b'[{"age":1}]',
            "answers.json": b"[1.0]",
            **(files or {}),
        }
        folder = tmp_path / "bundles" / f"{made:05}"
        for path, data in content.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        manifest = Manifest(
            name=name,
            model=ModelInfo("x.Y", "predict"),
            schema=Schema(
                form="arguments",
                container="keywords",
                inputs=fields({"age": "integer"} if inputs is None else inputs),
                outputs=fields({"value": "number"} if outputs is None else outputs),
                answer="value",
            ),
            example=ExampleInfo(1, repeatable=True),
            environment=Environment(
                python=python,
                implementation="cpython",
                platform="linux-x86_64",
                packages=tuple(
                    Package(key, version)
                    for key, version in (
                        {"numpy": "2.4.0"} if packages is None else packages
                    ).items()
                ),
            ),
            files={
                path: FileEntry(hashlib.sha256(data).hexdigest(), len(data))
                for path, data in content.items()
            },
        )
        (folder / "manifest.json").write_bytes(manifest.to_bytes())
        return Bundle(folder)

    return make
