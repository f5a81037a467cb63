"""Hamilton's modules as they are: Hamilton resolves its decorators, we run what comes out."""

from __future__ import annotations

import inspect
import linecache
from functools import partial
from pathlib import PurePath
from types import FunctionType, MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from jupyter_lifecycle.errors import FeatureDefinitionError, MissingExtraError
from jupyter_lifecycle.graph import MISSING, Feature, FeatureGraph, Origin, Parameter
from jupyter_lifecycle.interop.blocks import Block, blocks_of, collecting, inside, listed
from jupyter_lifecycle.interop.closures import freed, is_hamiltons

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import CodeType, ModuleType, TracebackType

_READS_OR_WRITES = ("hamilton.data_loader.has_metadata", "hamilton.data_saver")
"""Tags of nodes that touch files; without metadata a loader's node only picks the data out."""
_CACHE_TAG = "cache.behavior"


def from_hamilton(
    *modules: ModuleType,
    config: Mapping[str, Any] | None = None,
    allow_module_overrides: bool = False,
) -> FeatureGraph:
    """Build a graph of modules that were written for Hamilton, unchanged.

    Every decorator means what it means to Hamilton, because Hamilton resolves it; each node that
    comes out is a feature. Keys, cache, explorer and executors are ours.

    Parameters
    ----------
    *modules : module
        Imported modules; functions whose names begin with ``_`` and imported ones are no nodes.
    config : mapping of str to any, optional
        As a Hamilton driver takes it: decides about ``config.when`` and stands for inputs of its
        names.
    allow_module_overrides : bool
        Whether a later module may define a node again.

    Returns
    -------
    FeatureGraph

    Raises
    ------
    MissingExtraError
        If Hamilton is not installed.
    FeatureDefinitionError
        If Hamilton refuses the modules, with its reason; if a ``Collect`` has no
        ``Parallelizable``, or several, or a node between the two is ``async``.
    AnnotationError, CycleError
        As for any other graph.
    """
    settings = dict(config or {})
    nodes = _resolved(modules, settings, allow_module_overrides=allow_module_overrides)
    features = _Reader({node.name: node for node in nodes}).features()
    return FeatureGraph(config=settings).with_features(*features)[0]


def node_names(module: ModuleType, *, config: Mapping[str, Any]) -> frozenset[str]:
    """List the nodes that Hamilton makes of a module.

    Parameters
    ----------
    module : module
        In ``sys.modules``.
    config : mapping of str to any

    Returns
    -------
    frozenset of str
        Inputs are not among them; what is computed for each item is.

    Raises
    ------
    MissingExtraError
        If Hamilton is not installed.
    FeatureDefinitionError
        If Hamilton refuses the module, with its reason.
    """
    nodes = _resolved((module,), dict(config), allow_module_overrides=False)
    return frozenset([node.name for node in nodes])


def _resolved(
    modules: tuple[ModuleType, ...], config: dict[str, Any], *, allow_module_overrides: bool
) -> list[Any]:
    """Have Hamilton make its nodes; inputs are not among them."""
    try:
        from hamilton.graph import FunctionGraph
        from hamilton.lifecycle.base import LifecycleAdapterSet
    except ImportError as error:
        raise MissingExtraError(
            "from_hamilton needs Hamilton, which is not installed. "
            "Run: pip install 'jupyter_lifecycle[hamilton]'"
        ) from error
    for module in modules:
        if not inspect.ismodule(module):
            raise FeatureDefinitionError(
                f"from_hamilton takes imported modules, not {module!r}. Import it first."
            )
    names = ", ".join(module.__name__ for module in modules) or "no module"
    try:
        graph = FunctionGraph.from_modules(
            *modules,
            config=config,
            adapter=LifecycleAdapterSet(),
            allow_module_overrides=allow_module_overrides,
        )
    except Exception as error:
        raise FeatureDefinitionError(
            f"Hamilton cannot resolve {names}: {type(error).__name__}: {error}", modules=names
        ) from error
    return [node for node in graph.get_nodes() if not node.user_defined]


def _refuse_async_items(blocks: Iterable[Block], nodes: Mapping[str, Any]) -> None:
    """Refuse blocks that would have to wait for each item: Hamilton has none either."""
    for block in blocks:
        parts = (nodes[block.expander], *block.inner, block.collector)
        found = [node.name for node in parts if inspect.iscoroutinefunction(node.callable)]
        if found:
            raise FeatureDefinitionError(
                f"{', '.join(found)} is async and works on the items of {block.expander}, which "
                "are computed one after the other. Write it with plain def.",
                features=found,
            )


