"""The environment built anew, and the example replayed there."""

import dataclasses
import json

import numpy as np
import pytest

from jupyter_lifecycle.envelope import Bundle, Package, build
from jupyter_lifecycle.envelope.manifest import FILE_NAME
from jupyter_lifecycle.envelope.proving import prove
from jupyter_lifecycle.errors import TrustError
from jupyter_lifecycle.registry import Registry


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))


OFFSET = np.float64(2.5)


def shifted(a: float) -> float:
    return float(a + OFFSET)


def changed(bundle, **change):
    """The same files with other facts in the manifest."""
    manifest = dataclasses.replace(bundle.manifest, **change)
    (bundle.path / FILE_NAME).write_bytes(manifest.to_bytes())
    return Bundle(bundle.path, trust=True)


def with_packages(bundle, *packages):
    environment = dataclasses.replace(bundle.manifest.environment, packages=packages)
    return changed(bundle, environment=environment)


def test_the_example_is_answered_in_a_fresh_environment(tmp_path):
    bundle = build(shifted, name="shifted", example={"a": 1.0})
    proof = bundle.verify()
    assert proof.passed, proof.reason
    assert proof.notes == ()
    assert 'name = "numpy"' in proof.pylock
    assert "sha256" in proof.pylock
    assert str(proof).startswith(f"{bundle.id[:10]} passed")
    assert json.loads(json.dumps(proof.to_json()))["packages"] == proof.packages
    assert [one.name for one in (tmp_path / "scratch").iterdir()] == [bundle.path.name]


def test_what_the_lock_forgot_is_missed():
    bundle = build(shifted, name="shifted", example={"a": 1.0})
    proof = prove(
        with_packages(bundle, Package("cloudpickle", _version("cloudpickle"))), lock=False
    )
    assert not proof.passed
    assert "the replay failed: ModuleNotFoundError: No module named 'numpy'" in proof.reason
    assert "failed: the replay failed" in str(proof)


def _version(name):
    from importlib.metadata import version

    return version(name)


def test_packages_that_no_index_has():
    bundle = build(shifted, name="shifted", example={"a": 1.0})
    proof = prove(with_packages(bundle, Package("numpy", "0.0.1")), lock=False)
    assert proof.reason.startswith("uv pip said: ")
    assert "numpy" in proof.reason


def test_a_local_label_that_the_index_has_not_is_said():
    bundle = build(shifted, name="shifted", example={"a": 1.0})
    packages = [
        dataclasses.replace(one, version=f"{one.version}+cpu") if one.name == "numpy" else one
        for one in bundle.manifest.environment.packages
    ]
    proof = prove(with_packages(bundle, *packages), lock=False)
    assert proof.passed, proof.reason
    assert "+cpu: its own build was taken" in proof.notes[0]


def test_other_answers_and_endless_ones(monkeypatch):
    bundle = build(shifted, name="shifted", example={"a": 1.0})
    (bundle.path / "answers.json").write_bytes(b"99.0")
    import hashlib

    from jupyter_lifecycle.envelope import FileEntry

    entry = FileEntry(hashlib.sha256(b"99.0").hexdigest(), 4)
    other = changed(bundle, files={**bundle.files, "answers.json": entry})
    assert "it answers otherwise: the answer is 99.0 here" in prove(other, lock=False).reason
    assert "took longer than 0 s" in prove(other, lock=False, limit=0.01).reason


def test_its_code_runs_only_where_it_is_trusted(make_bundle):
    with pytest.raises(TrustError, match="runs code"):
        make_bundle().verify()


def test_the_registry_keeps_the_proof_as_a_tag(tmp_path):
    registry = Registry(tmp_path / "registry")
    envelope = registry.add(build(lambda: 3, name="three"))
    assert envelope.verify().passed
    assert envelope.tags["verified"].startswith("python 3.")
    broken = registry.get(envelope.id)
    lost = with_packages(envelope.bundle, Package("numpy", "0.0.1"))
    broken._bundle = lost
    assert not broken.verify().passed
    assert "verified" not in registry.get(envelope.id).tags
