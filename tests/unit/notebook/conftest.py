"""A shell in this process, with the extension on it, that remembers what was displayed."""

from __future__ import annotations

import pandas as pd
import pytest
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell

from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.notebook import Session, extension


class Outputs(DisplayPublisher):
    """Keeps what each cell displayed; an update takes the place of what it updates."""

    def __init__(self, shell):
        super().__init__(shell=shell)
        self.shown = []

    def publish(self, data, metadata=None, *, transient=None, update=False, **_):
        key = (transient or {}).get("display_id")
        if update:
            at = [shown for shown, _ in self.shown].index(key)
            self.shown[at] = (key, data)
        else:
            self.shown.append((key, data))


class Notebook:
    """Cells of a notebook, run one after the other."""

    def __init__(self, shell):
        self.shell = shell
        self.outputs = shell.display_pub

    def run(self, source):
        """The result of a cell that must not fail."""
        result = self.shell.run_cell(source, store_history=True)
        result.raise_error()
        return result.result

    def fail(self, source):
        """What a cell raised."""
        result = self.shell.run_cell(source, store_history=True)
        assert not result.success, "the cell did not fail"
        return result.error_in_exec or result.error_before_exec

    def shown(self, source):
        """The text of all that a cell displayed."""
        self.outputs.shown.clear()
        self.run(source)
        return self.text()

    def text(self):
        return "\n".join(data["text/plain"] for _, data in self.outputs.shown)

    def html(self):
        return "".join(data.get("text/html", "") for _, data in self.outputs.shown)

    @property
    def session(self):
        return extension.current_session()


@pytest.fixture
def quiet_start(monkeypatch):
    """No verifier: it is another process and another test's business."""
    monkeypatch.setattr(extension, "_warm", lambda: None)


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_LIFECYCLE_CACHE", str(tmp_path / "columns"))
    monkeypatch.setenv("JUPYTER_LIFECYCLE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("JUPYTER_LIFECYCLE_REGISTRY", "")  # %registry sets it: put back afterwards
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    InteractiveShell.clear_instance()
    made = InteractiveShell.instance(colors="nocolor")
    made.display_pub = Outputs(made)
    made.history_manager.enabled = False
    yield made
    made.history_manager.end_session()
    InteractiveShell.clear_instance()


@pytest.fixture
def notebook(shell, quiet_start):
    extension.load_ipython_extension(shell)
    yield Notebook(shell)
    extension.unload_ipython_extension(shell)


@pytest.fixture
def session():
    return Session(cache=ColumnCache())


@pytest.fixture
def flights():
    return pd.DataFrame(
        {
            "dep_time": [517, 533, 542, 544] * 500,
            "dep_delay": [2.0, 4.0, None, -1.0] * 500,
            "origin": ["EWR", "LGA", "JFK", "JFK"] * 500,
        }
    )
