"""The verifier's process: it dies with its parent, leaves no zombie and no descriptor, and holds on."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from jupyter_lifecycle.envelope import build, start_verifier
from jupyter_lifecycle.envelope.payload import dump
from jupyter_lifecycle.envelope.query import inputs_of_example, query_of
from jupyter_lifecycle.envelope.schema import Schema
from jupyter_lifecycle.envelope.verification import Request, Verifier, shared_verifier
from jupyter_lifecycle.errors import ExampleError

pytestmark = pytest.mark.skipif(not Path("/proc").exists(), reason="processes are read from /proc")


@pytest.fixture
def verifier():
    one = Verifier()
    yield one
    one.close()


def staged(folder: Path, model, example, **more) -> Request:
    query = query_of(model)
    schema = Schema("arguments", "keywords", inputs_of_example(query, example))
    folder.mkdir(exist_ok=True)
    dump(model, {**query.hints, "return": query.returns}, folder, ())
    (folder / "example.json").write_text(json.dumps(example))
    return Request(folder, schema, **more)


def make(words: str):
    """A function of a notebook: it travels by value."""
    space: dict = {"__name__": "__main__"}
    source = f"def model(a: int) -> int:\n{textwrap.indent(textwrap.dedent(words), '    ')}\n    return a\n"
    exec(source, space)
    return space["model"]


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed]


def descriptors(pid: int | str) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def gone(pid: int, seconds: float = 10.0) -> bool:
    """Wait until a process is gone, or a zombie that is not ours to reap."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        os.sched_yield()
    return False


def test_nothing_is_left_after_saves(tmp_path, verifier):
    verifier.verify(staged(tmp_path / "e", make("pass"), {"a": 1}))
    before = descriptors("self")
    theirs = descriptors(verifier.pid)
    for _ in range(5):
        verdict = verifier.verify(staged(tmp_path / "e", make("pass"), {"a": 1}))
        assert verdict.answers == 1
    with pytest.raises(ExampleError):
        verifier.verify(staged(tmp_path / "e", make("import os; os._exit(1)"), {"a": 1}))
    assert descriptors("self") == before
    assert descriptors(verifier.pid) == theirs
    assert children(verifier.pid) == []
    pid = verifier.pid
    verifier.close()
    assert verifier.pid is None
    assert gone(pid)


def test_what_one_model_imports_the_next_one_finds_imported(tmp_path, verifier):
    words = "import sys\nfound = 'lark' in sys.modules\nimport lark\na = int(found)"
    request = staged(tmp_path / "e", make(words), {"a": 1})
    assert [verifier.verify(request).answers for _ in range(2)] == [0, 1]


def test_a_model_that_takes_too_long_is_ended_with_what_it_started(tmp_path, verifier):
    marker = tmp_path / "pid"
    words = f"""
    import os, subprocess, time
    child = subprocess.Popen(["sleep", "600"])
    open({str(marker)!r}, "w").write(str(child.pid))
    time.sleep(600)
    """
    with pytest.raises(ExampleError, match="took longer than 2 s on the example"):
        verifier.verify(staged(tmp_path / "e", make(words), {"a": 1}, limit=2.0))
    assert gone(int(marker.read_text()))
    assert verifier.verify(staged(tmp_path / "e", make("pass"), {"a": 1})).answers == 1


def test_a_model_that_closes_everything(tmp_path, verifier):
    words = "import os, time; os.closerange(3, 200); time.sleep(600)"
    with pytest.raises(ExampleError, match="was ended by SIGKILL on the example"):
        verifier.verify(staged(tmp_path / "e", make(words), {"a": 1}))


def test_what_the_model_prints_is_not_mistaken_for_an_answer(tmp_path, verifier):
    words = "import os; os.write(1, b'x' * 100_000); print('y' * 100_000)"
    assert verifier.verify(staged(tmp_path / "e", make(words), {"a": 1})).answers == 1


def test_a_verifier_that_was_killed_starts_again(tmp_path, verifier):
    request = staged(tmp_path / "e", make("pass"), {"a": 1})
    verifier.verify(request)
    first = verifier.pid
    os.kill(first, signal.SIGKILL)
    assert gone(first)
    assert verifier.verify(request).answers == 1
    assert verifier.pid != first


def test_a_verifier_that_dies_at_each_request_is_reported(tmp_path, verifier):
    words = "import os, signal; os.kill(os.getppid(), signal.SIGKILL); os._exit(0)"
    with pytest.raises(ExampleError, match="could not be started: its process ended at once"):
        verifier.verify(staged(tmp_path / "e", make(words), {"a": 1}))


def test_a_verifier_that_hangs_is_ended(tmp_path, verifier, monkeypatch):
    verifier.verify(staged(tmp_path / "e", make("pass"), {"a": 1}))
    pid = verifier.pid
    os.kill(pid, signal.SIGSTOP)
    monkeypatch.setattr("jupyter_lifecycle.envelope.verification._LEAVE_SECONDS", 0.1)
    verifier.close()
    assert gone(pid)


