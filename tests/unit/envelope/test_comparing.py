"""``jl.diff`` over bundles written by hand."""

import json
from types import SimpleNamespace

import pytest

from jupyter_lifecycle.envelope import Environment, Expectation, Field, Manifest, Package, diff
from jupyter_lifecycle.envelope.comparing import compare_environments
from jupyter_lifecycle.envelope.manifest import ExampleInfo, FileEntry, ModelInfo
from jupyter_lifecycle.envelope.schema import Schema
from jupyter_lifecycle.errors import EnvelopeError, LifecycleError


def environment(python="3.11.7", platform="linux-x86_64", **packages):
    pins = tuple(Package(name, version) for name, version in packages.items())
    return Environment(python, "cpython", platform, pins)


def side(
    name="ltv", *, dtype="int64", features=None, expectations=(), pins=None, as_json=False, **more
):
    sources = json.dumps({"features": features or []}).encode()
    lineage = {"features": {"file": "features.json", "count": len(features)}} if features else {}
    files = {
        "model.pkl": FileEntry("0" * 64, 1),
        "example.json": FileEntry("1" * 64, 1),
        "answers.json": FileEntry("2" * 64, 1),
    }
    if features:
        files["features.json"] = FileEntry(f"{hash(sources) % 10**9:064d}", len(sources))
    manifest = Manifest(
        name=name,
        model=ModelInfo("x.Y", "predict"),
        schema=Schema(
            "frame",
            "frame",
            (Field("age", "integer", dtype=dtype),),
            (Field("value", "number"),),
            "array",
            aligned=True,
        ),
        example=ExampleInfo(1, repeatable=True),
        environment=environment(**(pins or {"numpy": "2.4.0"})),
        files=files,
        expectations=tuple(expectations),
        lineage=lineage,
    )
    return SimpleNamespace(
        id=manifest.id,
        manifest=manifest.to_json() if as_json else manifest,
        read={"features.json": sources}.__getitem__,
        **more,
    )


def test_equal_envelopes():
    one = side()
    found = diff(one, one)
    assert found.verdict == "same"
    assert found.text == f"ltv {one.id[:10]} → ltv {one.id[:10]}: same"
    assert found.files == ()


def test_a_manifest_as_json_is_read_too():
    assert diff(side(), side(as_json=True, dtype="int8")).verdict == "breaking"
    with pytest.raises(EnvelopeError, match="not the manifest"):
        diff(side(), SimpleNamespace(id="0" * 40, manifest={}))
    with pytest.raises(EnvelopeError, match=r"got a str. registry\.get"):
        diff(side(), "7f3a91c2e4")


def test_metrics_and_tags():
    found = diff(
        side(metrics={"mae": 3.0, "old": 1.0}, tags={"team": "a", "same": "x"}),
        side(metrics={"mae": 2.5, "new": 7.0}, tags={"team": "b", "same": "x"}),
    )
    assert [(one.key, one.before, one.after, one.delta) for one in found.metrics] == [
        ("mae", 3.0, 2.5, -0.5),
        ("new", None, 7.0, None),
        ("old", 1.0, None, None),
    ]
    assert [(one.key, one.before, one.after) for one in found.tags] == [("team", "a", "b")]
    assert "metric mae 3 → 2.5" in str(found)
    assert "metric new none → 7" in found.text


def test_packages_say_which_part_of_the_version_moved():
    found = compare_environments(
        environment(a="1.2.3", b="1.2.3", c="1.2.3", d="1.2+cpu", e="1", same="1", odd="x"),
        environment("3.12.1", a="2.0", b="1.3", c="1.2.4", d="1.2+cu", f="1", same="1", odd="y"),
    )
    assert {one.name: one.step for one in found.packages} == {
        "a": "major",
        "b": "minor",
        "c": "patch",
        "d": "other",
        "e": "removed",
        "f": "added",
        "odd": "other",
    }
    assert found.python == ("3.11.7", "3.12.1")
    assert found.platform is None
    assert found.same == 1


def feature(name, source, key=None):
    return {"name": name, "source": source} | ({"key": key} if key else {})


def test_features_by_their_code_keys_with_a_diff():
    before = side(
        features=[
            feature("gap", "def gap(a):\n    return a", "k1"),
            feature("kept", "def kept(a): return a  # a comment", "k2"),
            feature("gone", "def gone(): ...", "k3"),
        ]
    )
    after = side(
        features=[
            feature("gap", "def gap(a):\n    return a + 1", "k4"),
            feature("kept", "def kept(a): return a", "k2"),
            feature("come", "def come(): ...", "k5"),
        ]
    )
    found = {one.name: one for one in diff(before, after).features}
    assert {name: one.change for name, one in found.items()} == {
        "gap": "changed",
        "gone": "removed",
        "come": "added",
    }
    assert "-    return a\n+    return a + 1" in found["gap"].diff
    assert "feature gap changed" in diff(before, after).text


def test_features_that_cannot_be_read():
    broken = side(features=[feature("a", "x", "k")])
    broken.read = lambda _: b"[]"
    with pytest.raises(LifecycleError, match=r"features\.json of"):
        diff(side(), broken)


def test_expectations():
    before = Expectation("age", 10, 0.0, 1.0, 9.0, categories=(("a", 1.0),))
    after = Expectation("age", 20, 0.25, 1.0, 12.0, categories=(("b", 1.0),))
    found = diff(
        side(expectations=[before, Expectation("only", 1, 0.0)]), side(expectations=[after])
    )
    assert [(one.what, one.before, one.after) for one in found.expectations] == [
        ("null share", "0", "0.25"),
        ("range", "1 to 9", "1 to 12"),
        ("categories", "a", "b"),
    ]
    assert diff(side(expectations=[Expectation("x", 1, 1.0)]), side()).expectations == ()
