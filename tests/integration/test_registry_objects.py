"""A registry whose files are in a real S3 server: nothing half sent is seen, memory stays small."""

import hashlib
import os
import threading

import pytest
import requests

from jupyter_lifecycle.errors import IntegrityError, RegistryUnavailableError
from jupyter_lifecycle.registry import Registry
from jupyter_lifecycle.registry.artifacts import put
from jupyter_lifecycle.registry.objects import BLOCK, ObjectArtifacts
from jupyter_lifecycle.registry.server import create_app
from jupyter_lifecycle.registry.store import Store
from jupyter_lifecycle.registry.store.database import Database


@pytest.fixture(scope="module")
def s3():
    """Moto's S3 server on a free port of the loopback, with a bucket."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", address)
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        requests.put(f"{address}/models", timeout=30).raise_for_status()
        yield address
    server.stop()


def digest_of(data):
    return hashlib.sha256(data).hexdigest()


def test_small_and_large_blobs(s3):
    artifacts = ObjectArtifacts("s3://models/blobs")
    artifacts.check()
    large = os.urandom(2 * BLOCK + 12345)
    for data in (b"", b"small", large):
        pieces = [data[n : n + 2**20] for n in range(0, len(data), 2**20)]
        assert put(artifacts, digest_of(data), pieces)
        assert artifacts.size(digest_of(data)) == len(data)
        with artifacts.open(digest_of(data)) as stream:
            assert stream.read() == data
    assert {name for name, _ in artifacts.listed()} == set(map(digest_of, (b"", b"small", large)))

    wrong = artifacts.begin("0" * 64)
    wrong.write(large)
    with pytest.raises(IntegrityError):
        wrong.commit()
    assert artifacts.size("0" * 64) is None
    assert artifacts.remove(digest_of(large)) == len(large)
    assert artifacts.size(digest_of(large)) is None


def test_a_registry_on_it(s3, tmp_path, serve_app, make_bundle, monkeypatch):
    monkeypatch.setenv("JUPYTER_LIFECYCLE_HOME", str(tmp_path / "home"))
    database = Database(f"sqlite:///{tmp_path / 'registry.db'}")
    store = Store(database, ObjectArtifacts("s3://models/registry"), author="admin")
    address = serve_app(create_app(store))
    assert requests.get(f"{address}/ready", timeout=30).status_code == 200
    token = store.keyring.create("ana", ["admin"])[1]
    bundle = make_bundle("ltv", files={"big": os.urandom(3_000_000)})
    with Registry(address, token=token, trust=True) as registry:
        saved = registry.add(bundle)
        back = registry.bundle(saved.id)
        assert (back.path / "big").read_bytes() == (bundle.path / "big").read_bytes()
    here = tmp_path / "fetched"
    big = bundle.files["big"].sha256
    store.fetch(big, here, None)
    assert here.stat().st_size == 3_000_000
    store.close()


def test_several_threads_at_once(s3):
    artifacts = ObjectArtifacts("s3://models/threads")
    datas = [os.urandom(100_000) for _ in range(8)]
    threads = [
        threading.Thread(target=put, args=(artifacts, digest_of(data), [data])) for data in datas
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name for name, _ in artifacts.listed()} == set(map(digest_of, datas))


def test_a_bucket_that_is_not_there(s3):
    artifacts = ObjectArtifacts("s3://no-such-bucket/x")
    with pytest.raises(RegistryUnavailableError, match="s3://no-such-bucket/x cannot be used now"):
        artifacts.check()
