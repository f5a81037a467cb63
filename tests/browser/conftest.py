"""Real JupyterLab, Voila and Chromium: servers on free loopback ports, stopped by their own process id."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Locator, Page

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: Playwright leaves an event loop running in the thread of the tests."""
    here = Path(__file__).parent
    browser = [item for item in items if here in item.path.parents]
    for item in browser:
        item.add_marker(pytest.mark.browser)
    marked = set(browser)
    items[:] = [item for item in items if item not in marked] + browser


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def isolated_environment(home: Path) -> dict[str, str]:
    """An environment in which nothing of the person's own settings counts."""
    return {
        **{
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("JUPYTER", "JPY_"))
        },
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "jupyter" / "config"),
        "JUPYTER_DATA_DIR": str(home / "jupyter" / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "jupyter" / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_LIFECYCLE_HOME": str(home / "lifecycle"),
        "JUPYTER_LIFECYCLE_CACHE": str(home / "lifecycle-cache"),
        "OMP_WAIT_POLICY": "PASSIVE",
        "PYTHONWARNINGS": "ignore",
    }


@dataclass
class Server:
    """A running JupyterLab or Voila."""

    url: str
    folder: Path
    home: Path
    log: Path

    def environment(self) -> dict[str, str]:
        return isolated_environment(self.home)


@contextlib.contextmanager
def serve(
    command: list[str], *, ready: str, folder: Path, home: Path, seconds: float = 90
) -> Iterator[Server]:
    """Start a server, wait until it answers, stop it and its kernels."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    log = home / f"server-{port}.log"
    words = [word.replace("{port}", str(port)) for word in command]
    with log.open("wb") as sink:
        process = subprocess.Popen(
            words,
            cwd=folder,
            env=isolated_environment(home),
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + seconds
            while True:
                with contextlib.suppress(requests.RequestException):
                    if requests.get(url + ready, timeout=5).status_code < 500:
                        break
                if process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"{words[0]} did not start:\n{log.read_text()[-3000:]}")
                time.sleep(0.1)
            yield Server(url, folder, home, log)
        finally:
            stop_deployer(home)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(10)


def stop_deployer(home: Path) -> None:
    """A rule on ``local`` starts a deployer that outlives the kernel; end it with the test."""
    if (home / "lifecycle").exists():
        subprocess.run(
            [str(Path(sys.executable).parent / "jupyter-lifecycle"), "deployer", "stop"],
            env=isolated_environment(home),
            capture_output=True,
            timeout=60,
            check=False,
        )


@pytest.fixture(name="stop_deployer")
def deployer_stopper() -> Callable[[Path], None]:
    """For a notebook with a registry of its own."""
    return stop_deployer


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    found = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if not found:
        pytest.fail(
            "No Chromium on this machine: `make test` installs it as root, else install the package chromium."
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def new_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """``new_page(width=…, height=…, dark=…)``; its context is closed after the test."""
    contexts = []

    def make(*, width: int = 1440, height: int = 900, dark: bool = False, scale: float = 1) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            device_scale_factor=scale,
        )
        context.set_default_timeout(60_000)
        contexts.append(context)
        return context.new_page()

    yield make
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """JupyterLab on an empty folder, without token, news or a saved workspace."""
    home, folder = tmp_path_factory.mktemp("lab-home"), tmp_path_factory.mktemp("lab-notebooks")
    overrides = home / "jupyter" / "config" / "labconfig"
    overrides.mkdir(parents=True)
    settings = home / "settings"
    write_lab_settings(settings, dark=False)
    command = [
        str(Path(sys.executable).parent / "jupyter"),
        "lab",
        "--no-browser",
        "--port={port}",
        "--ServerApp.port_retries=0",
        "--IdentityProvider.token=",
        "--ServerApp.password=",
        "--ServerApp.disable_check_xsrf=True",
        "--allow-root",
        f"--ServerApp.root_dir={folder}",
        f"--LabApp.user_settings_dir={settings}",
        f"--LabApp.workspaces_dir={home / 'workspaces'}",
        "--LabApp.news_url=None",
        "--expose-app-in-browser",
    ]
    with serve(command, ready="/api/status", folder=folder, home=home) as server:
        yield server


class Notebook:
    """One notebook in JupyterLab, driven as a person would."""

    def __init__(self, page: Page, server: Server, name: str) -> None:
        self.page, self.server, self.name = page, server, name

    def open(self) -> Notebook:
        self.page.goto(f"{self.server.url}/lab/tree/{self.name}?reset")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell")
        self.wait_idle()
        return self

    def wait_idle(self, seconds: float = 120) -> None:
        """Until the kernel is connected and has nothing to do."""
        self.page.wait_for_function(
            """() => {
                const panel = window.jupyterapp?.shell.currentWidget
                const kernel = panel?.sessionContext?.session?.kernel
                return kernel?.connectionStatus === 'connected' && kernel.status === 'idle'
            }""",
            timeout=seconds * 1000,
        )

    def command(self, name: str) -> None:
        self.page.evaluate("name => window.jupyterapp.commands.execute(name)", name)

    def run_all(self, seconds: float = 240) -> None:
        """Run All, and wait until every code cell has its number."""
        self.command("notebook:run-all-cells")
        self.page.wait_for_function(
            """() => {
                const cells = window.jupyterapp.shell.currentWidget.content.widgets
                return cells.every(cell => cell.model.type !== 'code' || !cell.model.sharedModel.source.trim()
                    || cell.model.executionCount !== null)
            }""",
            timeout=seconds * 1000,
        )
        self.wait_idle(seconds)

    def index_of(self, text: str) -> int:
        """The first code cell that has the text."""
        found: int = self.page.evaluate(
            """text => window.jupyterapp.shell.currentWidget.content.widgets.findIndex(
                cell => cell.model.type === 'code' && cell.model.sharedModel.source.includes(text))""",
            text,
        )
        assert found >= 0, f"no code cell has {text!r}"
        return found

    def replace(self, index: int, old: str, new: str) -> None:
        """Edit a cell's text in place."""
        self.page.evaluate(
            """([index, old, fresh]) => {
                const model = window.jupyterapp.shell.currentWidget.content.widgets[index].model.sharedModel
                model.setSource(model.getSource().replace(old, fresh))
            }""",
            [index, old, new],
        )

    def run_cell(self, index: int, seconds: float = 120) -> None:
        self.page.evaluate(
            """index => {
                const notebook = window.jupyterapp.shell.currentWidget.content
                notebook.activeCellIndex = index
                notebook.deselectAll()
                return window.jupyterapp.commands.execute('notebook:run-cell')
            }""",
            index,
        )
        self.wait_idle(seconds)

    def output_text(self, index: int, has: str = "") -> str:
        """What a cell shows, once it shows these words; JupyterLab attaches only cells near the view."""
        self.scroll_to(index)
        found = self.page.wait_for_function(
            """([index, has]) => {
                const text = window.jupyterapp.shell.currentWidget.content.widgets[index].node.innerText
                return text.trim() && text.includes(has) ? text : null
            }""",
            arg=[index, has],
        )
        text: str = found.json_value()
        return text

    def scroll_to(self, index: int) -> None:
        self.page.evaluate(
            """index => {
                const notebook = window.jupyterapp.shell.currentWidget.content
                notebook.activeCellIndex = index
                return notebook.scrollToItem(index, 'start')
            }""",
            index,
        )

    def cell(self, index: int) -> Locator:
        """The cell's element; JupyterLab attaches only those near the view."""
        self.scroll_to(index)
        return self.page.locator(f'.jp-Notebook .jp-Cell[data-windowed-list-index="{index}"]')


