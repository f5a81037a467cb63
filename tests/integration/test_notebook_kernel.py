"""The magics in a real kernel: what a notebook's user sees, cell by cell."""

from __future__ import annotations

import asyncio

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError

SETUP = (
    "%load_ext jupyter_lifecycle",
    """import pandas as pd
flights = pd.DataFrame({"dep_delay": [2.0, 4.0, None, -1.0], "origin": ["EWR", "LGA", "JFK", "JFK"]})
flights = pd.concat([flights] * 2000, ignore_index=True)""",
    "%inputs flights",
)
DOUBLE = "%%feature\ndef double(dep_delay):\n    return dep_delay * 2\n"
LATE = "%%feature\ndef late(double):\n    return double > 3\n"
OTHER = "%%feature\ndef other(origin):\n    return origin.str.lower()\n"


@pytest.fixture
def kernel(kernels):
    with kernels() as made:
        for cell in SETUP:
            made.run(cell)
        yield made


def test_an_edit_recomputes_only_its_descendants_and_says_so(kernel):
    for cell in (DOUBLE, LATE, OTHER):
        kernel.run(cell)
    first = kernel.text("frame = %compute late other")
    assert first.startswith("3 recomputed, ")
    assert "8,000 rows × 2 columns" in first
    assert kernel.text("frame = %compute late other").startswith("All 3 from cache")
    card = kernel.text(DOUBLE.replace("* 2", "* 3"))
    assert "1 became stale: late." in card
    assert kernel.text("frame = %compute late other").startswith("2 recomputed, 1 from cache")
    assert "late ← double" in kernel.text("%why late")


def test_a_new_kernel_takes_everything_from_the_cache(kernels):
    for expected in ("2 recomputed", "All 2 from cache"):
        with kernels() as kernel:
            for cell in (*SETUP, DOUBLE, LATE):
                kernel.run(cell)
            assert kernel.text("frame = %compute late").startswith(expected)


def test_bad_cells_are_one_clear_message_and_stop_run_all(kernel):
    kernel.run(DOUBLE)
    typo = kernel.text("%%feature\ndef a(dep_dela):\n    return dep_dela\n")
    assert "No feature or input dep_dela. Did you mean dep_delay?" in typo
    outputs, _ = kernel.fail("%compute a")
    assert "did you mean dep_delay?" in kernel.traceback_of(outputs)
    outputs, _ = kernel.fail("%%feature\ndef b(c): ...\ndef c(b): ...\n")
    assert kernel.traceback_of(outputs).startswith(
        "CycleError: These features need each other in a circle"
    )
    assert len(kernel.traceback_of(outputs).splitlines()) == 1
    outputs, _ = kernel.fail("%%feature\ndef f(x:\n")
    assert "was never closed" in kernel.traceback_of(outputs)
    outputs, _ = kernel.fail("%compute double --int df")
    assert "Did you mean --into?" in kernel.text_of(outputs)
    assert kernel.text("frame = %compute double").startswith("1 recomputed")


def test_a_feature_that_raises_is_one_screen_and_the_users_own_exception(kernel):
    kernel.run("%%feature\ndef bad(origin):\n    x = 1\n    return origin['x'] + x\n")
    kernel.run("%%feature\ndef worse(bad):\n    return bad\n")
    outputs, error = kernel.fail("%compute worse")
    assert error.ename == "KeyError"
    screen = kernel.text_of(outputs)
    for words in (
        "bad failed in cell [4]",
        "line 4, in bad",
        "origin: str, 8,000 rows",
        "worse waits",
    ):
        assert words in screen
    assert "site-packages" not in screen + kernel.traceback_of(outputs)
    assert len(kernel.traceback_of(outputs).splitlines()) == 3
    caught = kernel.text(
        "try:\n    %compute worse\nexcept KeyError as e:\n    print('caught', e.__notes__[0])"
    )
    assert "caught Feature bad (cell [4], line 2)" in caught


def test_an_interrupt_keeps_what_was_finished(kernel):
    kernel.run(
        "%%feature\nimport time\ndef one(dep_delay):\n    return dep_delay\n\n"
        "def slow(one):\n    return one if len(one) <= 1000 else time.sleep(600)\n"
    )

    async def interrupt_when_running(cell, index):
        running = asyncio.ensure_future(kernel.client.async_execute_cell(cell, index))
        while "slow" not in kernel.text_of(cell.outputs):
            await asyncio.wait({running}, timeout=0.05)
            assert not running.done()
        await kernel.client.km.interrupt_kernel()
        await running

    cell = nbformat.v4.new_code_cell("%compute slow")
    kernel.notebook.cells.append(cell)
    with pytest.raises(CellExecutionError):
        kernel.wait(interrupt_when_running(cell, len(kernel.notebook.cells) - 1))
    assert kernel.text_of(cell.outputs) == "Stopped after 1 of 2. What was finished is kept."
    assert "What was finished is kept." in kernel.traceback_of(cell.outputs)
    assert kernel.text("frame = %compute one").startswith("All 1 from cache")


