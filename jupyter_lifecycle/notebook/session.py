"""The session: the one thing in a notebook that changes. Every magic is a thin shell over it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from jupyter_lifecycle.errors import LifecycleError, UnboundError, did_you_mean
from jupyter_lifecycle.graph import Delta, FeatureGraph, Origin
from jupyter_lifecycle.notebook.caching import cache_words
from jupyter_lifecycle.notebook.cells import CellOwners
from jupyter_lifecycle.notebook.definitions import CellBody, DefinedCell, refuse_nothing
from jupyter_lifecycle.notebook.editing import Edit, card_of
from jupyter_lifecycle.notebook.failures import screen_of
from jupyter_lifecycle.notebook.importing import Modules, as_cell, defined_in
from jupyter_lifecycle.notebook.pipes import Pipes
from jupyter_lifecycle.notebook.preview import Previewer
from jupyter_lifecycle.notebook.progress import Ticker, Tracker, listen
from jupyter_lifecycle.notebook.reasons import reason_of, summary_of, told_reasons
from jupyter_lifecycle.notebook.saving import Saving
from jupyter_lifecycle.notebook.targets import query_of
from jupyter_lifecycle.notebook.tracebacks import headline, short_lines, show_short
from jupyter_lifecycle.notebook.workspace import state_in
from jupyter_lifecycle.widgets.outcomes import (
    error_lines,
    error_view,
    headlines,
    stopped_line,
    summary_line,
)
from jupyter_lifecycle.widgets.words import count, size

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jupyter_lifecycle.cache import ColumnCache
    from jupyter_lifecycle.executors import Engine, Executor
    from jupyter_lifecycle.interop.export import Flavour
    from jupyter_lifecycle.materialise import Why
    from jupyter_lifecycle.notebook.definitions import Definitions, Host
    from jupyter_lifecycle.widgets.cards import Card, View
    from jupyter_lifecycle.widgets.outcomes import Reason

    CacheMode = Literal["auto", "always", "never"]
    Show = Callable[[View], None]


class Session(Saving):
    r"""Features, inputs and computed columns of one notebook.

    Parameters
    ----------
    host : Host, optional
        What runs the cells; plain Python in a namespace of its own by default.
    cache : ColumnCache, optional
        Where columns are kept; by default on disk, in ``$JUPYTER_LIFECYCLE_CACHE`` or the user's
        cache folder, opened when first needed.

    Examples
    --------
    >>> from jupyter_lifecycle.cache import ColumnCache
    >>> session = Session(cache=ColumnCache())
    >>> card = session.feature("def double(x):\n    return x * 2")
    >>> _ = session.inputs(x=21)
    >>> session.compute("double")
    {'double': 42}
    """

    def __init__(self, host: Host | None = None, *, cache: ColumnCache | None = None) -> None:
        super().__init__(host, cache=cache)
        self._owners = CellOwners()
        self._previewer = Previewer()
        self._modules = Modules()
        self._labels: dict[str, str] = {}
        self._defined: dict[str, DefinedCell] = {}
        self._explorer: Any = None

    # -- definitions ---------------------------------------------------------------------------

    def feature(
        self, source: str, *, tags: Mapping[str, str] | None = None, cache: CacheMode | None = None
    ) -> Card:
        """Run a cell once and make its functions features; the plain call behind ``%%feature``.

        Parameters
        ----------
        source : str
            Python that defines them.
        tags : mapping of str to str, optional
            For all features of the cell.
        cache : {"auto", "always", "never"}, optional
            For all features of the cell.

        Returns
        -------
        Card
            What it did, for :func:`~jupyter_lifecycle.widgets.cards.feature_card`.

        Raises
        ------
        GraphError
            The graph is as before.
        Exception
            Whatever the cell raises.
        """
        cell = self._host.cell()
        body = self._parsed(source, cell.label)
        key = self._owners.key(cell, source, body.names)
        before, pipes = body.before(), Pipes(self._graph)
        definitions = self._ran(body, pipes)
        try:
            body.refuse_twice(cell.label)
            if not self._graph.owned_by(key):
                refuse_nothing(definitions, cell.label)
            origin = Origin(cell.label, key, title=cell.title)
            made = DefinedCell(definitions.features, origin, tags or {}, cache)
            features = made.features(self._graph.config)
            pipes.refuse_changed(cell.label)
            graph, delta = self._graph.with_features(*features, owner=key)
        except Exception as error:
            body.put_back(before)
            pipes.put_back()
            if not isinstance(error, LifecycleError):  # resolve(…) runs what the cell wrote
                show_short(error, short_lines(error, self.place, inside=body.filename))
            raise
        self._owners.remember(key, source, body.names)
        self._defined[key] = made
        left_out = made.left_out(self._graph.config)
        names = tuple(each.name for each in features)
        return self._edited(Edit(self._graph, graph, delta, names, definitions.plain, left_out))

    def import_module(self, name: str) -> Card:
        """Make a module's functions features; the plain call behind ``%import``.

        Parameters
        ----------
        name : str
            Of the module, or the path of its file. A file that changed since is loaded again.

        Returns
        -------
        Card
            What it did.

        Raises
        ------
        GraphError
            The graph is as before.
        LifecycleError
            If there is no such module.
        """
        made = defined_in(self._modules.take(name))
        key = made.origin.key
        features = made.features(self._graph.config)
        graph, delta = self._graph.with_features(*features, owner=key)
        self._defined[key] = made
        left_out = made.left_out(self._graph.config)
        names = tuple(each.name for each in features)
        return self._edited(Edit(self._graph, graph, delta, names, (), left_out))

    def module_as_cell(self, name: str) -> str:
        """Return a module as the text of a ``%%feature`` cell; behind ``%import --cell``."""
        return as_cell(self._modules.take(name))

    def configure(self, **config: Any) -> Card:
        """Choose the configuration that ``config.when`` and ``resolve`` look at.

        Parameters
        ----------
        **config
            All of it, in place of what was there. Parameters of these names get the values.

        Returns
        -------
        Card
            What it did to the features of all cells.

        Raises
        ------
        GraphError
            Features and configuration are as before.
        """
        old = self._graph
        graph = FeatureGraph(config=config).with_type_checks(old.type_checks)
        for key, cell in self._defined.items():
            dropped = {each.name for each in cell.features(old.config)} - {*old.owned_by(key)}
            kept = [each for each in cell.features(config) if each.name not in dropped]
            graph, _ = graph.with_features(*kept, owner=key)
        left = tuple(name for cell in self._defined.values() for name in cell.left_out(config))
        names = tuple(name for name in graph if name not in old)
        gone = tuple(name for name in old if name not in graph)
        return self._edited(Edit(old, graph, Delta(added=names, removed=gone), names, (), left))

    def drop(self, *names: str) -> str:
        """Remove features, or inputs; the plain call behind ``%drop``.

        Returns
        -------
        str
            What was removed and who needed it.

        Raises
        ------
        UnboundError
            For a name that is not there; nothing is removed then.
        """
        wanted = self.chosen(names)
        features = [name for name in wanted if name in self._graph.features]
        graph, _ = self._graph.without(*features)
        needed = [
            reader
            for name in wanted
            for reader in (self._graph.children(name) if name in self._known else ())
            if reader not in wanted
        ]
        for name in wanted:
            if name not in features:
                self._inputs.remove(name)
        self._replace(graph)
        words = f"Dropped {', '.join(wanted)}."
        readers = list(dict.fromkeys(needed))
        return f"{words} Needed by {', '.join(readers)}." if readers else words

    def _parsed(self, source: str, label: str) -> CellBody:
        try:
            body = CellBody(source, self._host)
        except SyntaxError as error:
            where = f"  {label}, line {error.lineno}: {(error.text or '').strip()}"
            show_short(error, [f"SyntaxError: {error.msg}", where])
            raise
        self._labels[body.filename] = label
        return body

    def _ran(self, body: CellBody, pipes: Pipes) -> Definitions:
        try:
            return body.run()
        except Exception as error:
            pipes.put_back()
            show_short(error, short_lines(error, self.place, inside=body.filename))
            raise

    def _edited(self, edit: Edit) -> Card:
        before = self._stale()
        self._replace(edit.after)
        became = tuple(name for name in self._stale() if name not in before)
        if not edit.delta and not became:
            return card_of(edit, [], (), self.given)
        blocks = self._previewer.blocks(
            edit.names, edit.after, self._inputs, self.materialiser, self._live.reports()
        )
        return card_of(edit, blocks, became, self.given)

    def _stale(self) -> tuple[str, ...]:
        reports = self._live.reports()
        return tuple(name for name in self._graph.order() if state_in(reports, name) == "stale")

    # -- computing -----------------------------------------------------------------------------

    def compute(
        self,
        *names: str,
        result: Literal["frame", "dict"] | None = None,
        executor: Executor | Engine | str | None = None,
        show: Show | None = None,
    ) -> Any:
        """Compute features and inputs; the plain call behind ``%compute``.

        Parameters
        ----------
        *names : str
            Features, inputs, patterns such as ``origin_*``, or a selection such as
            ``+expected_delay`` and ``tag:owner=pricing``.
        result : {"frame", "dict"}, optional
            What is wanted; otherwise the values decide.
        executor : Executor, Engine, {"sequential", "threads", "dask", "ray"}, optional
            Where to compute; one after the other in this process where not given.
        show : callable, optional
            Takes each picture of the progress and of the end; each replaces the one before.

        Returns
        -------
        DataFrame or dict

        Raises
        ------
        UnboundError
            For a name that is not there, or an input that was not given.
        Exception
            What a feature raised: the user's own object, with notes.
        """
        from jupyter_lifecycle.materialise import assemble

        targets = self.chosen(names)
        if show is not None:
            self._begun(targets)
        tracker = Tracker(self._expected())
        run = self._run(targets, tracker, show, executor)
        value = assemble(run, targets, result)
        chains = () if show is None else told_reasons(run, targets, self.materialiser)
        line = summary_line(summary_of(run, value, chains))
        self._live.message = line.text
        self._live.tell("states", [])
        if show is not None:
            show(line)
        return value

    def _begun(self, targets: tuple[str, ...]) -> None:
        """Remember which cell computes, so that its badge shows what becomes of it."""
        cell = self._computing = self._host.cell_id()
        if cell is not None:
            self._computed[cell] = targets

    def _expected(self) -> dict[str, float]:
        reports = self._live.reports()
        return {name: one.seconds for name, one in reports.items() if one.seconds is not None}

    def _run(
        self,
        targets: tuple[str, ...],
        tracker: Tracker,
        show: Show | None,
        executor: Executor | Engine | str | None,
    ) -> Any:
        told: Any = {"listener": listen([tracker, self._live.take]), "executor": executor}
        try:
            if show is None:
                return self.materialiser.run(self._graph, targets, self.used, **told)
            with Ticker(tracker, show):
                return self.materialiser.run(self._graph, targets, self.used, **told)
        except KeyboardInterrupt as stop:
            line = stopped_line(len(tracker.done), tracker.total)
            if show is not None:
                show(line)
            show_short(stop, [f"KeyboardInterrupt: {line.text}"])
            raise
        except Exception as error:
            self._failed(error, tracker, show)
            raise
        finally:
            self._computing = None
            self.refresh()

    def _failed(self, error: Exception, tracker: Tracker, show: Show | None) -> None:
        from jupyter_lifecycle.materialise import failure_of

        facts = failure_of(error)
        if facts is None:
            if isinstance(error, LifecycleError):
                show_short(error, [headline(error)])
            if show is not None and tracker.total:
                show(stopped_line(len(tracker.done), tracker.total))
            return
        waits = self._waiting_for(facts.feature.name, tracker)
        cell = self._computing
        if cell is not None:
            self._computed[cell] += (facts.feature.name,)
        failure = screen_of(facts, error, place=self.place, waits=waits)
        self._live.message = f"{failure.feature} failed in {failure.origin}."
        if show is not None:
            show(error_view(failure))
        show_short(error, error_lines(failure) if show is None else headlines(failure))

    def _waiting_for(self, name: str, tracker: Tracker) -> tuple[str, ...]:
        asked = tracker.waiting
        return tuple(one for one in self._graph.downstream(name) if one in asked)

    def place(self, filename: str) -> str:
        """Say where a file's code stands as people read it: ``cell [4]``, a module's name."""
        return self._labels.get(filename) or self._host.label(filename)

    def why(self, name: str) -> Why:
        """Say why a feature recomputed, or did not; the plain call behind ``%why``.

        Raises
        ------
        UnboundError
            If it is no feature.
        """
        self._require(name)
        return self.materialiser.why(name)

    def reason(self, name: str) -> Reason:
        """As :meth:`why`, with the cells of its steps, ready to draw."""
        return reason_of(name, self.why(name), self._graph, self._live.reports().get(name))

    def _require(self, name: str) -> None:
        if name in self._graph.features:
            return
        if name in self.given:
            raise UnboundError(f"{name} is an input: it is given, not computed.", name=name)
        raise UnboundError(
            f"No feature {name}.{did_you_mean(name, self._graph.features)}", name=name
        )

    def act(self, action: str, names: list[str]) -> None:
        """Do what was chosen in the explorer: ``run``, ``invalidate`` or ``drop``.

        Raises
        ------
        LifecycleError
            For another action, or a name that is not there.
        """
        if action == "run":
            self.compute(*(self.targets(names) or names), result="dict")
        elif action == "invalidate":
            self.invalidate(*names)
        elif action == "drop":
            self.drop(*names)
        else:
            raise LifecycleError(f"The session knows no action {action}.")

    def invalidate(self, *names: str) -> None:
        """Forget the columns of these features; they run again when next needed."""
        self.materialiser.forget(*self.chosen(names))
        self.refresh()

    def explorer(self, *names: str, against: str | None = None) -> Any:
        """Give the session's explorer; the plain call behind ``%dag``.

        Parameters
        ----------
        *names : str
            What to select at first, in the selection language; nothing where none is given. The
            whole explorer is one model with many views.
        against : str, optional
            Id of an envelope, or its start: how the features differ from those it was saved with.

        Raises
        ------
        SelectionError
            Where it cannot be read, or names what is not there.
        NotFoundError
            There is no such envelope.
        GraphError
            It was saved without features.
        """
        from jupyter_lifecycle.widgets.explorer import Explorer

        if against is not None:
            from jupyter_lifecycle.widgets.explorer_diff import compared

            before = self.registry.get(against)
            source = compared(self._graph, before, now="this notebook")
            return Explorer(source, query_of(names, source.graph_view().names))
        if names:
            return Explorer(self, query_of(names, self._known))
        if self._explorer is None:
            self._explorer = Explorer(self)
        return self._explorer

    def close(self) -> None:
        """End the explorer's views; the session itself holds nothing open."""
        if self._explorer is not None:
            self._explorer.close()
            self._explorer = None

    def export(self, path: str, *, modifiers: Flavour = "jupyter_lifecycle") -> str:
        """Write the features as a module; the plain call behind ``%export``.

        Parameters
        ----------
        path : str
            Of the file, such as ``my_features.py``.
        modifiers : {"jupyter_lifecycle", "hamilton"}
            Whose modifiers it imports.

        Returns
        -------
        str
            What was written.

        Raises
        ------
        LifecycleError
            If it cannot be written so that it computes the same; the message says why.
        """
        from jupyter_lifecycle.notebook.exporting import export

        ran = self._host.namespace.get("In", [])
        cells = [each for each in ran if isinstance(each, str)] if isinstance(ran, list) else []
        return export(self._graph, path, cells, modifiers)

    # -- cache ---------------------------------------------------------------------------------

    def cache_command(self, action: str, *names: str) -> str:
        """Show, explain, pin, clear or leave the column cache; the plain call behind ``%cache``.

        Parameters
        ----------
        action : {"status", "explain", "pin", "unpin", "clear", "off", "on"}
        *names : str
            Features to explain, pin or unpin.

        Returns
        -------
        str
            What is so now, in words.

        Raises
        ------
        CacheError
            If a column is not in the cache, or can't be pinned; if names are missing, or too many.
        """
        if action == "clear":
            before = self.cache.status()
            self.cache.clear()
            self.materialiser.forget(*self._graph.features)
            self.refresh()
            return f"Cleared {count(before.columns, 'column')}, {size(before.disk_bytes)} on disk."
        if action in {"off", "on"}:
            from jupyter_lifecycle.cache import ColumnCache

            self._cache = ColumnCache() if action == "off" else None
            self._materialiser = None
            self.refresh()
            action = "status"
        return cache_words(self.cache, self.materialiser, action, names)
