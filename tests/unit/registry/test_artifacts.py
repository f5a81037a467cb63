"""Files by content."""

import hashlib
import os
import stat
import sys
import time

import pytest

from jupyter_lifecycle.errors import (
    ConflictError,
    IntegrityError,
    MissingExtraError,
    NotFoundError,
    RegistryError,
    RegistryUnavailableError,
)
from jupyter_lifecycle.registry.artifacts import FolderArtifacts, copy_out, place, put
from jupyter_lifecycle.registry.objects import ObjectArtifacts

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


def content(artifacts):
    with artifacts.open(DIGEST) as stream:
        return stream.read()


def suspended(artifacts, chunk, offset=0):
    upload = artifacts.begin(DIGEST, offset)
    upload.write(chunk)
    upload.suspend()


def test_what_was_cut_is_gone_on_with(artifacts):
    assert artifacts.part(DIGEST) == 0
    suspended(artifacts, DATA[:4])
    suspended(artifacts, DATA[4:7], 4)
    assert artifacts.part(DIGEST) == 7
    assert artifacts.size(DIGEST) is None
    assert list(artifacts.listed()) == []
    upload = artifacts.begin(DIGEST, 5)  # what came after it is sent again
    upload.write(DATA[5:])
    upload.commit()
    upload.abort()
    assert content(artifacts) == DATA
    assert files(artifacts) == [DIGEST]


def test_what_was_cut_and_is_wrong_is_forgotten(artifacts):
    suspended(artifacts, b"XXXX")
    upload = artifacts.begin(DIGEST, 4)
    upload.write(DATA[4:])
    with pytest.raises(IntegrityError, match="changed or cut"):
        upload.commit()
    assert files(artifacts) == []
    suspended(artifacts, b"XXXX")
    assert put(artifacts, DIGEST, [DATA])  # from its beginning


def test_a_part_that_is_shorter_than_somebody_thinks(artifacts):
    with pytest.raises(ConflictError, match="has 0 bytes here") as caught:
        artifacts.begin(DIGEST, 1)
    assert caught.value.detail == {"offset": 0}
    assert files(artifacts) == []
    suspended(artifacts, DATA[:4])
    with pytest.raises(ConflictError, match="has 4 bytes here that can be gone on with, not 5"):
        artifacts.begin(DIGEST, 5)
    assert artifacts.part(DIGEST) == 4


def test_a_part_has_one_writer_at_a_time(artifacts):
    first = artifacts.begin(DIGEST)
    first.write(DATA[:4])
    assert artifacts.part(DIGEST) is None
    with pytest.raises(ConflictError):
        artifacts.begin(DIGEST, 4)
    second = artifacts.begin(DIGEST)
    second.write(DATA[:2])
    second.suspend()  # nobody could go on with a second part
    third = artifacts.begin(DIGEST)
    third.write(DATA)
    third.commit()
    first.write(DATA[4:])
    first.commit()
    assert files(artifacts) == [DIGEST]
    assert content(artifacts) == DATA


def test_where_files_cannot_be_locked_no_part_is_kept(artifacts, monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", None)
    suspended(artifacts, DATA[:4])
    assert files(artifacts) == []
    assert put(artifacts, DIGEST, [DATA])


def test_an_object_store_keeps_no_part(tmp_path):
    artifacts = ObjectArtifacts(f"file://{tmp_path}/objects")
    suspended(artifacts, DATA[:4])
    assert artifacts.part(DIGEST) == 0
    with pytest.raises(ConflictError, match="keeps no part of a file"):
        artifacts.begin(DIGEST, 4)


# -- object stores: the laws of a folder hold for them


@pytest.fixture(params=["folder", "file"])
def anywhere(request, tmp_path):
    if request.param == "folder":
        return FolderArtifacts(tmp_path / "artifacts")
    return ObjectArtifacts(f"file://{tmp_path}/objects")


def test_a_blob_anywhere(anywhere, tmp_path):
    assert anywhere.size(DIGEST) is None
    assert list(anywhere.listed()) == []
    assert put(anywhere, DIGEST, [DATA[:4], DATA[4:]])
    assert not put(anywhere, DIGEST, [b"never read"])
    assert anywhere.size(DIGEST) == len(DATA)
    with anywhere.open(DIGEST) as stream:
        assert stream.read() == DATA
    copy_out(anywhere, DIGEST, tmp_path / "deep" / "copy")
    assert (tmp_path / "deep" / "copy").read_bytes() == DATA
    anywhere.keep(DIGEST)
    ((name, written),) = anywhere.listed()
    assert name == DIGEST
    assert abs(written - time.time()) < 600
    anywhere.check()
    anywhere.sweep(time.time() + 9)
    assert anywhere.remove(DIGEST) == len(DATA)
    assert anywhere.remove(DIGEST) == 0
    assert anywhere.size(DIGEST) is None


def test_half_a_blob_is_nowhere(anywhere):
    with pytest.raises(IntegrityError, match="changed or cut on the way"):
        put(anywhere, DIGEST, [DATA[:-1]])
    upload = anywhere.begin(DIGEST)
    upload.write(DATA)
    assert anywhere.size(DIGEST) is None
    upload.abort()
    upload.abort()
    assert anywhere.size(DIGEST) is None
    assert list(anywhere.listed()) == []
    with pytest.raises(NotFoundError, match="no file with the digest"):
        anywhere.open(DIGEST)
    with pytest.raises(IntegrityError, match="no SHA-256"):
        anywhere.local("x")


def test_a_blob_that_was_changed_where_it_is_kept(tmp_path):
    artifacts = ObjectArtifacts(f"file://{tmp_path}/objects")
    put(artifacts, DIGEST, [DATA])
    (tmp_path / "objects" / DIGEST[:2] / DIGEST).write_bytes(b"other")
    with pytest.raises(IntegrityError, match="changed or cut"):
        copy_out(artifacts, DIGEST, tmp_path / "copy")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["objects"]


def test_an_object_store_that_does_not_answer(monkeypatch, tmp_path):
    artifacts = ObjectArtifacts(f"file://{tmp_path}")

    def broken(*_, **__):
        raise RuntimeError("no route to host.")

    for name in ("info", "pipe_file", "open", "find"):
        monkeypatch.setattr(artifacts._fs, name, broken)
    for ask in (lambda: artifacts.size(DIGEST), artifacts.check, lambda: artifacts.begin(DIGEST)):
        with pytest.raises(RegistryUnavailableError, match=r"file://.* now: no route to host\."):
            ask()


@pytest.mark.parametrize("url", ["nothing://x", "memory://x", "http://x.org/y"])
def test_an_address_that_is_none(url):
    with pytest.raises(RegistryError, match="is no object store that files can be kept in"):
        ObjectArtifacts(url)


def test_a_library_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    with pytest.raises(MissingExtraError, match="gs:// cannot be used"):
        ObjectArtifacts("gs://bucket")
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'jupyter_lifecycle\[s3\]'"):
        ObjectArtifacts("s3://bucket")
