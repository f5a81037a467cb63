"""Bundles: read without running, loaded where trusted, and hostile archives refused."""

import json
import stat
import struct
import tempfile
import zipfile
from pathlib import Path

import pytest

from jupyter_lifecycle.envelope import Bundle, open_bundle
from jupyter_lifecycle.envelope.manifest import FILE_NAME, identify, is_safe_path
from jupyter_lifecycle.envelope.serving import load_service
from jupyter_lifecycle.errors import EnvelopeError, InputError, IntegrityError, TrustError


def test_metadata_is_read_without_trust(envelope):
    bundle = open_bundle(envelope)
    assert bundle.id == identify((envelope / FILE_NAME).read_bytes())
    assert bundle.manifest.name == "double"
    assert bundle.example() == [{"a": 1}, {"a": 2}]
    assert bundle.answers_json() == [2, 4]
    assert bundle.size == sum(
        file.stat().st_size for file in envelope.iterdir() if file.name != FILE_NAME
    )
    assert repr(bundle) == f"<Bundle double {bundle.id[:10]}>"
    with pytest.raises(TrustError, match=r"runs code, and nobody said that it may.*load\(trust="):
        bundle.load()
    with pytest.raises(TrustError):
        bundle.predict({"a": 1})


def test_trust_by_word_or_by_id(envelope):
    identity = open_bundle(envelope).id
    assert open_bundle(envelope, trust=True).predict({"a": 4}) == 8
    assert open_bundle(envelope, trust=identity).predict([{"a": 4}]) == [8]
    assert open_bundle(envelope).load(trust=identity)(3) == 6
    assert open_bundle(envelope).load(trust=True)(3) == 6
    with pytest.raises(TrustError, match="was trusted"):
        open_bundle(envelope, trust="0" * 40)
    with pytest.raises(TrustError, match="Give the whole id of 40 digits"):
        open_bundle(envelope, trust=identity[:10])
    with pytest.raises(InputError):
        open_bundle(envelope, trust=True).predict({"b": 4})


def test_a_changed_file_is_not_loaded(envelope):
    model = envelope / "model.pkl"
    model.write_bytes(model.read_bytes()[:-1] + b"x")
    with pytest.raises(IntegrityError, match=r"model\.pkl is not what the manifest says"):
        open_bundle(envelope, trust=True).load()


def test_a_file_that_changes_after_its_check_is_checked_again(envelope):
    bundle = open_bundle(envelope)
    bundle.verify_files()
    (envelope / "answers.json").write_bytes(b"[3,4]")
    with pytest.raises(IntegrityError):
        bundle.answers_json()


def test_files_that_are_not_there(envelope, tmp_path):
    bundle = open_bundle(envelope)
    with pytest.raises(EnvelopeError, match=r"has no file other; it has answers\.json"):
        bundle.read("other")
    (envelope / "answers.json").unlink()
    with pytest.raises(IntegrityError, match=r"answers\.json cannot be read"):
        bundle.answers_json()
    with pytest.raises(EnvelopeError, match="There is no"):
        open_bundle(tmp_path / "nowhere")
    with pytest.raises(EnvelopeError, match="it is not an envelope"):
        open_bundle(tmp_path)


def test_export_is_deterministic_and_comes_back(envelope, tmp_path):
    bundle = open_bundle(envelope)
    first = bundle.export(tmp_path / "one")
    second = bundle.export(tmp_path / "two.envelope")
    assert first.name == "one.envelope"
    assert first.read_bytes() == second.read_bytes()
    again = open_bundle(first, trust=bundle.id)
    assert again.id == bundle.id
    assert again.predict({"a": 5}) == 10
    folder = again.path
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    del again
    assert not folder.exists()
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "envelope",
        "one.envelope",
        "two.envelope",
    ]


def test_an_export_that_fails_leaves_nothing(envelope, tmp_path, monkeypatch):
    def full(*_):
        raise OSError("no space")

    monkeypatch.setattr("shutil.copyfileobj", full)
    with pytest.raises(OSError, match="no space"):
        open_bundle(envelope).export(tmp_path / "out.envelope")
    assert [file.name for file in tmp_path.iterdir()] == ["envelope"]


def test_a_service_answers_json(envelope):
    served = load_service(envelope)
    assert served.predict_json({"a": 4}) == 8
    assert served.predict_json(served.example) == served.answers
    assert served.schema.form == "arguments"
    with pytest.raises(InputError, match="/a: expected an integer"):
        served.predict_json({"a": "4"})


def archive_of(folder: Path, target: Path, change) -> Path:
    """A zip of an envelope in which ``change`` may alter (name, data, mode) or add members."""
    members = [(file.name, file.read_bytes(), 0o644) for file in sorted(folder.iterdir())]
    members.sort(key=lambda member: member[0] != FILE_NAME)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data, mode in change(members):
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, data)
    return target


def with_more(name, mode=0o644, data=b"x"):
    return lambda members: [*members, (name, data, mode)]


