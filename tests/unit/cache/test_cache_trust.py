"""A cache runs no code but what its own user stored, and serves nothing from another clock or form."""

from __future__ import annotations

import os
import pickle
import time
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from jupyter_lifecycle.cache import ColumnCache, records
from jupyter_lifecycle.cache.log import frame
from jupyter_lifecycle.cache.seal import Seal, Secret
from jupyter_lifecycle.errors import CacheError
from jupyter_lifecycle.hashing import combine, fingerprint

if TYPE_CHECKING:
    from pathlib import Path


def key(name: object) -> bytes:
    return combine("trust", str(name).encode())


class Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def packed_bomb(path: Path) -> bytes:
    return b"JLPICKLE" + pickle.dumps(Bomb(path), 5)


def value_of(cache: ColumnCache, name: object) -> Any:
    entry = cache.lookup(key(name))
    try:
        return None if entry is None else entry.load()
    except CacheError:
        return None


def test_the_folder_is_its_owners_alone(tmp_path: Path) -> None:
    ColumnCache(tmp_path / "cache").store(key(1), np.arange(50_000.0), seconds=0)
    ColumnCache(tmp_path / "cache").store(key(2), np.arange(5.0), seconds=0)
    for path in (tmp_path / "cache").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_pickle_that_another_user_put_there_is_not_read(tmp_path: Path) -> None:
    """He writes the rows, the digests and the bytes, but cannot read the secret."""
    mine, his = tmp_path / "mine", tmp_path / "his"
    ColumnCache(mine).store(key("a"), {"mine": 1}, seconds=0)
    ColumnCache(his).store(key("a"), {"x": list(range(500))}, seconds=0)
    bomb = packed_bomb(tmp_path / "exploded")
    his_seal = Secret(his / "v2" / "secret").made()
    index = (his / "v2" / "index").read_bytes()
    for name, data in (("a", bomb), ("b", bomb)):
        row = records.Row(key(name), b"", key("out"), None, _meta(), inline=data)
        index += frame(row.pack(), his_seal)
    place = records.Place(os.urandom(16), 0, len(bomb), his_seal.of(bomb))
    index += frame(records.Row(key("c"), b"", key("o"), place, _meta()).pack(), his_seal)
    packs = mine / "v2" / "packs"
    packs.mkdir(exist_ok=True)
    (packs / place.file.hex()).write_bytes(bomb)
    with (mine / "v2" / "index").open("ab") as file:
        file.write(index)
    cache = ColumnCache(mine)
    assert [value_of(cache, name) for name in "abc"] == [None, None, None]
    assert not (tmp_path / "exploded").exists()
    cache.store(key("a"), {"mine": 1}, seconds=0)
    assert value_of(ColumnCache(mine), "a") == {"mine": 1}


def test_bytes_that_another_user_exchanged_are_not_read(tmp_path: Path) -> None:
    """Rows are mine, but the pickle that they lead to is his."""
    cache = ColumnCache(tmp_path / "cache")
    cache.store(key("a"), {"x": list(range(5_000))}, seconds=0)
    cache.store(key("b"), pd.Series([str(n) for n in range(60_000)], dtype=object), seconds=0)
    bomb = packed_bomb(tmp_path / "exploded")
    for folder in ("packs", "objects"):
        for path in (tmp_path / "cache" / "v2" / folder).rglob("*"):
            if path.is_file():
                path.write_bytes(bomb.ljust(path.stat().st_size, b"."))
    assert [value_of(ColumnCache(tmp_path / "cache"), name) for name in "ab"] == [None, None]
    assert not (tmp_path / "exploded").exists()


def test_a_plain_column_is_never_unpickled(tmp_path: Path) -> None:
    """Even where somebody finds bytes with the digest that numbers had."""
    from jupyter_lifecycle.cache import codec

    cache = ColumnCache(tmp_path / "cache")
    entry = cache.store(key("a"), pd.Series(np.arange(500.0)), seconds=0)
    row = records.unpack(entry.packed)
    assert not row.executes
    bomb = packed_bomb(tmp_path / "exploded").ljust(4_000, b".")
    assert len(codec.decode(bomb, {}.__getitem__, row.recipe)) == 500
    assert not (tmp_path / "exploded").exists()


def _meta() -> records.ColumnMeta:
    return records.ColumnMeta("object", "dict", None, None, 10, 0.0, 0.0)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="users have no numbers here")
def test_a_folder_of_another_user_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ColumnCache(tmp_path).store(key("a"), 1, seconds=0)
    me = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    with pytest.warns(RuntimeWarning, match="belongs to another user"):
        cache = ColumnCache(tmp_path)
    cache.store(key("b"), 2, seconds=0)
    assert value_of(cache, "a") is None
    assert value_of(cache, "b") == 2
    assert "another user" in cache.status().trouble


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="users have no numbers here")
def test_a_folder_that_becomes_another_users_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = ColumnCache(tmp_path)
    cache.store(key("a"), 1, seconds=0)
    (tmp_path / "v2" / "index").unlink()
    me = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    with pytest.warns(RuntimeWarning, match="belongs to another user"):
        found = value_of(cache, "z")
    assert found is None
    assert cache.losses > 0
    cache.store(key("b"), 2, seconds=0)
    assert value_of(cache, "b") == 2