def test_a_package_installed_meanwhile_starts_another(tmp_path, verifier, monkeypatch):
    request = staged(tmp_path / "e", make("pass"), {"a": 1})
    verifier.verify(request)
    first = verifier.pid
    monkeypatch.syspath_prepend(str(tmp_path))
    verifier.verify(request)
    assert verifier.pid != first


def test_an_interrupt_leaves_the_next_save_whole(tmp_path, verifier):
    request = staged(tmp_path / "e", make("pass"), {"a": 1})
    slow = staged(tmp_path / "slow", make("import time; time.sleep(600)"), {"a": 1})
    verifier.verify(request)
    first = verifier.pid

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(KeyboardInterrupt):
            verifier.verify(slow)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert gone(first)
    assert verifier.verify(request).answers == 1


def test_warming_waits_for_nothing_and_is_shared(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    start_verifier()
    first = shared_verifier().pid
    start_verifier()
    assert shared_verifier().pid == first
    assert build(lambda: 1, name="one").verdict.answers == 1


SCRIPT = """
import warnings; warnings.simplefilter("error")
import os, sys
import jupyter_lifecycle.envelope as envelope
print("main runs", flush=True)
class Model:
    def predict(self, a: int) -> int:
        return a + 1
bundle = envelope.build(Model(), name="m", example={"a": 1})
print(bundle.predict({"a": 2}), envelope.verification.shared_verifier().pid, flush=True)
if "wait" in sys.argv:
    sys.stdin.read()
"""


def run_script(tmp_path: Path, *words: str) -> subprocess.Popen:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    return subprocess.Popen(
        [sys.executable, "-W", "error", str(script), *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )


def test_a_script_without_a_main_guard(tmp_path):
    out, err = run_script(tmp_path).communicate(timeout=60)
    assert err == ""
    lines = out.splitlines()
    assert lines[0] == "main runs"
    assert len(lines) == 2
    answer, pid = lines[1].split()
    assert answer == "3"
    assert gone(int(pid))


def test_a_killed_kernel_takes_its_verifier_along(tmp_path):
    process = run_script(tmp_path, "wait")
    with process:
        assert process.stdout.readline() == "main runs\n"
        pid = int(process.stdout.readline().split()[1])
        assert not gone(pid, 0.0)
        process.kill()
        assert gone(pid)


def test_a_fork_of_the_kernel_does_not_use_its_verifier(tmp_path):
    script = tmp_path / "fork.py"
    script.write_text(
        textwrap.dedent(
            """
            import os
            import jupyter_lifecycle.envelope as envelope
            envelope.build(lambda: 1, name="one")
            first = envelope.verification.shared_verifier().pid
            child = os.fork()
            if child == 0:
                envelope.build(lambda: 2, name="two")
                assert envelope.verification.shared_verifier().pid != first
                envelope.verification.shared_verifier().close()
                os._exit(7)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
            envelope.build(lambda: 3, name="three")
            assert envelope.verification.shared_verifier().pid == first
            """
        )
    )
    subprocess.run([sys.executable, str(script)], check=True, cwd=tmp_path, timeout=60)


CELLS = [
    """
import functools, os
from dataclasses import dataclass
import jupyter_lifecycle.envelope as envelope
from jupyter_lifecycle.errors import LifecycleError
HERE = os.getpid()

@dataclass
class Row:
    a: int
    b: int = 2

def helper(row):
    return row.a * row.b

@functools.lru_cache
def table(a):
    return 1

def model(row: Row) -> int:
    return helper(row)

def cached(a: int) -> int:
    return table(a)

def broken(a: int) -> int:
    if os.getpid() != HERE:
        raise ValueError("elsewhere")
    return a

def saved(model, example):
    try:
        return envelope.build(model, name="m", example=example)
    except LifecycleError as problem:
        print(type(problem).__name__, problem)
""",
    """
bundle = saved(model, {"row": {"a": 2}})
print(bundle.predict({"row": {"a": 3}}), bundle.manifest.environment.local[0].name)
""",
    'saved(cached, {"a": 1})',
    'saved(broken, {"a": 1})',
]


def test_a_notebook(tmp_path):
    cells = [nbformat.v4.new_code_cell(cell.strip()) for cell in CELLS]
    resources = {"metadata": {"path": str(tmp_path)}}
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources=resources).execute()
    said = ["".join(out.get("text", "") for out in cell.outputs).strip() for cell in notebook.cells]
    assert said[1] == "6 __main__"
    assert said[2].startswith("ExampleError The stored model fails while loading")
    assert "table" in said[2]
    assert "ValueError: elsewhere" in said[3]
    assert 'a notebook cell, line 27, in broken: raise ValueError("elsewhere")' in said[3]


def test_variables_that_were_set_since_the_verifier_started_reach_it(monkeypatch):
    def model(x: int) -> str:
        import os

        return f"{os.environ.get('JL_TEST_REGION')} {x}"

    build(model, name="first", example={"x": 1})
    monkeypatch.setenv("JL_TEST_REGION", "eu")
    assert build(model, name="second", example={"x": 1}).predict({"x": 2}) == "eu 2"
    monkeypatch.delenv("JL_TEST_REGION")
    assert build(model, name="third", example={"x": 1}).predict({"x": 2}) == "None 2"
