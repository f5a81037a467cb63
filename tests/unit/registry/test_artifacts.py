"""Files by content."""

import hashlib
import os
import stat

import pytest

from jupyter_lifecycle.errors import IntegrityError, NotFoundError, RegistryError
from jupyter_lifecycle.registry.artifacts import FolderArtifacts, place, put

DATA = b"some bytes"
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def artifacts(tmp_path):
    return FolderArtifacts(tmp_path / "artifacts")


def files(artifacts):
    return sorted(path.name for path in artifacts.folder.rglob("*") if path.is_file())


def test_a_file_goes_in_once_and_comes_out_whole(artifacts):
    assert artifacts.size(DIGEST) is None
    assert artifacts.local(DIGEST) is None
    assert put(artifacts, DIGEST, [DATA[:4], DATA[4:]])
    assert not put(artifacts, DIGEST, [b"never read"])
    assert artifacts.size(DIGEST) == len(DATA)
    with artifacts.open(DIGEST) as stream:
        assert stream.read() == DATA
    assert stat.S_IMODE(artifacts.local(DIGEST).stat().st_mode) == 0o444
    assert files(artifacts) == [DIGEST]


def test_what_is_not_whole_is_not_there(artifacts):
    with pytest.raises(IntegrityError, match="changed or cut on the way"):
        put(artifacts, DIGEST, [DATA[:-1]])

    def breaks():
        yield DATA[:4]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        put(artifacts, DIGEST, breaks())
    upload = artifacts.begin(DIGEST)
    upload.write(DATA)
    assert artifacts.size(DIGEST) is None
    upload.abort()
    assert files(artifacts) == []


def test_two_writers_of_one_file(artifacts):
    first, second = artifacts.begin(DIGEST), artifacts.begin(DIGEST)
    for upload in (first, second):
        upload.write(DATA)
    first.commit()
    second.commit()
    assert files(artifacts) == [DIGEST]


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "/"])
def test_a_digest_is_one(artifacts, digest):
    with pytest.raises(IntegrityError, match="no SHA-256"):
        artifacts.size(digest)


def test_a_file_that_is_not_there(artifacts):
    with pytest.raises(NotFoundError, match="no file with the digest"):
        artifacts.open(DIGEST)


def test_a_disk_that_does_not_take_it(artifacts):
    artifacts.folder.parent.mkdir(exist_ok=True)
    artifacts.folder.touch()
    with pytest.raises(RegistryError, match="could not write a file"):
        put(artifacts, DIGEST, [DATA])


def test_a_second_name_is_a_link_or_a_copy(tmp_path, monkeypatch):
    source = tmp_path / "source"
    source.write_bytes(DATA)
    place(source, tmp_path / "a" / "link")
    assert (tmp_path / "a" / "link").stat().st_ino == source.stat().st_ino

    def refuse(*_):
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    place(source, tmp_path / "a" / "copy")
    assert (tmp_path / "a" / "copy").read_bytes() == DATA
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["copy", "link"]