def bigger(members):
    return [
        (name, data + b" " if name == "answers.json" else data, mode)
        for name, data, mode in members
    ]


def other(members):
    return [
        (name, b"[2,5]" if name == "answers.json" else data, mode) for name, data, mode in members
    ]


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (with_more("../evil.py"), "leads out or is not portable"),
        (with_more("/etc/evil"), "leads out or is not portable"),
        (with_more("C:\\evil"), "leads out or is not portable"),
        (with_more("a/../../evil"), "leads out or is not portable"),
        (with_more("folder/"), "leads out or is not portable"),
        (with_more("link", stat.S_IFLNK | 0o777, b"/etc/passwd"), "as a link or device"),
        (with_more("model.pkl"), r"has model\.pkl twice"),
        (with_more("MODEL.PKL"), r"has MODEL\.PKL twice"),
        (with_more("more.txt"), r"has more\.txt, which its manifest does not name"),
        (lambda members: members[:-1], r"lacks model\.pkl, which its manifest names"),
        (lambda members: members[1:], r"has no manifest\.json"),
        (bigger, r"answers\.json has 6 bytes, its manifest says 5"),
        (other, r"answers\.json is not what the manifest says"),
        (lambda _: [(f"f{i}", b"", 0o644) for i in range(10_001)], "has 10001 files"),
    ],
)
def test_hostile_archives(envelope, tmp_path, change, words, monkeypatch):
    target = archive_of(envelope, tmp_path / "hostile.envelope", change)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    with pytest.raises(IntegrityError, match=words):
        open_bundle(target)
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_archive_that_is_packed_in_another_way(envelope, tmp_path, packing):
    """Their decompressors raise errors of their own on damaged data."""
    target = tmp_path / "other.envelope"
    with zipfile.ZipFile(target, "w", packing) as archive:
        for file in envelope.iterdir():
            archive.write(file, file.name)
    with pytest.raises(IntegrityError, match="packed in a way that envelopes are not"):
        open_bundle(target)


def test_a_bomb_stops_at_the_size_its_header_says(envelope, tmp_path):
    def bomb(members):
        manifest = json.loads(members[0][1])
        manifest["files"]["answers.json"]["size"] = 10_000_000
        head = (FILE_NAME, json.dumps(manifest).encode(), 0o644)
        return [
            head,
            *(
                (name, b"0" * 10_000_000 if name == "answers.json" else data, mode)
                for name, data, mode in members[1:]
            ),
        ]

    target = archive_of(envelope, tmp_path / "bomb.envelope", bomb)
    patched(target, b"answers.json", 24, 5)
    with pytest.raises(IntegrityError):
        open_bundle(target)


def patched(target, name, offset, value):
    """Change one number of a member's entry in the archive's directory."""
    data = bytearray(target.read_bytes())
    place = data.rfind(b"PK\x01\x02", 0, data.rfind(name))
    data[place + offset : place + offset + 4] = struct.pack("<I", value)
    target.write_bytes(bytes(data))


def test_a_member_that_is_shorter_than_it_says(envelope, tmp_path):
    def longer(members):
        manifest = json.loads(members[0][1])
        manifest["files"]["answers.json"]["size"] = 6
        return [(FILE_NAME, json.dumps(manifest).encode(), 0o644), *members[1:]]

    target = archive_of(envelope, tmp_path / "short.envelope", longer)
    patched(target, b"answers.json", 24, 6)
    with pytest.raises(IntegrityError, match=r"answers\.json unpacks to 5 of its 6 bytes"):
        open_bundle(target)


def test_a_manifest_that_is_too_long(envelope, tmp_path, monkeypatch):
    target = open_bundle(envelope).export(tmp_path / "long.envelope")
    monkeypatch.setattr("jupyter_lifecycle.envelope.archive.MAX_BYTES", 10)
    with pytest.raises(IntegrityError, match=r"manifest\.json unpacks to more than its 10 bytes"):
        open_bundle(target)


def test_a_truncated_or_foreign_file(envelope, tmp_path):
    whole = open_bundle(envelope).export(tmp_path / "whole.envelope").read_bytes()
    for place, data in enumerate((b"", b"not a zip", whole[:-30], whole[: len(whole) // 2])):
        target = tmp_path / f"{place}.envelope"
        target.write_bytes(data)
        with pytest.raises(IntegrityError, match="is not a readable envelope"):
            open_bundle(target)


@pytest.mark.parametrize("name", ["a.json", "code/a.py", "ä.txt"])
def test_safe_paths(name):
    assert is_safe_path(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "a/..",
        "./a",
        "a//b",
        "a/",
        "/a",
        "a\\b",
        "a:b",
        "a\x00",
        "a.",
        "a ",
        "x" * 256,
    ],
)
def test_unsafe_paths(name):
    assert not is_safe_path(name)


def test_a_bundle_can_be_opened_by_string(envelope):
    assert open_bundle(str(envelope)).id == Bundle(envelope).id
