"""The reader against archives and manifests that somebody damaged on purpose, or by chance.

``JUPYTER_LIFECYCLE_FUZZ_SECONDS`` makes it run longer, from another seed each time, and
``JUPYTER_LIFECYCLE_FUZZ_REPORT`` names a file that then says how often each answer came.
"""

import collections
import copy
import json
import os
import random
import time
import zipfile
from pathlib import Path

import pytest

from jupyter_lifecycle.envelope import open_bundle, parse_manifest
from jupyter_lifecycle.envelope.manifest import FILE_NAME, SIGNATURES, canonical_json
from jupyter_lifecycle.errors import EnvelopeError, LifecycleError

SECONDS = float(os.environ.get("JUPYTER_LIFECYCLE_FUZZ_SECONDS", "0"))
REPORT = os.environ.get("JUPYTER_LIFECYCLE_FUZZ_REPORT")
ROUNDS = 400
PACKINGS = (
    [zipfile.ZIP_STORED] * 4 + [zipfile.ZIP_DEFLATED] * 4 + [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
ODD = [
    None, True, -1, 0, 2**70, 1e308, "", "x" * 5000, "../../etc/passwd", "\u0000", "a\\b", [], {}, [[]], {"": {}},
    "\ud800", "CON", "/", ".", "model.pkl/", "é", [None] * 50, {"name": 1},
]  # fmt: skip
NAMES = [
    "../x",
    "/etc/x",
    "a/../../x",
    "C:\\x",
    "x\u0000y",
    "con.",
    "model.pkl",
    "MODEL.PKL",
    "dir/",
    ".held",
    "",
    SIGNATURES,
    SIGNATURES.upper(),
]


def rounds():
    """Seeds: some that are always the same, then others for as long as was asked for."""
    yield from range(ROUNDS)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        yield random.randrange(2**60)


def report(what, outcomes):
    """Add a line to the report that was asked for."""
    if REPORT:
        with Path(REPORT).open("a", encoding="utf-8") as stream:
            counted = dict(outcomes.most_common())
            line = {"what": what, "seconds": SECONDS, "tried": sum(counted.values()), **counted}
            stream.write(json.dumps(line) + "\n")


def places(value, path=()):
    """Every place in a JSON value."""
    found, waiting = [], [(value, path)]
    while waiting:
        one, where = waiting.pop()
        found.append(where)
        items = (
            one.items()
            if isinstance(one, dict)
            else enumerate(one)
            if isinstance(one, list)
            else ()
        )
        waiting += [(item, (*where, key)) for key, item in items]
    return found


def damaged(document, chance):
    """One to three places of a document get odd values, go, or move."""
    document = json.loads(json.dumps(document))
    for _ in range(chance.randint(1, 3)):
        where = chance.choice([one for one in places(document) if one])
        holder = document
        for key in where[:-1]:
            holder = holder[key]
        kind = chance.random()
        if kind < 0.6:
            holder[where[-1]] = copy.deepcopy(chance.choice(ODD))
        elif kind < 0.8:
            del holder[where[-1]]
        elif isinstance(holder, dict):
            holder[str(chance.choice(ODD))] = copy.deepcopy(holder[where[-1]])
    return document


def test_manifests(envelope):
    document = json.loads((envelope / FILE_NAME).read_bytes())
    outcomes = collections.Counter()
    for seed in rounds():
        found = damaged(document, random.Random(seed))
        try:
            parse_manifest(json.dumps(found).encode("utf-8", "surrogatepass"))
        except LifecycleError as problem:
            outcomes[type(problem).__name__] += 1
        else:
            outcomes["read"] += 1
    report("manifests", outcomes)
    assert outcomes["EnvelopeError"] > ROUNDS / 3


def test_nesting_beyond_reason(envelope):
    deep = b"[" * 200_000 + b"]" * 200_000
    with pytest.raises(EnvelopeError):
        parse_manifest(deep)
    document = json.loads((envelope / FILE_NAME).read_bytes())
    field = {"name": "a", "type": "array"}
    for _ in range(3000):
        field = {"name": "a", "type": "array", "items": field}
    document["schema"]["inputs"] = [field]
    with pytest.raises(EnvelopeError):
        parse_manifest(_flat(document))


def _flat(document):
    """JSON of what is too deep for the encoder."""
    deep = document["schema"]["inputs"][0]
    depth = 0
    while "items" in deep:
        deep, depth = deep["items"], depth + 1
    document["schema"]["inputs"] = ["@"]
    text = json.dumps(document)
    inner = (
        '{"name":"a","type":"array","items":' * depth + '{"name":"a","type":"array"}' + "}" * depth
    )
    return text.replace('"@"', inner).encode()


def rebuilt(folder, target, chance):
    """An archive of the envelope's files with odd members, manifests and headers."""
    document = json.loads((folder / FILE_NAME).read_bytes())
    if chance.random() < 0.5:
        document = damaged(document, chance)
    with zipfile.ZipFile(target, "w") as archive:
        members = [(FILE_NAME, json.dumps(document).encode("utf-8", "surrogatepass"))]
        members += [
            (one.name, one.read_bytes())
            for one in sorted(folder.iterdir())
            if one.name != FILE_NAME
        ]
        if chance.random() < 0.5:
            members.append((chance.choice(NAMES), b"odd"))
        chance.shuffle(members)
        for name, data in members:
            info = zipfile.ZipInfo("x")
            info.filename = name or "x"
            if chance.random() < 0.1:
                info.external_attr = chance.choice([0o120777, 0o060644, 0o040755]) << 16
            info.compress_type = chance.choice(PACKINGS)
            archive.writestr(info, data if chance.random() < 0.9 else data[: len(data) // 2])


def corrupted(plain, chance):
    """The bytes of an archive with some changed, anywhere or in its directory, or cut."""
    data = bytearray(plain)
    directory = plain.rindex(b"PK\x05\x06")
    first = chance.choice([0, 0, plain.index(b"PK\x01\x02"), directory])
    for _ in range(chance.randint(1, 20)):
        data[chance.randrange(first, len(data))] = chance.randrange(256)
    if chance.random() < 0.1:  # sizes and places that lie
        at = chance.randrange(first, len(data) - 4)
        data[at : at + 4] = chance.choice([b"\xff" * 4, b"\x00" * 4, b"\x00\x00\x00\x80"])
    return bytes(data[: chance.choice([len(data)] * 3 + [chance.randrange(len(data))])])


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_archives(envelope, tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    outside = sorted(tmp_path.rglob("*"))
    whole = open_bundle(envelope)
    plain = whole.export(scratch / "plain").read_bytes()
    target = scratch / "damaged.envelope"
    outcomes = collections.Counter()
    for seed in rounds():
        chance = random.Random(seed)
        if seed % 2:
            target.write_bytes(corrupted(plain, chance))
        else:
            rebuilt(envelope, target, chance)
        try:
            bundle = open_bundle(target)
        except LifecycleError as problem:
            outcomes[type(problem).__name__] += 1
        else:
            outcomes["opened"] += 1
            there = {path.name for path in bundle.path.iterdir()}
            assert set(bundle.files) == there - {FILE_NAME, SIGNATURES, ".held"}, seed
            bundle.verify_files()
            del bundle
        assert sorted(one.name for one in scratch.iterdir()) == [
            "damaged.envelope",
            "plain.envelope",
        ], seed
    assert sorted(tmp_path.rglob("*")) == sorted([*outside, *scratch.iterdir()])
    report("archives", outcomes)
    assert 0 < outcomes["opened"] < sum(outcomes.values())


def test_a_manifest_that_is_canonical_is_read_again_to_the_same_bytes(envelope):
    data = Path(envelope / FILE_NAME).read_bytes()
    assert parse_manifest(data).to_bytes() == data
    assert canonical_json(json.loads(data)) == data
