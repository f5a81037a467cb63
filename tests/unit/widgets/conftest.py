"""Panels without a page: what they start runs on the spot, and the built front end is not needed."""

from datetime import UTC, datetime

import pytest


class Inline:
    """Runs what a panel starts at once; rounds are run by hand."""

    def __init__(self):
        self.rounds = []
        self.held = None
        self.closed = False

    def start(self, work):
        if self.held is None:
            work()
        else:
            self.held.append(work)

    def later(self, seconds, work):
        assert seconds > 0
        self.start(work)

    def repeat(self, seconds, work):
        assert seconds >= 1
        self.rounds.append(work)
        work()

    def close(self):
        self.closed = True

    def hold(self):
        """Keep what is started from now on, as a busy machine would."""
        self.held = []

    def go(self):
        """Run what was kept."""
        held, self.held = self.held, None
        for work in held:
            work()


@pytest.fixture
def bare_panel(worker):
    """The least that is a panel: what it is told is kept."""
    from jupyter_lifecycle.widgets.panel import Panel

    class Bare(Panel):
        def clicked(self, value):
            self.value_clicked = value

        def show_error(self, error):
            self.error_shown = error

        def snapshot(self):
            return "bare"

        def plain(self):
            return "bare"

    return Bare(worker)


@pytest.fixture
def worker():
    return Inline()


@pytest.fixture
def now():
    return lambda: datetime(2025, 11, 24, 14, 6, tzinfo=UTC)


@pytest.fixture
def front_end(monkeypatch):
    """The names of the built files instead of their content."""
    monkeypatch.setattr("jupyter_lifecycle.widgets.announcer.built", lambda name: name)
    monkeypatch.setattr("jupyter_lifecycle.widgets.chips.built", lambda name: name)
    monkeypatch.setattr("jupyter_lifecycle.widgets.table.built", lambda name: name)


@pytest.fixture
def registry(tmp_path):
    from jupyter_lifecycle.registry import Registry

    with Registry(tmp_path / "registry") as made:
        yield made


@pytest.fixture
def shelf(registry, make_bundle):
    """``shelf(name, tags, metrics)``: another envelope in the registry."""

    def add(name="departure-delay", tags=None, metrics=None, **bundle):
        return registry.add(make_bundle(name, **bundle), tags=tags, metrics=metrics)

    return add