@pytest.mark.parametrize("secret", [b"", b"short", None], ids=["empty", "short", "readable by all"])
def test_a_secret_that_is_none_is_made_anew(secret: bytes | None, tmp_path: Path) -> None:
    ColumnCache(tmp_path).store(key("a"), 1, seconds=0)
    path = tmp_path / "v2" / "secret"
    if secret is None:
        path.chmod(0o644)
    else:
        path.write_bytes(secret)
    cache = ColumnCache(tmp_path)
    assert value_of(cache, "a") is None
    cache.store(key("a"), 1, seconds=0)
    assert value_of(ColumnCache(tmp_path), "a") == 1
    assert path.stat().st_mode & 0o077 == 0


def test_a_seal_depends_on_the_secret() -> None:
    assert Seal(b"a").of(b"x") == Seal(b"a").of(b"", b"x")
    assert Seal(b"a").of(b"x") != Seal(b"b").of(b"x")


def test_a_clock_that_goes_backwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = ColumnCache(tmp_path, disk_bytes=300_000)
    values = [np.arange(2_000.0) + n for n in range(30)]
    for n in range(10):
        cache.store(key(n), values[n], seconds=0)
    real, real_ns = time.time, time.time_ns
    monkeypatch.setattr(time, "time", lambda: real() - 1e7)
    monkeypatch.setattr(time, "time_ns", lambda: real_ns() - 10**16)
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)
    for n in range(10, 30):
        cache.store(key(n), values[n], seconds=0)
        assert value_of(ColumnCache(tmp_path), n)[0] == n
    status = cache.status()
    assert status.disk_bytes <= 300_000
    fresh = ColumnCache(tmp_path)
    for n in range(30):
        found = value_of(fresh, n)
        assert found is None or fingerprint(found) == fingerprint(values[n])


def test_older_formats_are_not_read_and_leave_when_there_is_no_room(tmp_path: Path) -> None:
    older = tmp_path / "v1" / "objects"
    older.mkdir(parents=True)
    (older / "x").write_bytes(b"old")
    (tmp_path / "v1" / "index").write_bytes(b"JLC1 old rows")
    cache = ColumnCache(tmp_path, disk_bytes=50_000)
    assert value_of(cache, "a") is None
    cache.store(key("a"), 1, seconds=0)
    assert older.exists()
    for n in range(5):
        cache.store(key(n), np.arange(2_000.0) + n, seconds=0)
    assert not older.exists()
    assert value_of(ColumnCache(tmp_path), "a") == 1


def test_rows_of_another_version_are_skipped(tmp_path: Path) -> None:
    cache = ColumnCache(tmp_path)
    entry = cache.store(key("a"), 1, seconds=0)
    seal = Secret(tmp_path / "v2" / "secret").made()
    with (tmp_path / "v2" / "index").open("ab") as file:
        file.write(frame(b"\3" + entry.packed[1:], seal))
        file.write(frame(b"\3" + key("b") + b"from the future", seal))
    fresh = ColumnCache(tmp_path)
    assert value_of(fresh, "a") is None
    assert value_of(fresh, "b") is None
    fresh.store(key("a"), 1, seconds=0)
    assert value_of(ColumnCache(tmp_path), "a") == 1


def test_what_is_pinned_stays(tmp_path: Path) -> None:
    cache = ColumnCache(tmp_path, disk_bytes=200_000)
    index = pd.Index([f"row {n}" for n in range(500)])
    value = pd.Series(np.arange(500.0), index=index)
    cache.store(key("mine"), value, seconds=0)
    cache.pin("mine", key("mine"))
    other = ColumnCache(tmp_path, disk_bytes=200_000)
    assert other.pins == {"mine": key("mine")}
    assert other.status().pinned == ("mine",)
    for n in range(40):
        other.store(key(n), np.arange(2_000.0) + n, seconds=0)
    assert fingerprint(value_of(ColumnCache(tmp_path), "mine")) == fingerprint(value)
    assert value_of(ColumnCache(tmp_path), 0) is None
    cache.unpin("mine")
    for n in range(40, 80):
        other.store(key(n), np.arange(2_000.0) + n, seconds=0)
    assert value_of(ColumnCache(tmp_path), "mine") is None


def test_what_cannot_be_pinned_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = ColumnCache(tmp_path)
    with pytest.raises(CacheError, match="not on disk"):
        cache.pin("a", key("a"))
    with pytest.raises(CacheError, match="not on disk"):
        ColumnCache().pin("a", key("a"))
    assert ColumnCache().pins == {}
    cache.store(key("a"), np.arange(5.0), seconds=0)
    cache.pin("alpha", key("a"))
    with pytest.raises(CacheError, match="Did you mean alpha"):
        cache.unpin("alpah")
    (tmp_path / "v2" / "pins").write_text("{rubbish")
    assert cache.pins == {}
    from pathlib import Path as AnyPath

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(AnyPath, "replace", refuse)
    with pytest.raises(CacheError, match="can't be pinned"):
        cache.pin("a", key("a"))


def test_a_cached_column_cannot_be_written(tmp_path: Path) -> None:
    """Arrays refuse; pandas copies what others read and refuses what nobody else does."""
    cache = ColumnCache(tmp_path)
    for size in (100, 100_000):
        cache.store(key(size), pd.Series(np.arange(float(size))), seconds=0)
        for _ in range(2):
            column = value_of(ColumnCache(tmp_path), size)
            with pytest.raises(ValueError, match="read-only"):
                column.to_numpy()[0] = 1
            with pytest.raises(ValueError, match="read-only"):
                column.iloc[0] = 99.0
            mine = value_of(cache, size)
            mine.iloc[0] = 99.0
            assert mine.iloc[0] == 99.0
            assert value_of(cache, size).iloc[0] == 0.0


@pytest.fixture(autouse=True)
def no_warnings() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
