"""The magics: each reads its line, calls the session's method, shows the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import (
    Magics,
    line_cell_magic,
    line_magic,
    magics_class,
    no_var_expand,
)

from jupyter_lifecycle.errors import LifecycleError
from jupyter_lifecycle.notebook import commands
from jupyter_lifecycle.notebook.options import pairs, unquote
from jupyter_lifecycle.notebook.showing import Slot, show
from jupyter_lifecycle.notebook.targets import expand
from jupyter_lifecycle.notebook.tracebacks import headline, show_short
from jupyter_lifecycle.widgets.cards import feature_card
from jupyter_lifecycle.widgets.outcomes import message_line, why_view

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

    from jupyter_lifecycle.interop.export import Flavour
    from jupyter_lifecycle.notebook.options import Command
    from jupyter_lifecycle.notebook.session import Session


def _documented(command: Command) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a magic its help as docstring and have our own errors shown without frames."""

    def wrap(magic: Callable[..., Any]) -> Callable[..., Any]:
        def run(self: LifecycleMagics, *line_and_cell: str) -> Any:
            try:
                return magic(self, *line_and_cell)
            except LifecycleError as error:
                if not hasattr(error, "_render_traceback_"):
                    show_short(error, headline(error).splitlines())
                raise

        run.__name__ = magic.__name__
        run.__doc__ = command.help()
        return run

    return wrap


