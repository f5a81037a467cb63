"""What all panels share: their frame, their thread, their errors in place, their saved form."""

from __future__ import annotations

import threading
from abc import ABCMeta, abstractmethod
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ipywidgets import HTML, Button, HBox, VBox

from jupyter_lifecycle.errors import LifecycleError
from jupyter_lifecycle.widgets.announcer import Announcer
from jupyter_lifecycle.widgets.work import Threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ipywidgets import Widget

    from jupyter_lifecycle.widgets.markup import Markup
    from jupyter_lifecycle.widgets.work import Worker


class _PanelType(type(VBox), ABCMeta):  # type: ignore[misc]
    """ipywidgets' metaclass that also sees to it that nothing abstract is left out."""


class Panel(VBox, metaclass=_PanelType):  # type: ignore[misc]
    """A panel of ipywidgets that holds no logic: it calls public functions and shows the answer.

    Parameters
    ----------
    worker : Worker, optional
        Who runs what it starts; threads by default.
    """

    def __init__(self, worker: Worker | None = None) -> None:
        super().__init__()
        self.add_class("jl")
        self.add_class("jl-panel")
        self._worker: Worker = worker or Threads()
        self._paint_lock = threading.RLock()
        self._ended = False
        self._display: Any = None
        self.announcer = Announcer(self.clicked)

    def frame(self, *parts: Widget) -> None:
        """Set the parts of the panel; the announcer comes last."""
        self.children = (*parts, self.announcer)

    def run(self, work: Callable[[], object]) -> None:
        """Run it in the background; an error that nobody caught is shown, not swallowed."""
        self._worker.start(self._guarded(work))

    def repeat(self, seconds: float, work: Callable[[], bool]) -> None:
        """Run it every so many seconds until it answers False; errors are shown on the way."""

        def guarded() -> bool:
            try:
                return work()
            except Exception as error:  # noqa: BLE001 - whatever it is, the person sees it
                return self._told_error(error)

        self._worker.repeat(seconds, guarded)

    def _guarded(self, work: Callable[[], object]) -> Callable[[], None]:
        def guarded() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001 - whatever it is, the person sees it
                self._told_error(error)

        return guarded

    def _told_error(self, error: Exception) -> bool:
        """Show an error, unless the panel was closed meanwhile and nobody asks any more."""
        if not self._ended:
            self.show_error(error)
        return not self._ended

    def begin(self, work: Callable[[], object], *, here: bool) -> None:
        """Do the first of it: here where that is quick, so that a file has it, else behind."""
        if here:
            self._guarded(work)()
        else:
            self.run(work)

    def later(self, seconds: float, work: Callable[[], None]) -> None:
        """Run it in the background after a pause, unless something else is asked for before."""
        self._worker.later(seconds, self._guarded(work))

    @contextmanager
    def painting(self) -> Iterator[None]:
        """Let one thread at a time change what is shown."""
        with self._paint_lock:
            yield

    def say(self, message: str) -> None:
        """Tell a screen reader, politely."""
        self.announcer.message = message

    def alert(self, message: str) -> None:
        """Tell a screen reader of a problem."""
        self.announcer.alert = message

    @abstractmethod
    def clicked(self, value: str) -> None:
        """Answer a click on a mark or a button in the panel's own HTML."""

    @abstractmethod
    def show_error(self, error: Exception) -> None:
        """Show an error where it happened."""

    @abstractmethod
    def snapshot(self) -> Markup:
        """Draw the panel for a file: what it says, without what can be clicked."""

    @abstractmethod
    def plain(self) -> str:
        """Say the panel in a few lines of text."""

    def _ipython_display_(self) -> None:
        """Display it under an id, so that what the file keeps of it can be renewed."""
        from IPython.display import display

        shown = display(  # type: ignore[no-untyped-call]
            self._repr_mimebundle_(), raw=True, display_id=True
        )
        self._display = shown

    def renew_file(self) -> None:
        """Put what the panel says now into the notebook's file: after a save, not at each key."""
        if self._display is not None:
            self._display.update(self._repr_mimebundle_(), raw=True)

    def close(self) -> None:
        """Close the panel and end what it started."""
        self._ended = True
        self._worker.close()
        super().close()

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any] | None:
        """Give the live widget, and the panel as HTML and text for a file without a kernel."""
        bundle = super()._repr_mimebundle_(**kwargs)
        if not isinstance(bundle, dict):
            return None
        return bundle | {"text/html": str(self.snapshot()), "text/plain": self.plain()}


def html(*classes: str) -> HTML:
    """Make an empty piece of HTML, to be filled by the views."""
    return styled(HTML(), *classes)


def button(label: str, *classes: str, clicked: Callable[[], None], tooltip: str = "") -> Button:
    """Make a button; its label is a verb and what it acts on."""
    made = styled(Button(description=label, tooltip=tooltip or None), *classes)
    made.on_click(lambda _: clicked())
    return made


def row(*children: Widget, classes: tuple[str, ...] = ()) -> HBox:
    """Put widgets beside each other."""
    return styled(HBox(children), *classes)


def stack(*children: Widget, classes: tuple[str, ...] = ()) -> VBox:
    """Put widgets below each other."""
    return styled(VBox(children), *classes)


def styled(widget: Any, *classes: str) -> Any:
    """Give the widget classes that the stylesheet knows."""
    for name in classes:
        widget.add_class(name)
    return widget


def toggle(widget: Any, name: str, *, on: bool) -> None:
    """Add or remove a class."""
    if on:
        widget.add_class(name)
    else:
        widget.remove_class(name)


def told(error: BaseException) -> str:
    """Say an error in its own words; one of ours is its message, another one names its class."""
    if isinstance(error, LifecycleError):
        return error.message
    words = str(error).strip()
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
