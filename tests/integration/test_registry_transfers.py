"""Files on their way through a network that cuts connections."""

import contextlib
import hashlib
import random
import socket
import threading

import pytest
import requests

from jupyter_lifecycle.errors import IntegrityError, RegistryUnavailableError
from jupyter_lifecycle.registry import Registry
from jupyter_lifecycle.registry.artifacts import FolderArtifacts
from jupyter_lifecycle.registry.objects import ObjectArtifacts
from jupyter_lifecycle.registry.server import create_app
from jupyter_lifecycle.registry.store import Store
from jupyter_lifecycle.registry.store.database import Database

DATA = random.Random(7).randbytes(5_000_000)
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_LIFECYCLE_HOME", str(tmp_path / "home"))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(DATA)
    return path


class Cutter:
    """A way to a server that is cut after so many bytes in one direction, so many times."""

    def __init__(self, address, *, up=None, down=None, times=1):
        host, port = address.removeprefix("http://").split(":")
        self._to = (host, int(port))
        self._limits, self.times = (up, down), times
        self.passed = [0, 0]
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._threads, self._sockets = [], [self._listening]
        self._start(self._accept)

    @property
    def address(self):
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def _start(self, function, *arguments):
        thread = threading.Thread(target=function, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(self._to)
                self._sockets += [client, server]
                self._start(self._pump, client, server, 0)
                self._start(self._pump, server, client, 1)

    def _pump(self, source, target, way):
        here = 0
        with contextlib.suppress(OSError):
            while chunk := source.recv(65_536):
                here += len(chunk)
                limit = self._limits[way]
                if limit is not None and self.times and here > limit:
                    self.times -= 1
                    break
                target.sendall(chunk)
                self.passed[way] += len(chunk)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(30)
        for one in self._sockets:
            one.close()


@pytest.fixture
def serve(tmp_path, serve_app):
    """A server behind a way that is cut; gives its registry, that way and where files are."""
    closing = contextlib.ExitStack()

    def serve(artifacts=None, **cuts):
        artifacts = artifacts or FolderArtifacts(tmp_path / "artifacts")
        store = Store(Database(f"sqlite:///{tmp_path}/registry.db"), artifacts, author="admin")
        closing.callback(store.close)
        address = serve_app(create_app(store))
        cutter = Cutter(address, **cuts)
        closing.callback(cutter.close)
        token = store.keyring.create("ana", ["write"])[1]
        registry = Registry(cutter.address, token=token)
        closing.callback(registry.close)
        return registry, cutter, artifacts

    with closing:
        yield serve


def content(artifacts):
    with artifacts.open(DIGEST) as stream:
        return stream.read()


def names(artifacts):
    return [path.name for path in artifacts.folder.rglob("*") if path.is_file()]


def test_an_upload_that_is_cut_goes_on_where_it_was(serve, file):
    registry, cutter, artifacts = serve(up=1_500_000, times=3)
    told = []
    registry._backend.send(DIGEST, file, lambda done, total: told.append((done, total)))
    assert content(artifacts) == DATA
    assert names(artifacts) == [DIGEST]
    assert cutter.times == 0
    assert cutter.passed[0] < 1.6 * len(DATA)
    assert told[-1] == (len(DATA), len(DATA))


def test_an_upload_that_never_gets_on(serve, file):
    registry, cutter, artifacts = serve(up=1_000, times=10**9)
    with pytest.raises(
        RegistryUnavailableError, match=r"was cut off 3 times while file \w{10} was"
    ):
        registry._backend.send(DIGEST, file, None)
    assert artifacts.size(DIGEST) is None
    cutter.times = 0  # the network is mended: the next save goes on
    registry._backend.send(DIGEST, file, None)
    assert content(artifacts) == DATA


def test_a_store_that_keeps_no_parts_is_sent_all_again(serve, file, tmp_path):
    registry, cutter, artifacts = serve(ObjectArtifacts(f"file://{tmp_path}/objects"), up=3_000_000)
    registry._backend.send(DIGEST, file, None)
    assert content(artifacts) == DATA
    assert cutter.passed[0] > 1.4 * len(DATA)


def test_a_part_that_is_wrong_is_sent_from_the_beginning(serve, file):
    registry, _, artifacts = serve(up=2_500_000)
    part = artifacts.folder / "incoming" / f"{DIGEST}.part"
    spoil = artifacts.part

    def spoiled(digest):
        size = spoil(digest)
        if size:
            with part.open("r+b") as stream:
                stream.write(b"XXXX")
        return size

    artifacts.part = spoiled
    registry._backend.send(DIGEST, file, None)
    assert content(artifacts) == DATA


def test_bytes_that_are_not_what_was_promised(serve, file):
    registry, _, artifacts = serve()
    with pytest.raises(IntegrityError, match="changed or cut on the way"):
        registry._backend.send("0" * 64, file, None)
    assert names(artifacts) == []


def test_a_download_that_is_cut_goes_on_where_it_was(serve, file, tmp_path):
    registry, cutter, _ = serve(down=2_000_000, times=2)
    registry._backend.send(DIGEST, file, None)
    told = []
    registry._backend.fetch(DIGEST, tmp_path / "a" / "b", lambda *fact: told.append(fact))
    assert (tmp_path / "a" / "b").read_bytes() == DATA
    assert cutter.times == 0
    assert cutter.passed[1] < 1.5 * len(DATA)
    assert told[-1] == (len(DATA), len(DATA))


def test_a_download_that_never_gets_on(serve, file, tmp_path):
    registry, cutter, _ = serve(down=100_000, times=0)
    registry._backend.send(DIGEST, file, None)
    cutter.times = 10**9
    with pytest.raises(RegistryUnavailableError):
        registry._backend.fetch(DIGEST, tmp_path / "copy", None)


def test_what_cannot_be_gone_on_with_says_where_it_is(serve):
    registry, _, _ = serve()
    address = f"{registry.location}/v1/blobs/{DIGEST}"
    token = {"Authorization": f"Bearer {registry._backend._transport._token}"}
    asked = {"headers": token, "params": {"offset": 9}, "timeout": 30}
    for answer in (requests.put(address, data=b"x", **asked), requests.get(address, **asked)):
        assert answer.status_code == 409
        assert answer.json()["error"]["code"] == "conflict"
    assert requests.get(f"{address}/part", headers=token, timeout=30).json() == {"size": 0}
    below = requests.put(address, headers=token, params={"offset": -1}, timeout=30)
    assert below.status_code == 422


def test_files_that_were_collected_meanwhile_are_sent_again(serve, make_bundle):
    registry, _, artifacts = serve()
    add, removed = registry._backend.add, []

    def late(*arguments):
        if not removed:
            removed.extend(digest for digest, _ in artifacts.listed())
            for digest in removed:
                artifacts.remove(digest)
        return add(*arguments)

    registry._backend.add = late
    assert not registry.add(make_bundle()).existed
    assert removed
    assert {digest for digest, _ in artifacts.listed()} == set(removed)