@magics_class
class LifecycleMagics(Magics):
    """The magics of one kernel and the session that they share.

    Parameters
    ----------
    shell : InteractiveShell
        The kernel's.
    session : Session
        What changes.
    """

    def __init__(self, shell: InteractiveShell, session: Session) -> None:
        super().__init__(shell)
        self._shell = shell
        self.session = session

    @no_var_expand
    @line_cell_magic
    @_documented(commands.FEATURE)
    def feature(self, line: str, cell: str | None = None) -> None:
        """See ``%%feature --help``."""
        asked = commands.FEATURE.parse(line)
        if asked is None:
            return
        if cell is None:
            raise UsageError(
                "%feature: write %%feature on the first line of a cell with functions."
            )
        tags = pairs(asked.tag, command="%%feature", option="--tag")
        show(feature_card(self.session.feature(cell, tags=tags, cache=asked.cache)))

    @no_var_expand
    @line_magic
    @_documented(commands.INPUTS)
    def inputs(self, line: str) -> None:
        """See ``%inputs --help``."""
        asked = commands.INPUTS.parse(line)
        if asked is None:
            return
        if not asked.values:
            show(message_line(self.session.listed_inputs()))
            return
        frames, values = [], {}
        for word in asked.values:
            name, equals, expression = word.partition("=")
            if equals and name.isidentifier() and not expression.startswith("="):
                values[name] = self._evaluate(expression)
                continue
            value = self._evaluate(word)
            if hasattr(value, "columns") and hasattr(value, "iloc"):
                frames.append((word, value))
            elif word.isidentifier():
                values[word] = value
            else:
                raise UsageError(f"%inputs: {word} has no name. Write name={word}.")
        show(message_line(self.session.give(frames, values), state="fresh"))

    @no_var_expand
    @line_magic
    @_documented(commands.CONFIGURE)
    def configure(self, line: str) -> None:
        """See ``%configure --help``."""
        asked = commands.CONFIGURE.parse(line)
        if asked is None:
            return
        if asked.clear and asked.values:
            raise UsageError("%configure: --clear leaves no configuration; name no value with it.")
        values = {}
        for word in asked.values:
            name, equals, expression = word.partition("=")
            if not (equals and name.isidentifier()) or expression.startswith("="):
                raise UsageError(f"%configure: {word} has no name. Write name=expression.")
            values[name] = self._evaluate(expression)
        if asked.types is not None:
            self.session.check_types(asked.types)
        if values or asked.clear:
            show(feature_card(self.session.configure(**values)))
        else:
            show(message_line(self.session.listed_configuration()))

    @no_var_expand
    @line_magic
    @_documented(commands.COMPUTE)
    def compute(self, line: str) -> Any:
        """See ``%compute --help``."""
        asked = commands.COMPUTE.parse(line)
        if asked is None:
            return None
        names = expand(asked.names, self._evaluate, command="%compute")
        if asked.all:
            names += self.session.targets(self.session.graph.features)
        if not names:
            raise UsageError("%compute: name a feature, a pattern such as origin_*, or --all.")
        if asked.into is not None and not asked.into.isidentifier():
            raise UsageError(f"%compute: --into {asked.into} is no variable name.")
        executor = asked.executor
        if executor is not None and executor in self._shell.user_ns:
            executor = self._shell.user_ns[executor]
        value = self.session.compute(*names, result=asked.result, executor=executor, show=Slot())
        if asked.into is None:
            return value
        self._shell.user_ns[asked.into] = value
        return None

    @no_var_expand
    @line_magic
    @_documented(commands.DAG)
    def dag(self, line: str) -> None:
        """See ``%dag --help``."""
        asked = commands.DAG.parse(line)
        if asked is not None:
            names = expand(asked.names, self._evaluate, command="%dag")
            show(self.session.explorer(*names, against=asked.against))

    @no_var_expand
    @line_magic
    @_documented(commands.WHY)
    def why(self, line: str) -> None:
        """See ``%why --help``."""
        asked = commands.WHY.parse(line)
        if asked is None:
            return
        for name in expand(asked.names, self._evaluate, command="%why"):
            show(why_view(self.session.reason(name)))

    @no_var_expand
    @line_magic
    @_documented(commands.SAVE)
    def save(self, line: str) -> Any:
        """See ``%save --help``."""
        asked = commands.SAVE.parse(line)
        if asked is None:
            return None
        if asked.model is None:
            show(self.session.save_panel())
            return None
        if asked.name is None or asked.example is None:
            raise UsageError("%save: a model needs --name and --example; %save alone has a form.")
        metrics = pairs(asked.metric, command="%save", option="--metric")
        return self.session.save(
            self._evaluate(asked.model),
            name=asked.name,
            example=self._evaluate(asked.example),
            tags=pairs(asked.tag, command="%save", option="--tag"),
            metrics={key: float(self._evaluate(value)) for key, value in metrics.items()},
        )

    @no_var_expand
    @line_magic
    @_documented(commands.REGISTRY)
    def registry(self, line: str) -> None:
        """See ``%registry --help``."""
        asked = commands.REGISTRY.parse(line)
        if asked is None:
            return
        if asked.location is not None:
            self.session.use_registry(unquote(asked.location), trust=asked.trust or None)
        elif asked.trust:
            raise UsageError("%registry: --trust needs the registry's address or folder.")
        show(message_line(f"Registry {self.session.registry.location}", state="cached"))

    @no_var_expand
    @line_magic
    @_documented(commands.DROP)
    def drop(self, line: str) -> None:
        """See ``%drop --help``."""
        asked = commands.DROP.parse(line)
        if asked is not None:
            names = expand(asked.names, self._evaluate, command="%drop")
            show(message_line(self.session.drop(*names), state="stale"))

    @no_var_expand
    @line_magic
    @_documented(commands.EXPORT)
    def export(self, line: str) -> None:
        """See ``%export --help``."""
        asked = commands.EXPORT.parse(line)
        if asked is not None:
            flavour: Flavour = asked.modifiers or "jupyter_lifecycle"
            words = self.session.export(unquote(asked.path), modifiers=flavour)
            show(message_line(words, state="fresh"))

    @no_var_expand
    @line_magic("import")  # type: ignore[arg-type]
    @_documented(commands.IMPORT)
    def import_(self, line: str) -> None:
        """See ``%import --help``."""
        asked = commands.IMPORT.parse(line)
        if asked is None:
            return
        name = unquote(asked.module)
        if asked.cell:
            text = self.session.module_as_cell(name)
            self._shell.set_next_input(text)
        else:
            show(feature_card(self.session.import_module(name)))

    @line_magic
    @_documented(commands.CACHE)
    def cache(self, line: str) -> None:
        """See ``%cache --help``."""
        asked = commands.CACHE.parse(line)
        if asked is not None:
            words = self.session.cache_command(asked.action or "status", *asked.names)
            show(message_line(words, state="cached"))

    def _evaluate(self, expression: str) -> Any:
        try:
            return self._shell.ev(expression)  # type: ignore[no-untyped-call]
        except Exception as error:
            show_short(error, [headline(error), f"  in {expression}"])
            raise