def test_the_saved_notebook_has_text_and_markup_for_every_output(kernel):
    outputs = kernel.run(DOUBLE)
    (card,) = outputs
    assert set(card.data) == {"text/html", "text/plain"}
    assert "<svg" in card.data["text/html"]
    (dag,) = kernel.run("%dag")
    assert "image/svg+xml" in dag.data
    assert "double" in dag.data["text/plain"]


def test_a_plain_cell_can_use_the_session(kernel):
    kernel.run(DOUBLE)
    words = kernel.text(
        "from jupyter_lifecycle.notebook import current_session\n"
        "print(len(current_session().compute('double')))"
    )
    assert "8000" in words


EDITS = {
    "a helper's helper": (
        "def g0(v): return v + 1\ndef h0(v): return g0(v) * 2",
        "def answer0(x): return h0(x)",
        ("v + 1", "v + 2"),
        ("4", "6"),
    ),
    "a base class": (
        "class B1:\n    n = 2\nclass C1(B1): pass",
        "def answer1(x): return C1().n * x",
        ("n = 2", "n = 3"),
        ("2", "3"),
    ),
    "a decorator": (
        "import functools\nfrom jupyter_lifecycle import feature\ndef d2(f):\n    @functools.wraps(f)\n    def w(x): return f(x) + 1\n    return w",
        "@feature\n@d2\ndef answer2(x): return x",
        ("f(x) + 1", "f(x) + 2"),
        ("2", "3"),
    ),
    "a dict": ("T3 = {'a': [1]}", "def answer3(x): return T3['a'][0]", ("[1]", "[2]"), ("1", "2")),
    "a default": ("N4 = 1", "def answer4(x, n=N4): return n", ("N4 = 1", "N4 = 2"), ("1", "2")),
    "a module": ("import own5", "def answer5(x): return own5.f()", ("return 1", "return 2"), ("1", "2")),
    "a file": (
        "from pathlib import Path",
        "def answer6(x): return int(Path('rates6.txt').read_text())",
        ("7", "8"),
        ("7", "8"),
    ),
    "an accessor": (
        (
            "import pandas as pd\n@pd.api.extensions.register_series_accessor('own7')\n"
            "class A7:\n    def __init__(self, s): pass\n    def f(self): return 1"
        ),
        "def answer7(x): return pd.Series([x]).own7.f()",
        ("return 1", "return 2"),
        ("1", "2"),
    ),
}  # fmt: skip
FILES = {"own5.py": "def f(): return 1\n", "rates6.txt": "7"}


def test_edits_between_kernels_are_answered_as_without_cache(kernels, tmp_path):
    for kernel_number, edited in enumerate([False, True, True]):
        with kernels() as kernel:
            kernel.run("%load_ext jupyter_lifecycle")
            kernel.run("x = 1\n%inputs x")
            for number, (helpers, feature, edit, expected) in enumerate(EDITS.values()):
                change = (lambda text, e=edit: text.replace(*e)) if edited else str
                for name, text in FILES.items():
                    if str(number) in name:
                        (tmp_path / name).write_text(change(text))
                kernel.run(change(helpers))
                kernel.run(f"%%feature\n{feature}\n")
                told = kernel.text(f"value = %compute answer{number} --result dict\nprint(value)")
                assert f"{{'answer{number}': {expected[edited]}}}" in told, (kernel_number, feature)
                assert ("All 1 from cache" in told) is (kernel_number == 2), (kernel_number, told)


def test_why_names_the_file_and_the_line(kernels, tmp_path):
    (tmp_path / "rates.txt").write_text("7")
    with kernels() as kernel:
        kernel.run("%load_ext jupyter_lifecycle")
        kernel.run("import time\nfrom pathlib import Path\nx = 1\n%inputs x")
        kernel.run("%%feature\ndef rate(x):\n    return int(Path('rates.txt').read_text())\n")
        kernel.run("%%feature\ndef fee(rate):\n    return rate * 2\n")
        kernel.run("%%feature\ndef stamp(x):\n    return time.time()\n")
        kernel.run("%compute fee stamp --result dict")
        assert "All 1 from cache" in kernel.text("%compute rate --result dict")
        assert "rate: same as the run of " in kernel.text("%why rate")
        assert "stamp: not cached: it reads the clock (line 3)" in kernel.text("%why stamp")
        (tmp_path / "rates.txt").write_text("8")
        assert "fee ← rate: file rates.txt changed" in kernel.text("%why fee")
    with kernels() as kernel:
        kernel.run("%load_ext jupyter_lifecycle")
        kernel.run("from pathlib import Path\nx = 1\n%inputs x")
        kernel.run("%%feature\ndef rate(x):\n    return int(Path('rates.txt').read_text())\n")
        assert "rate: file rates.txt changed" in kernel.text("%why rate")
        assert "1 recomputed" in kernel.text("%compute rate --result dict")
