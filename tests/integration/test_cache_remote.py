"""The second tier: columns that people share through storage that fsspec knows."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import urllib.request
import warnings
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import fsspec
import numpy as np
import pandas as pd
import pytest

from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.errors import CacheError
from jupyter_lifecycle.hashing import combine, fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def key(name: object) -> bytes:
    return combine("remote", str(name).encode())


PLAIN = {
    "small": pd.Series(np.arange(100.0), name="s"),
    "large": pd.Series(np.arange(100_000.0)),
    "indexed": pd.Series(np.arange(9.0), index=pd.Index(np.arange(9) * 2)),
}
PICKLED = {"text": pd.Series(["a", "é"] * 400), "object": {"a": list(range(900))}, "inline": 3}


@pytest.fixture(params=["memory", "file", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "memory":
        yield f"memory://{uuid4().hex}"
    elif request.param == "file":
        yield f"file://{tmp_path}/remote"
    else:
        yield from s3(tmp_path)


def s3(tmp_path: Path) -> Iterator[str]:
    pytest.importorskip("s3fs")
    pytest.importorskip("moto.server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with (tmp_path / "server.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    before = dict(os.environ)
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
    }
    try:
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/", timeout=5):
                    break
            except OSError:
                assert server.poll() is None, (tmp_path / "server.log").read_text()
        fsspec.filesystem("s3").mkdir("columns")
        yield "s3://columns/team"
    finally:
        os.environ.clear()
        os.environ.update(before)
        server.terminate()
        server.wait()
        fsspec.filesystem("s3").clear_instance_cache()


def filled(url: str, path: Path) -> ColumnCache:
    cache = ColumnCache(path, remote=url)
    for name, value in {**PLAIN, **PICKLED}.items():
        cache.store(key(name), value, seconds=1, content=key(f"content of {name}"))
    cache.flush()
    return cache


def got(cache: ColumnCache, name: str) -> Any:
    entry = cache.lookup(key(name))
    try:
        return None if entry is None else entry.load()
    except CacheError:
        return None


def test_a_column_comes_from_where_somebody_else_stored_it(url: str, tmp_path: Path) -> None:
    filled(url, tmp_path / "one")
    other = ColumnCache(tmp_path / "two", remote=url)
    for name, value in PLAIN.items():
        assert fingerprint(got(other, name)) == fingerprint(value)
    for name in PICKLED:
        assert got(other, name) is None
    found = other.lookup(key("content of small"))
    assert found is not None
    assert found.meta.rows == 100
    here = ColumnCache(tmp_path / "two")  # it was kept on this disk
    for name, value in PLAIN.items():
        assert fingerprint(got(here, name)) == fingerprint(value)
    trusting = ColumnCache(remote=url, trust=True)
    for name, value in {**PLAIN, **PICKLED}.items():
        assert fingerprint(got(trusting, name)) == fingerprint(value)


def files(url: str) -> tuple[Any, list[str]]:
    system, root = fsspec.core.url_to_fs(url)
    return system, sorted(system.find(root))


def test_what_is_damaged_there_is_computed_here(url: str, tmp_path: Path) -> None:
    filled(url, tmp_path / "one")
    system, names = files(url)
    for name in names:
        data = system.cat_file(name)
        if "/packs/" in name:
            system.pipe_file(name, bytes(len(data)))
    cache = ColumnCache(tmp_path / "two", remote=url, trust=True)
    assert [got(cache, name) for name in PLAIN] == [None] * len(PLAIN)
    assert got(cache, "inline") == 3
    for name, value in PLAIN.items():
        cache.store(key(name), value, seconds=1)
    cache.flush()
    again = ColumnCache(remote=url)
    for name in names:
        if "/packs/" in name:
            system.rm_file(name)
    for name, value in PLAIN.items():
        found = got(again, name)
        assert found is None or fingerprint(found) == fingerprint(value)


def test_torn_rows_are_no_rows(url: str, tmp_path: Path) -> None:
    filled(url, tmp_path / "one")
    system, names = files(url)
    for name in names:
        if "/rows/" in name:
            system.pipe_file(name, system.cat_file(name)[:-40] + b"rubbish")
    cache = ColumnCache(remote=url, trust=True)
    for name, value in {**PLAIN, **PICKLED}.items():
        found = got(cache, name)
        assert found is None or fingerprint(found) == fingerprint(value)


def test_storage_that_fails_gives_one_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = fsspec.filesystem("memory")

    def refuse(*_: Any, **__: Any) -> Any:
        raise ConnectionError("no route to the storage")

    for call in ("ls", "pipe_file"):
        with monkeypatch.context() as patched:
            patched.setattr(type(memory), call, refuse)
            cache = ColumnCache(tmp_path / call, remote=f"memory://{uuid4().hex}")
            with pytest.warns(RuntimeWarning, match="no route to the storage"):
                with_storage(cache, listing=call == "ls")
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                cache.store(key("a"), PLAIN["small"], seconds=1)
                cache.flush()
                assert fingerprint(got(cache, "a")) == fingerprint(PLAIN["small"])
                assert got(cache, "b") is None


def with_storage(cache: ColumnCache, *, listing: bool) -> None:
    if listing:
        assert got(cache, "b") is None
    else:
        cache.store(key("x"), 1, seconds=1)
        cache.flush()


def test_an_address_that_nothing_knows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(CacheError, match=r"pip install 'jupyter-lifecycle\[s3\]'"):
        ColumnCache(remote="s3://bucket")