@pytest.fixture
def open_notebook(lab: Server, new_page: Callable[..., Page]) -> Callable[..., Notebook]:
    """``open_notebook(path_of_ipynb, width=…, dark=…)``: a copy of it, open in JupyterLab."""

    def opener(
        source: Path, *, dark: bool = False, name: str | None = None, **size: int
    ) -> Notebook:
        write_lab_settings(lab.home / "settings", dark=dark)
        name = name or source.name
        shutil.copy(source, lab.folder / name)
        return Notebook(new_page(dark=dark, **size), lab, name).open()

    return opener


@pytest.fixture
def notebook_server(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[Path], contextlib.AbstractContextManager[Server]]:
    """``with notebook_server(folder) as server``: Notebook 7 on a folder, without token."""

    def start(folder: Path) -> contextlib.AbstractContextManager[Server]:
        command = [
            str(Path(sys.executable).parent / "jupyter"),
            "notebook",
            "--no-browser",
            "--port={port}",
            "--ServerApp.port_retries=0",
            "--IdentityProvider.token=",
            "--ServerApp.password=",
            "--ServerApp.disable_check_xsrf=True",
            "--allow-root",
            f"--ServerApp.root_dir={folder}",
            "--JupyterNotebookApp.expose_app_in_browser=True",
        ]
        home = tmp_path_factory.mktemp("notebook-home")
        return serve(command, ready="/api/status", folder=folder, home=home)

    return start


@pytest.fixture
def voila(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., object]:
    """``with voila(folder, notebook) as server``: the notebook as an app, with our template."""

    def start(
        folder: Path, notebook: str, **options: str
    ) -> contextlib.AbstractContextManager[Server]:
        home = tmp_path_factory.mktemp("voila-home")
        command = [
            str(Path(sys.executable).parent / "voila"),
            notebook,
            "--no-browser",
            "--port={port}",
            "--template=jupyter_lifecycle",
            "--Voila.ip=127.0.0.1",
            *(f"--{key}={value}" for key, value in options.items()),
        ]
        return serve(command, ready="/voila/static/voila.js", folder=folder, home=home)

    return start


def write_lab_settings(settings: Path, *, dark: bool) -> None:
    """No news, no tour; light or dark."""
    extension = settings / "@jupyterlab" / "apputils-extension"
    extension.mkdir(parents=True, exist_ok=True)
    theme = "JupyterLab Dark" if dark else "JupyterLab Light"
    (extension / "themes.jupyterlab-settings").write_text(json.dumps({"theme": theme}))
    (extension / "notification.jupyterlab-settings").write_text(
        json.dumps({"fetchNews": "false", "checkForUpdates": False})
    )
