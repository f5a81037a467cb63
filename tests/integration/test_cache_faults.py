"""Processes that are killed, disks that are full, kernels that share: nothing wrong is served.

Each fault happens to a real process. ``CACHE_FAULT_ROUNDS=100`` does all of it a hundred times, with
other steps, orders and seeds each time.
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import traceback
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from jupyter_lifecycle.cache import ColumnCache, shelf
from jupyter_lifecycle.errors import CacheError
from jupyter_lifecycle.hashing import combine, fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROUNDS = int(os.environ.get("CACHE_FAULT_ROUNDS", "1"))
BUDGET = 2_000_000
KILLS = 7
"""Steps of one round at which a process is killed."""
CALLS = ("open", "write", "writev", "rename", "replace", "link", "unlink", "mkdir")
"""What a cache does to a folder."""


def key(name: object) -> bytes:
    return combine("fault", str(name).encode())


INDEX = pd.Index([f"row {n}" for n in range(300)])
VALUES: dict[str, Any] = {
    "small": pd.Series(np.arange(2_000.0)),
    "small too": pd.Series(np.arange(2_000.0) + 1, name="x"),
    "large": pd.Series(np.arange(60_000.0)),
    "large too": np.arange(60_000.0) + 1,
    "indexed": pd.Series(np.arange(300.0), index=INDEX),
    "text": pd.Series([f"é{n}" for n in range(500)]),
    "object": {"a": list(range(1_000))},
    "inline": 7,
}
OUTPUTS = {name: fingerprint(value) for name, value in VALUES.items()}


def fill(cache: ColumnCache) -> None:
    """Do once all that writes."""
    with cache.batched():
        for name in ("small", "small too", "large", "indexed"):
            cache.store(key(name), VALUES[name], seconds=1, why={"name": name}, content=key(-1))
    for name in ("large too", "text", "object", "inline"):
        cache.note(key(f"note {name}"), key(name))
        cache.store(key(name), VALUES[name], seconds=1)
    entry = cache.lookup(key("small"))
    assert entry is not None
    cache.alias(key("alias"), entry)
    cache.pin("mine", key("small"))
    disk = cache._shelf
    assert disk is not None
    disk._limit = 600_000  # all but the last ones must go
    disk.trim()
    for name, value in VALUES.items():
        cache.store(key(name), value, seconds=1)


def check(path: Path) -> None:
    """Read everything in another kernel: right, or not there; then everything can be stored."""
    cache = ColumnCache(path, disk_bytes=BUDGET)
    for name, output in OUTPUTS.items():
        assert found(cache, name) in {None, output}, name
    alias = found(cache, "alias")
    assert alias in {None, OUTPUTS["small"]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name, value in VALUES.items():
            cache.store(key(name), value, seconds=1)
    again = ColumnCache(path, disk_bytes=BUDGET)
    for name, output in OUTPUTS.items():
        assert found(again, name) == output, name
    assert not again.status().trouble


def found(cache: ColumnCache, name: str) -> bytes | None:
    entry = cache.lookup(key(name))
    try:
        return None if entry is None else fingerprint(entry.load())
    except CacheError:
        return None


def forked(work: Callable[[], None]) -> int:
    """Do something in a process of its own; return its exit status as ``waitpid`` gives it."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - the parent sees the status
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1]


@pytest.fixture(autouse=True, params=range(ROUNDS))
def round_(request: pytest.FixtureRequest) -> int:
    """Give the number of the round; every test is done once in each."""
    number: int = request.param
    return number