class _Reader:
    """From the nodes of one graph to features."""

    def __init__(self, nodes: Mapping[str, Any]) -> None:
        self._nodes = nodes
        self._blocks = blocks_of(nodes)
        _refuse_async_items(self._blocks.values(), nodes)
        self._inner = inside(nodes, self._blocks)

    def features(self) -> list[Feature]:
        """Return a feature for each node that gives one value."""
        return [self._feature(n) for name, n in self._nodes.items() if name not in self._inner]

    def _feature(self, node: Any) -> Feature:
        from hamilton.node import NodeType

        written = _written(node)
        function, parameters, returns = _run(node), _parameters(node, written), node.type
        if node.node_role is NodeType.EXPAND:
            function, returns = listed(function), list
        elif node.name in self._blocks:
            block = self._blocks[node.name]
            function, parameters = collecting(block, _run), _block_parameters(block)
        return Feature(
            node.name,
            function,
            parameters,
            returns,
            inspect.cleandoc(node.documentation or ""),
            _text(written),
            _origin(written, node),
            MappingProxyType({str(key): _word(value) for key, value in node.tags.items()}),
            _cache(node),
            _definition(node, function),
        )


def _run(node: Any) -> Callable[..., Any]:
    """Return what a node calls, freed and with errors that show the user's lines."""
    function = freed(node.callable)
    plain = type(function) is FunctionType and not is_hamiltons(function)
    return function if plain else _shielded(function)


def _parameters(node: Any, written: Callable[..., Any]) -> tuple[Parameter, ...]:
    """Read what a node needs; what is optional and not given is left out of the call."""
    defaults = dict(node.default_parameter_values)
    if any(not node.requires(name) and name not in defaults for name in node.input_types):
        defaults = _written_defaults(written) | defaults
    return tuple(
        [
            Parameter(name, kind, MISSING if node.requires(name) else defaults.get(name))
            for name, (kind, _) in node.input_types.items()
        ]
    )


def _block_parameters(block: Block) -> tuple[Parameter, ...]:
    parameters = [Parameter(block.expander)]
    for name, readers in block.readers().items():
        if readers:
            found = [
                each
                for node in readers
                for each in _parameters(node, _written(node))
                if each.name == name
            ]
            parameters.append(next((each for each in found if each.required), found[0]))
    return tuple(parameters)


def _written_defaults(written: Callable[..., Any]) -> dict[str, Any]:
    """Read defaults where they were written: some decorators drop them from their nodes."""
    parameters = inspect.signature(written).parameters.values()
    return {each.name: each.default for each in parameters if each.default is not each.empty}


def _written(node: Any) -> Callable[..., Any]:
    """Return the function of the user's that a node comes from."""
    known: tuple[Callable[..., Any], ...] = node.originating_functions or ()
    result: Callable[..., Any] = known[0] if known else node.callable
    return result


def _definition(node: Any, function: Callable[..., Any]) -> Callable[..., Any] | None:
    """Return what stands in the module: of a subdag the function that carries the decorator."""
    known: tuple[Callable[..., Any], ...] = node.originating_functions or ()
    return known[-1] if known and known[-1] is not function else None


def _cache(node: Any) -> Literal["auto", "never"]:
    behaviour = node.tags.get(_CACHE_TAG, "default")
    touches = any(node.tags.get(tag) for tag in _READS_OR_WRITES)
    return "never" if touches or behaviour in ("recompute", "disable") else "auto"


def _word(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _origin(written: Callable[..., Any], node: Any) -> Origin:
    module = str(getattr(written, "__module__", None) or node.tags.get("module", "hamilton"))
    code: CodeType | None = getattr(inspect.unwrap(written), "__code__", None)
    if code is None:
        return Origin(module, module)
    label = module if code.co_filename.startswith("<") else PurePath(code.co_filename).name
    return Origin(label, module, code.co_firstlineno)


def _text(written: Callable[..., Any]) -> str | Callable[[], str]:
    code: CodeType | None = getattr(inspect.unwrap(written), "__code__", None)
    lines = linecache.getlines(code.co_filename) if code is not None else []
    return partial(_block, lines, code.co_firstlineno) if code is not None and lines else ""


def _block(lines: list[str], first: int) -> str:
    """Cut a function with its decorators out of a file's lines."""
    return "".join(inspect.getblock(lines[first - 1 :]))


def _shielded(function: Callable[..., Any]) -> Callable[..., Any]:
    """Call a closure of Hamilton's so that an error shows the user's lines, not Hamilton's."""

    def call(**columns: Any) -> Any:
        try:
            return function(**columns)
        except BaseException as error:  # noqa: BLE001 - raised again, without Hamilton's frames
            raise error.with_traceback(_users(error.__traceback__))  # noqa: B904 - the same object

    return call


def _users(traceback: TracebackType | None) -> TracebackType | None:
    """Return a traceback from the first frame that is neither ours nor Hamilton's."""
    each = traceback
    while each is not None:
        top = str(each.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        if top not in ("hamilton", "jupyter_lifecycle"):
            return each
        each = each.tb_next
    return traceback
