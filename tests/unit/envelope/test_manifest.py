"""The manifest: canonical, versioned, and read with care."""

import contextlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_lifecycle.envelope import Environment, Expectation, Manifest, parse_manifest
from jupyter_lifecycle.envelope import manifest as module
from jupyter_lifecycle.envelope.manifest import FILE_NAME, canonical_json
from jupyter_lifecycle.errors import EnvelopeError


@pytest.fixture
def document(envelope):
    return json.loads((envelope / FILE_NAME).read_text("utf-8"))


def test_it_comes_back(document, envelope):
    manifest = parse_manifest((envelope / FILE_NAME).read_bytes())
    assert manifest.to_json() == document
    assert Manifest.from_json(document) == manifest
    assert len(manifest.id) == 40


def test_equal_values_give_equal_bytes():
    assert canonical_json({"b": 1, "a": "é"}) == '{"a":"é","b":1}'.encode()
    with pytest.raises(ValueError, match="Out of range"):
        canonical_json(float("nan"))


def test_members_of_later_versions_are_left_out(document):
    document["signature"] = "…"
    document["schema"]["inputs"][0]["unit"] = "metre"
    assert Manifest.from_json(document).schema.inputs[0].name == "a"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": "other"}, "not the manifest of an envelope"),
        ({"version": 2}, "version 2; this package reads up to 1. Upgrade it: pip install -U"),
        ({"version": "1"}, "version '1'"),
        ({"model": None}, "The manifest is not readable"),
        ({"files": {"a": {"sha256": "x"}}}, "The manifest is not readable: KeyError at 'size'"),
        ({"files": {"../a": {"sha256": "x", "size": 1}}}, "which leads out of it"),
        ({"files": {"manifest.json": {"sha256": "x", "size": 1}}}, "which cannot be a part"),
        ({"files": {"signatures.json": {"sha256": "x", "size": 1}}}, "which cannot be a part"),
        ({"files": {"a": {"sha256": "x", "size": 1}}}, "digest of a is no SHA-256"),
        ({"files": {"a": {"sha256": "0" * 64, "size": -1}}}, "size of a is -1"),
        ({"files": {}}, r"needs the file model\.pkl and does not list it"),
        ({"environment": {}}, "The environment is not readable"),
        ({"expectations": [{}]}, "An expectation is not readable"),
    ],
)
def test_what_is_refused(document, change, words):
    with pytest.raises(EnvelopeError, match=words):
        Manifest.from_json({**document, **change})


def test_bytes_that_are_no_manifest(monkeypatch):
    with pytest.raises(EnvelopeError, match="not JSON that can be read"):
        parse_manifest(b"{")
    with pytest.raises(EnvelopeError, match="not JSON that can be read"):
        parse_manifest(b"[" * 200_000)
    with pytest.raises(EnvelopeError, match="not the manifest"):
        parse_manifest(b"[]")
    monkeypatch.setattr(module, "MAX_BYTES", 3)
    with pytest.raises(EnvelopeError, match="has 4 bytes; up to 3 are read"):
        parse_manifest(b"1234")


PATCHES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4)),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=5,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), PATCHES)
def test_any_change_is_read_or_refused(document, data, patch):
    document = json.loads(json.dumps(document))
    place = document
    while True:
        key = data.draw(
            st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place)))
        )
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            break
        place = inner
    place[key] = patch
    with contextlib.suppress(EnvelopeError):
        parse_manifest(json.dumps(document).encode())


def test_parts_refuse_what_is_not_theirs():
    with pytest.raises(EnvelopeError):
        Environment.from_json(
            {"python": "3", "implementation": "c", "platform": "x", "packages": [1], "local": []}
        )
    with pytest.raises(EnvelopeError):
        Expectation.from_json({"name": "a", "rows": "many", "null_share": 0})
