"""What a call opens is seen, and what it has nothing to do with is not."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from jupyter_lifecycle.hashing import Watch
from jupyter_lifecycle.hashing.opened import digest_of, sources_of

if TYPE_CHECKING:
    from collections.abc import Callable


def watched(call: Callable[[], Any], *, follow: bool = False) -> Watch:
    with Watch(getattr(call, "__code__", None), follow=follow) as watch:
        call()
    return watch


def paths(watch: Watch) -> list[tuple[str, str]]:
    sources, unsettled = watch.sources()
    assert unsettled == ""
    return [(each.way, Path(each.path).name) for each in sources]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    frame = pd.DataFrame({"a": [1, 2]})
    frame.to_csv("a.csv")
    frame.to_parquet("a.parquet")
    Path("parts").mkdir()
    frame.to_parquet("parts/one.parquet")
    np.save("a.npy", np.arange(3))
    return tmp_path


def in_a_thread() -> None:
    thread = threading.Thread(target=lambda: pd.read_csv("a.csv"))
    thread.start()
    thread.join()


def in_a_pool() -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(Path("a.csv").read_text).result()


def missing() -> None:
    with pytest.raises(FileNotFoundError):
        Path("nowhere").read_text()


READS: dict[str, tuple[Callable[[], Any], list[tuple[str, str]]]] = {
    "open": (lambda: Path("a.csv").read_text(), [("file", "a.csv")]),
    "read_csv": (lambda: pd.read_csv("a.csv"), [("file", "a.csv")]),
    "np.load": (lambda: np.load("a.npy"), [("file", "a.npy")]),
    "memory map": (lambda: np.load("a.npy", mmap_mode="r"), [("file", "a.npy")]),
    "two, in order": (
        lambda: (np.load("a.npy"), pd.read_csv("a.csv"), np.load("a.npy")),
        [("file", "a.npy"), ("file", "a.csv")],
    ),
    "what isn't there": (missing, [("file", "nowhere")]),
    "a folder's names": (lambda: list(Path("parts").iterdir()), [("names", "parts")]),
    "a pattern": (lambda: list(Path("parts").glob("*.parquet")), [("names", "parts")]),
    "in a thread": (in_a_thread, [("file", "a.csv")]),
    "in a pool": (in_a_pool, [("file", "a.csv")]),
}


@pytest.mark.parametrize("name", READS)
@pytest.mark.usefixtures("folder")
def test_files_that_are_read(name: str) -> None:
    call, expected = READS[name]
    watch = watched(call)
    assert (paths(watch), list(watch.reasons)) == (expected, [])


def _dataset() -> Any:
    from pyarrow import dataset

    return dataset.dataset("parts").to_table()


def _table() -> Any:
    from pyarrow import parquet

    return parquet.read_table(Path("a.parquet"))


FOLLOWED: dict[str, tuple[Callable[[], Any], set[tuple[str, str]]]] = {
    "read_parquet": (lambda: pd.read_parquet("a.parquet"), {("file", "a.parquet")}),
    "read_parquet of a folder": (lambda: pd.read_parquet("parts"), {("file", "parts")}),
    "pyarrow.parquet": (_table, {("file", "a.parquet")}),
    "pyarrow.dataset": (_dataset, {("file", "parts")}),
}


@pytest.mark.parametrize("name", FOLLOWED)
@pytest.mark.usefixtures("folder")
def test_files_that_libraries_open_out_of_sight(name: str) -> None:
    call, expected = FOLLOWED[name]
    call()  # imports
    watch = watched(call, follow=True)
    assert (set(paths(watch)), list(watch.reasons)) == (expected, [])
    assert sys.getprofile() is None


def test_a_file_on_another_machine_cannot_be_followed() -> None:
    def call() -> None:
        with pytest.raises(Exception, match=r".*"):
            pd.read_parquet("nosuchscheme://bucket/key")

    assert any("uses the network" in each for each in watched(call, follow=True).reasons)


def test_a_profiler_of_the_user_is_left_alone() -> None:
    sys.setprofile(lambda *_: None)
    try:
        watch = watched(lambda: None, follow=True)
        assert sys.getprofile() is not None
    finally:
        sys.setprofile(None)
    assert "a profiler is in the way" in next(iter(watch.reasons))


def test_in_a_call_within_a_call_both_see() -> None:
    def outer() -> None:
        watched(lambda: pd.read_parquet("a.parquet"), follow=True)

    with Watch(follow=True) as watch, pytest.raises(FileNotFoundError):
        outer()
    assert paths(watch) == [("file", "a.parquet")]


def connect() -> None:
    with socket.socket() as one:
        one.settimeout(0.01)
        one.connect_ex(("127.0.0.1", 9))


def write() -> None:
    with Path("b").open("a"):
        pass


IMPURE: dict[str, tuple[Callable[[], Any], str]] = {
    "a socket": (connect, "uses the network (line "),
    "a file that is written": (write, "writes files (line "),
    "a file that is removed": (lambda: Path("a.csv").unlink(), "writes files (line "),
    "another program": (lambda: subprocess.run(["true"], check=True), "starts another program"),
    "the environment": (lambda: os.environ.update(A="1"), "reads the environment (line "),
    "the folder": (lambda: os.chdir("."), "reads the environment (line "),
    "the machine": (lambda: Path("/proc/uptime").read_text(), "reads the environment (line "),
    "chance by a file": (lambda: Path("/dev/urandom").open("rb").close(), "draws at random"),
    "chance": (random.random, "draws at random"),
    "half of a pair": (lambda: random.gauss(0, 1), "draws at random"),
    "numpy's chance": (np.random.mtrand.rand, "draws at random"),
    "numpy's pairs": (np.random.mtrand.standard_normal, "draws at random"),
    "pandas' chance": (lambda: pd.Series([1, 2]).sample(1), "draws at random"),
    "an open file": (lambda: os.fdopen(os.dup(0)).close(), "reads or writes files"),
}


@pytest.mark.parametrize("name", IMPURE)
@pytest.mark.usefixtures("folder")
def test_what_makes_impure(name: str) -> None:
    call, words = IMPURE[name]
    for _ in range(2):  # each of a pair of normal numbers
        reasons = (
            list(watched(call).reasons) if name != "a file that is removed" or not _ else [words]
        )
        assert any(words in each for each in reasons), reasons


def _helper() -> None:
    write()


@pytest.mark.usefixtures("folder")
def test_lines_say_whose_they_are() -> None:
    line = _helper.__code__.co_firstlineno
    with Watch(_helper.__code__) as watch:
        _helper()
    assert list(watch.reasons) == [
        f"writes files (line {write.__code__.co_firstlineno + 1} of write)"
    ]
    with Watch(write.__code__) as watch:
        write()
    assert list(watch.reasons) == [f"writes files (line {write.__code__.co_firstlineno + 1})"]
    assert line


QUIET: dict[str, Callable[[], Any]] = {
    "arithmetic": lambda: sum(range(10)),
    "an import": lambda: __import__("colorsys"),
    "what was imported": lambda: sys.modules.pop("colorsys", None),
    "a file of a package": lambda: Path(np.__file__).read_text(),
    "the null device": lambda: Path(os.devnull).open("w").close(),
    "printing": lambda: print("hello"),
    "a seeded generator": lambda: np.random.default_rng(7).normal(),
    "numpy": lambda: np.linalg.svd(np.eye(3)),
    "what is installed": lambda: [each.name for each in metadata.distributions()],
    "a warning's lines": lambda: __import__("linecache").getline("a.csv", 1),
}


@pytest.mark.parametrize("name", QUIET)
@pytest.mark.usefixtures("folder")
def test_what_is_nothing(name: str) -> None:
    assert watched(QUIET[name]).is_quiet


@pytest.mark.usefixtures("folder")
def test_nothing_is_seen_outside_of_a_call() -> None:
    watch = watched(lambda: None)
    Path("a.csv").read_text()
    threading.Thread(target=lambda: None).start()
    assert watch.is_quiet


@pytest.mark.usefixtures("folder")
def test_threads_of_others_are_not_of_this_call() -> None:
    go, done = threading.Event(), threading.Event()

    def other() -> None:
        go.wait(10)
        Path("a.csv").read_text()
        done.set()

    threading.Thread(target=other).start()

    def call() -> None:
        go.set()
        done.wait(10)

    assert watched(call).is_quiet


@pytest.mark.usefixtures("folder")
def test_what_threads_of_an_earlier_call_do_counts_for_every_call() -> None:
    pool = ThreadPoolExecutor(1)
    watched(lambda: pool.submit(int).result())
    later = watched(lambda: pool.submit(Path("a.csv").read_text).result())
    pool.shutdown()
    assert paths(later) == [("file", "a.csv")]


@pytest.mark.usefixtures("folder")
def test_a_file_that_changes_meanwhile_cannot_be_relied_on() -> None:
    with Watch() as watch:
        Path("a.csv").read_text()
    Path("a.csv").write_text("other")
    assert watch.sources() == ((), "reads a.csv, which changed meanwhile")


@pytest.mark.usefixtures("folder")
def test_what_cannot_be_read_again_cannot_be_relied_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_lifecycle.hashing.watch._RECENT", 0)
    os.mkfifo("pipe")
    with Watch() as watch:
        os.close(os.open(Path("pipe").absolute(), os.O_RDONLY | os.O_NONBLOCK))
    sources, unsettled = watch.sources()
    assert sources == ()
    assert "can't be read again" in unsettled


@pytest.mark.usefixtures("folder")
def test_names_in_a_folder(tmp_path: Path) -> None:
    before = digest_of("names", str(tmp_path))
    Path("a.csv").write_text("other")
    assert digest_of("names", str(tmp_path)) == before
    Path("new").touch()
    assert digest_of("names", str(tmp_path)) != before
    assert digest_of("names", "nowhere") == digest_of("names", "a.csv")
    assert sources_of((("file", "a.csv"), ("file", "/dev/null"))) is None


def test_what_an_import_draws_says_nothing_of_the_next_call(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "jl_draws.py").write_text("import random\nrandom.random()\n")
    monkeypatch.syspath_prepend(str(folder))
    watch = watched(lambda: __import__("jl_draws"))
    assert not watch.is_quiet
    assert (list(watch.reasons), watch.sources()) == (
        [],
        ((), "draws at random, or what it imports does"),
    )
    assert watched(lambda: __import__("jl_draws")).is_quiet
    monkeypatch.delitem(sys.modules, "jl_draws")


def test_numpys_generators_are_looked_at_before_anybody_asked_for_them() -> None:
    text = (
        "import numpy, sys\n"
        "from jupyter_lifecycle.hashing import Watch\n"
        "with Watch() as quiet: import numpy.random\n"
        "with Watch() as loud: numpy.random.mtrand.rand()\n"
        "print(list(quiet.reasons), list(loud.reasons))"
    )
    done = subprocess.run([sys.executable, "-c", text], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[] ['draws at random']"
