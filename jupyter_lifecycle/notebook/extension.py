"""``%load_ext jupyter_lifecycle``: the session and its magics on a shell, and off it again."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython

from jupyter_lifecycle.errors import LifecycleError
from jupyter_lifecycle.notebook.channel import CellsChannel
from jupyter_lifecycle.notebook.completion import matcher
from jupyter_lifecycle.notebook.describing import described, name_at
from jupyter_lifecycle.notebook.host import ShellHost
from jupyter_lifecycle.notebook.magics import LifecycleMagics
from jupyter_lifecycle.notebook.session import Session
from jupyter_lifecycle.notebook.showing import show
from jupyter_lifecycle.notebook.tracebacks import short_lines, show_short
from jupyter_lifecycle.notebook.transforming import FeatureLines
from jupyter_lifecycle.registry import origins
from jupyter_lifecycle.widgets.outcomes import message_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

_NOT_LOADED = (
    "jupyter_lifecycle is not loaded in this notebook. Run %load_ext jupyter_lifecycle first."
)
_NOT_THERE: Any = object()
_ATTRIBUTE = "_jupyter_lifecycle"
"""One session a shell, held by the shell: there is no global one."""


class Extension:
    """What the extension put on a shell, so that it can be taken off.

    Parameters
    ----------
    shell : InteractiveShell
        The kernel's.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._host = host = ShellHost(shell)
        self.session = Session(host)
        self._shell = shell
        self._magics = LifecycleMagics(shell, self.session)
        self._matcher = matcher(self.session)
        self._lines = FeatureLines(host)
        self._channel = CellsChannel(self.session)
        self._modules = 0

    def attach(self) -> None:
        """Put magics, completion and hooks on the shell."""
        shell = self._shell
        shell.register_magics(self._magics)
        self._inspect: Callable[..., Any] = shell.object_inspect_mime
        kernel = getattr(shell, "kernel", None)
        if kernel is not None:
            self._ask_kernel = kernel.do_inspect
            kernel.do_inspect = self._asked
        shell.object_inspect_mime = self._described  # type: ignore[assignment,method-assign]
        self._channel.attach()
        shell.input_transformers_cleanup.append(self._lines)
        shell.events.register("post_run_cell", self._after_cell)
        if not shell.custom_exceptions:  # IPython has room for one; who was first keeps it
            shell.set_custom_exc((LifecycleError,), self._show_error)  # type: ignore[no-untyped-call]
        if shell.Completer is not None:
            shell.Completer.custom_matchers.append(self._matcher)
        origins.told_by(self._host.origin)

    def detach(self) -> None:
        """Take them off; the session goes with them."""
        shell = self._shell
        for kind, names in LifecycleMagics.magics.items():
            for name in names:
                shell.magics_manager.magics[kind].pop(name, None)
        shell.magics_manager.registry.pop(LifecycleMagics.__name__, None)
        shell.input_transformers_cleanup.remove(self._lines)
        shell.events.unregister("post_run_cell", self._after_cell)
        if shell.custom_exceptions == (LifecycleError,):
            shell.set_custom_exc((), None)  # type: ignore[no-untyped-call]
        if shell.Completer is not None:
            shell.Completer.custom_matchers.remove(self._matcher)
        self._channel.detach()
        origins.forget(self._host.origin)
        kernel = getattr(shell, "kernel", None)
        if kernel is not None:
            del kernel.do_inspect
        del shell.object_inspect_mime  # the class's own is behind it
        self.session.close()

    def _described(self, oname: str, detail_level: int = 0, **options: Any) -> Any:
        """Answer ``Shift+Tab`` on a feature or an input; anything else as IPython does.

        IPython has no hook for names that are no variables, and the parameters of a feature are
        columns.
        """
        found = self._shell.user_ns.get(oname, _NOT_THERE)
        feature = self.session.graph.features.get(oname)
        is_ours = feature is not None and found is feature.written
        if found is _NOT_THERE or is_ours:
            described_as = described(self.session, oname, source=detail_level > 0)
            if described_as is not None:
                return described_as
        return self._inspect(oname, detail_level=detail_level, **options)

    def _asked(self, code: str, cursor_pos: int, detail_level: int = 0, *more: Any) -> Any:
        """Answer an inspect request inside a feature cell: there a column's name is the column.

        IPython would answer with the function that the name stands in the brackets of.
        """
        name = name_at(code, cursor_pos) if code.lstrip().startswith("%%feature") else ""
        data = described(self.session, name, source=detail_level > 0) if name else None
        if data is None:
            return self._ask_kernel(code, cursor_pos, detail_level, *more)
        return {"status": "ok", "found": True, "data": data, "metadata": {}}

    def _show_error(
        self,
        shell: InteractiveShell,
        kind: type[BaseException],
        error: BaseException,
        trace: Any,
        tb_offset: int | None = None,
    ) -> None:
        """Show what a plain call such as ``jl.save`` raised as magics do: the user's own lines."""
        if not hasattr(error, "_render_traceback_"):
            show_short(error, short_lines(error, self.session.place))
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)

    def _after_cell(self, result: object) -> None:
        """Let views follow: a cell may have changed a helper or a constant."""
        del result
        self.session.refresh_views()
        if len(sys.modules) > self._modules:
            self.warm()

    def warm(self) -> None:
        """Have the verifier import what the kernel has, so that the first save need not wait."""
        self._modules = len(sys.modules)
        threading.Thread(target=_warm, name="jupyter-lifecycle-warm", daemon=True).start()


def load_ipython_extension(ipython: InteractiveShell) -> None:
    """Put a session and its magics on a shell; ``%load_ext jupyter_lifecycle`` calls it.

    Parameters
    ----------
    ipython : InteractiveShell
        Loading twice keeps the session that is there.
    """
    if _extension(ipython) is not None:
        return
    extension = Extension(ipython)
    extension.attach()
    setattr(ipython, _ATTRIBUTE, extension)
    extension.warm()


def unload_ipython_extension(ipython: InteractiveShell) -> None:
    """Take the magics and the session off a shell."""
    extension = _extension(ipython)
    if extension is not None:
        extension.detach()
        delattr(ipython, _ATTRIBUTE)


def current_session() -> Session:
    """Return the session of the notebook that runs this.

    Raises
    ------
    LifecycleError
        Outside IPython, or where the extension is not loaded.
    """
    extension = _extension(get_ipython())
    if extension is None:
        raise LifecycleError(_NOT_LOADED)
    return extension.session


def show_explorer() -> None:
    """Display the session's explorer, or how to get one; for the lab extension's side panel."""
    _show("explorer")


def open_save_panel() -> None:
    """Display the session's save panel, or how to get one; for the lab extension's button."""
    _show("save_panel")


def _show(what: str) -> None:
    extension = _extension(get_ipython())
    if extension is None:
        show(message_line(_NOT_LOADED))
    else:
        show(getattr(extension.session, what)())


def _extension(shell: Any) -> Extension | None:
    found = getattr(shell, _ATTRIBUTE, None)
    return found if isinstance(found, Extension) else None


def _warm() -> None:
    from jupyter_lifecycle.envelope import start_verifier

    start_verifier()