class Faults:
    """Counts the calls of a process, and ends it at one of them."""

    def __init__(self, at: int, how: str) -> None:
        self.count = 0
        self._at = at
        self._how = how
        for name in CALLS:
            setattr(os, name, self._wrapped(name, getattr(os, name)))

    def _wrapped(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.count += 1
            if self.count != self._at:
                return real(*args, **kwargs)
            try:
                self._half(name, real, args, kwargs)
            finally:
                os.kill(os.getpid(), signal.SIGKILL)

        return call

    def _half(self, name: str, real: Callable[..., Any], args: Any, kwargs: Any) -> None:
        """Do nothing, a half, or all of a call."""
        if self._how == "torn" and name == "write":
            real(args[0], memoryview(args[1])[: len(args[1]) // 2])
        elif self._how == "torn" and name == "writev":
            whole = b"".join(bytes(part) for part in args[1])
            os.pwrite(args[0], whole[: len(whole) // 2], os.fstat(args[0]).st_size)
        elif self._how != "before":
            real(*args, **kwargs)


def steps(path: Path, often: float) -> int:
    """Count the calls of a process that nothing happens to."""
    reading, writing = os.pipe()

    def work() -> None:
        faults = Faults(0, "never")
        shelf._OFTEN = often
        fill(ColumnCache(path, disk_bytes=BUDGET))
        os.fdopen(writing, "w").write(json.dumps(faults.count))

    status = forked(work)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    assert status == 0
    return int(text)


OFTEN = {"together": 1e9, "one by one": -1.0}
"""How often rows are written within a batch, s; either way it's the same at each run."""


@pytest.fixture(scope="module", params=OFTEN)
def counted(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[int, float]:
    often = OFTEN[request.param]
    found = steps(tmp_path_factory.mktemp("counted"), often)
    assert found > 40
    return found, often


@pytest.mark.parametrize("how", ["before", "torn", "after"])
def test_a_process_that_is_killed_anywhere(
    how: str, round_: int, counted: tuple[int, float], tmp_path: Path
) -> None:
    count, often = counted
    order = random.Random(f"{how} {round_}").sample(range(1, count + 1), count)
    wanted = count if os.environ.get("CACHE_FAULT_EVERY") else KILLS
    killed = 0
    for at in order:
        if killed == wanted:
            break
        folder = tmp_path / f"{how}{at}"

        def work(at: int = at, folder: Path = folder) -> None:
            Faults(at, how)
            shelf._OFTEN = often
            fill(ColumnCache(folder, disk_bytes=BUDGET))

        # What is evicted depends on names drawn at random and on the resolution of the file
        # system's clock, so a process may be done before it gets to one of the last steps.
        status = forked(work)
        assert status in {0, signal.SIGKILL}, at
        killed += status == signal.SIGKILL
        check(folder)
    assert killed >= KILLS


def test_a_process_that_is_killed_loses_what_it_stored_last_and_no_more(tmp_path: Path) -> None:
    def work() -> None:
        cache = ColumnCache(tmp_path)
        cache.store(key("small"), VALUES["small"], seconds=1)
        os.kill(os.getpid(), signal.SIGKILL)

    assert os.WTERMSIG(forked(work)) == signal.SIGKILL
    assert found(ColumnCache(tmp_path), "small") == OUTPUTS["small"]


@pytest.mark.parametrize("limit", [0, 20, 300, 17_000, 100_000, 400_000])
def test_a_file_that_cannot_grow(limit: int, tmp_path: Path) -> None:
    """As a full disk does, but for one process: EFBIG instead of ENOSPC."""

    def work() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        goes_on(tmp_path)

    assert forked(work) == 0
    check(tmp_path)


def goes_on(path: Path) -> None:
    """Work with a cache that can't be written: one warning, and everything is found in memory."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        cache = ColumnCache(path)
        for name, value in VALUES.items():
            cache.store(key(name), value, seconds=1, why={"name": name})
            assert found(cache, name) == OUTPUTS[name], name
        for name, output in OUTPUTS.items():
            assert found(cache, name) == output, name
    assert len(caught) == 1, [str(each.message) for each in caught]
    assert "Work goes on" in str(caught[0].message)


@pytest.mark.parametrize("size", ["4k", "40k", "200k", "800k"])
def test_a_full_disk(size: str, tmp_path: Path) -> None:
    folder = tmp_path / "small disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "none", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no disk of its own can be mounted here")
    try:
        assert forked(lambda: goes_on(folder)) == 0
        cache = ColumnCache(folder)
        for name, output in OUTPUTS.items():
            assert found(cache, name) in {None, output}
        cache.clear()
        if size != "4k":
            cache.store(key("inline"), 7, seconds=1)
            assert found(ColumnCache(folder), "inline") == OUTPUTS["inline"]
    finally:
        del cache
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_kernels_that_share_a_folder(round_: int, tmp_path: Path) -> None:
    """Three that store, look up, trim and clear at once."""

    def work(seed: int) -> None:
        chance = random.Random(f"{round_} {seed}")
        cache = ColumnCache(tmp_path, disk_bytes=1_200_000)
        for _ in range(120):
            name = chance.choice(list(VALUES))
            if chance.random() < 0.5:
                cache.store(key(name), VALUES[name], seconds=1)
            elif chance.random() < 0.03:
                cache.clear()
            elif chance.random() < 0.1:
                cache = ColumnCache(tmp_path, disk_bytes=1_200_000)
            assert found(cache, name) in {None, OUTPUTS[name]}
        assert not cache.status().trouble

    children = []
    for seed in range(3):
        child = os.fork()
        if child == 0:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    work(seed)
            except BaseException:  # noqa: BLE001 - the parent sees the status
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    check(tmp_path)


def test_a_fork_writes_into_packs_of_its_own(tmp_path: Path) -> None:
    cache = ColumnCache(tmp_path)
    cache.store(key("small"), VALUES["small"], seconds=1)

    def work() -> None:
        cache.store(key("text"), VALUES["text"], seconds=1)

    assert forked(work) == 0
    cache.store(key("small too"), VALUES["small too"], seconds=1)
    other = ColumnCache(tmp_path)
    for name in ("small", "small too", "text"):
        assert found(other, name) == OUTPUTS[name]
        assert found(cache, name) == OUTPUTS[name]
