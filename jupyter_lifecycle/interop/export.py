"""A plain module of a graph's features: functions, and what they need, in an order that runs.

The text of each definition is the user's own. What it names is found in the namespace where it
lives and written before it: imports, constants, classes and helpers. Before anything is given out
the text is run, and each feature must have the key that it has in the graph: same code, same
constants, same helpers.
"""

from __future__ import annotations

import importlib
import inspect
import linecache
import sys
from collections import ChainMap
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Literal

from jupyter_lifecycle.errors import FeatureDefinitionError, FingerprintError
from jupyter_lifecycle.graph import FeatureGraph
from jupyter_lifecycle.graph.definition import options_of
from jupyter_lifecycle.hashing import code_key
from jupyter_lifecycle.interop import literals, texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jupyter_lifecycle.graph import Feature

    Flavour = Literal["jupyter_lifecycle", "hamilton"]

_OURS: Literal["jupyter_lifecycle"] = "jupyter_lifecycle"
_THEIRS = "hamilton.function_modifiers"
_TYPES = {"FanOut": "Parallelizable", "Collect": "Collect"}
_ABSENT: Any = object()


def module_source(
    graph: FeatureGraph,
    *,
    cells: Iterable[str] = (),
    modifiers: Flavour = "jupyter_lifecycle",
    doc: str = "Features.",
) -> str:
    """Write a module that defines a graph's features.

    Parameters
    ----------
    graph : FeatureGraph
        Of functions that stand in cells, in files or in Hamilton's modules.
    cells : iterable of str
        Texts that the namespace was made by, the last one last: where constants that have no
        literal are looked up.
    modifiers : {"jupyter_lifecycle", "hamilton"}
        Whose modifiers the module imports. A module without modifiers is the same for both.
    doc : str
        The module's docstring.

    Returns
    -------
    str
        Python that imports nothing of this package but the modifiers that it uses.

    Raises
    ------
    FeatureDefinitionError
        If something that a feature needs cannot be written, or would compute something else than
        it does here; the message names it and what to do.
    """
    sources = list(cells)
    writer = _Writer(graph, sources, modifiers)
    writer.write()
    if not (modifiers == "hamilton" and _are_our_modifiers(graph)):
        _verify(graph, writer)
        return writer.text(doc)
    own = _Writer(graph, sources, _OURS)
    own.write()
    _verify(graph, own)
    from jupyter_lifecycle.interop.translated import refuse_unlike

    text = writer.text(doc)
    refuse_unlike(graph, text)
    return text


def _are_our_modifiers(graph: FeatureGraph) -> bool:
    """Whether a module for Hamilton has other modifiers than the functions have here."""
    return any(
        each.fan or options_of(each.written).modifiers
        for each in graph.features.values()
        if not _is_hamiltons(each)
    )


class _Writer:
    """Collects what a module is made of; used once."""

    def __init__(self, graph: FeatureGraph, cells: list[str], modifiers: Flavour) -> None:
        self._features = graph.features
        self._modifiers = modifiers
        self.definitions = _definitions(graph)
        for function in _mutators(self.definitions):
            self.definitions[id(function.__code__)] = (function, None)
        found = {id(vars_): vars_ for vars_ in map(_globals, self.definitions.values())}
        self._namespaces = list(found.values())
        self._sources = [*_files(self.definitions.values()), *cells]
        self._known: dict[str, Any] = {}
        self._imports: dict[str, None] = {}
        self._pieces: list[texts.Text] = []
        self._future = any(_is_future(each.get("annotations")) for each in self._namespaces)
        self._own: dict[str, None] = {}

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the functions that make the features."""
        return tuple(self._own)

    @property
    def home(self) -> str:
        """The module that the features come from, or the first of them."""
        return str(self.namespace.get("__name__", "__main__"))

    @property
    def namespace(self) -> dict[str, Any]:
        """Where the features live, or the first of them."""
        return self._namespaces[0] if self._namespaces else {}

    def write(self) -> None:
        """Take in every definition with all that it needs."""
        for function, feature in self.definitions.values():
            text = texts.text_of(function)
            if feature is not None:
                text = self._marked(text, function, feature)
            piece = texts.read(text)
            self._own[piece.defines] = None
            self._take(piece, function, piece.defines)

    def text(self, doc: str, *, plain: bool = False) -> str:
        """Put the module together; ``plain`` leaves names and annotations as they are."""
        names = {} if plain else self._private()
        imports, parts = dict(self._imports), []
        for piece in self._pieces:
            text = texts.renamed(piece.text, names) if names else piece.text
            if not plain and piece.defines in self._own:
                complete = texts.annotated(text)
                if complete != text:
                    imports["from typing import Any"] = None
                text = complete
            parts.append(text)
        future = "from __future__ import annotations\n\n" if self._future else ""
        return f'"""{doc}"""\n\n{future}{_sorted_imports(imports)}{_spaced(parts)}'

    def _private(self) -> dict[str, str]:
        """Give public helpers names that make no features of them."""
        names: dict[str, str] = {}
        for piece in self._pieces:
            value = self._known.get(piece.defines)
            if (
                type(value) is FunctionType
                and piece.defines not in self._own
                and piece.defines[0] != "_"
            ):
                new = f"_{piece.defines}"
                while new in self._known:
                    new += "_"
                names[piece.defines] = new
        return names

    def _marked(self, text: str, function: FunctionType, feature: Feature) -> str:
        """Write what the cell said about its features, where the function itself does not."""
        from jupyter_lifecycle.graph import make_feature

        if _is_hamiltons(feature):  # its text says all of it
            return text
        try:
            own = make_feature(function)
        except FeatureDefinitionError:  # modifiers take what a feature cannot have
            return text
        if dict(own.tags) == dict(feature.tags) and own.cache == feature.cache:
            return text
        if self._modifiers == "hamilton":
            return self._tagged(text, feature)
        words = [f"tags={dict(feature.tags)!r}"] if feature.tags else []
        words += [f'cache="{feature.cache}"'] if feature.cache != "auto" else []
        self._import(f"from {_OURS}.graph import feature", "feature", _ours("feature"))
        return f"@feature({', '.join(words)})\n{text}"

    def _tagged(self, text: str, feature: Feature) -> str:
        """Write the same in Hamilton's words; it has none for ``always``."""
        theirs = importlib.import_module(_THEIRS)
        if feature.cache == "never":
            self._import(f"from {_THEIRS} import cache", "cache", theirs.cache)
            text = f'@cache(behavior="recompute")\n{text}'
        if feature.tags:
            self._import(f"from {_THEIRS} import tag", "tag", theirs.tag)
            text = f"@tag(**{dict(feature.tags)!r})\n{text}"
        return text

    def _take(self, piece: texts.Text, value: Any, owner: str) -> None:
        """Write a piece after all that it names."""
        name = piece.defines
        if name in self._known:
            if self._known[name] is not value:
                raise FeatureDefinitionError(
                    f"Two different things are called {name} in the namespaces of the features, so "
                    "that one module cannot hold both. Rename one.",
                    name=name,
                )
            return
        self._known[name] = value
        namespace = self._namespace_of(value)
        for needed in piece.names:
            self._need(needed, namespace, piece, owner)
        self._pieces.append(piece)

    def _namespace_of(self, value: Any) -> Mapping[str, Any]:
        if isinstance(value, FunctionType):
            found: Mapping[str, Any] = inspect.unwrap(value).__globals__
            return found
        return ChainMap(*self._namespaces)

    def _need(self, name: str, namespace: Mapping[str, Any], piece: texts.Text, owner: str) -> None:
        value = namespace.get(name, _ABSENT)
        if value is _ABSENT:
            return  # a builtin, or what fails here just as there
        if name in self._known and self._known[name] is value:
            return
        if isinstance(value, ModuleType):
            self._module(name, value, piece, owner)
        elif (home := self._importable(name, value)) is not None:
            self._import(home, name, value)
        elif isinstance(value, FunctionType):
            self._take(texts.read(texts.text_of(value)), value, owner)
        else:
            self._constant(name, value, owner)

    def _module(self, name: str, value: ModuleType, piece: texts.Text, owner: str) -> None:
        full = value.__name__
        if full == "__main__":
            raise FeatureDefinitionError(
                f"{owner} cannot be exported: {name} is the notebook itself.", feature=owner
            )
        if full.partition(".")[0] == name:
            self._import(f"import {name}", name, value)
            for chain in piece.chains:
                parts = chain.split(".")
                for end in range(2, len(parts)):
                    inner = ".".join(parts[:end])
                    if parts[0] == name and inner in sys.modules and self._says(inner):
                        self._imports[f"import {inner}"] = None
            return
        top, _, last = full.rpartition(".")
        if last == name and top:
            self._import(f"from {top} import {last}", name, value)
        else:
            self._import(f"import {full} as {name}", name, value)

    def _says(self, module: str) -> bool:
        return any(f"import {module}" in source for source in self._sources)

    def _importable(self, name: str, value: Any) -> str | None:
        """Say how a name is imported, where a module outside of the exported ones has it."""
        module = getattr(value, "__module__", None)
        if not isinstance(module, str) or sys.modules.get(module) is None:
            return None
        if any(vars(sys.modules[module]) is each for each in self._namespaces):
            return None
        own = str(getattr(value, "__qualname__", name))
        if module.partition(".")[0] == _OURS and self._modifiers == "hamilton":
            return self._hamiltons(name, own)
        path = module.split(".")
        for word in dict.fromkeys((own, name)):
            for end in range(1, len(path) + 1):
                place = ".".join(path[:end])
                if place in sys.modules and getattr(sys.modules[place], word, None) is value:
                    return f"from {place} import {word}" + ("" if word == name else f" as {name}")
        return None

    def _hamiltons(self, name: str, own: str) -> str:
        if own == "feature":
            return f"from {_OURS}.graph import feature" + (f" as {name}" if name != own else "")
        if own in _TYPES:
            word = _TYPES[own]
            return f"from hamilton.htypes import {word}" + ("" if word == name else f" as {name}")
        if not hasattr(importlib.import_module(_THEIRS), own):
            raise FeatureDefinitionError(
                f"{own} is no modifier of Hamilton's, so that a module for Hamilton cannot use it. "
                "Export it for jupyter_lifecycle.",
                name=own,
            )
        return f"from {_THEIRS} import {own}" + (f" as {name}" if name != own else "")

    def _import(self, line: str, name: str, value: Any) -> None:
        known = self._known.get(name, value)
        if known is not value:
            raise FeatureDefinitionError(
                f"Two different things are called {name} in the namespaces of the features, so "
                "that one module cannot hold both. Rename one.",
                name=name,
            )
        self._known[name] = value
        self._imports[line] = None

    def _constant(self, name: str, value: Any, owner: str) -> None:
        found = None if isinstance(value, type) else literals.written(name, value)
        if found is not None:
            line, modules = found
            for module in modules:
                self._import(f"import {module}", module, sys.modules[module])
            self._take(texts.Text(line, (), (), name), value, owner)
            return
        for text in texts.statements(self._sources, name):
            self._take(texts.read(text), value, owner)
            return
        kind = type(value).__name__
        raise FeatureDefinitionError(
            f"{owner} cannot be exported: it needs {name}, a {kind}, which has no literal and no "
            f"assignment of its own in a cell. Make it an input, or write {name} = … in a cell.",
            feature=owner,
        )


def _ours(name: str) -> Any:
    import jupyter_lifecycle.graph

    return getattr(jupyter_lifecycle.graph, name)


def _globals(definition: tuple[Any, Feature | None]) -> dict[str, Any]:
    found: dict[str, Any] = inspect.unwrap(definition[0]).__globals__
    return found


def _is_future(value: Any) -> bool:
    return type(value).__module__ == "__future__"


def _definitions(graph: FeatureGraph) -> dict[int, tuple[Any, Feature | None]]:
    """List the functions that somebody wrote; each with its feature where it is just one."""
    found: dict[int, tuple[Any, Feature | None]] = {}
    for feature in graph.features.values():
        function = feature.written
        if not isinstance(function, FunctionType):
            raise FeatureDefinitionError(
                f"{feature.name} cannot be exported: it is a {type(function).__name__}, not a "
                "function with a text.",
                feature=feature.name,
            )
        code = inspect.unwrap(function).__code__
        alone = feature.definition is None and code.co_name == feature.name
        found.setdefault(id(code), (function, feature if alone else None))
        for each in _inside(feature):
            found.setdefault(id(inspect.unwrap(each).__code__), (each, None))
    return found


def _inside(feature: Feature) -> list[FunctionType]:
    """List what Hamilton calls for each item before this feature collects: no features here."""
    from jupyter_lifecycle.interop.blocks import is_block
    from jupyter_lifecycle.interop.closures import own_functions

    return own_functions(feature.function) if is_block(feature.function) else []


def _files(definitions: Iterable[tuple[Any, Feature | None]]) -> list[str]:
    codes = [inspect.unwrap(function).__code__ for function, _ in definitions]
    names = dict.fromkeys(code.co_filename for code in codes)
    return ["".join(linecache.getlines(name)) for name in names]


def _spaced(parts: list[str]) -> str:
    """Put two blank lines around definitions, none between constants."""
    out, block = "", False
    for text in parts:
        before, block = block, text.startswith(("def ", "async def ", "class ", "@"))
        out += ("\n\n" if out and (block or before) else "") + text
    return out


def _sorted_imports(imports: Mapping[str, None]) -> str:
    groups: dict[int, list[str]] = {0: [], 1: []}
    for line in sorted(imports, key=lambda each: (each.split()[1], each[0] == "f", each)):
        top = line.split()[1].partition(".")[0]
        groups[0 if top in sys.stdlib_module_names else 1].append(line)
    return "".join("\n".join(lines) + "\n\n" for lines in groups.values() if lines)


def _mutators(definitions: Mapping[int, tuple[Any, Feature | None]]) -> list[Any]:
    """Find the functions that change what another function gives, and are no features."""
    namespaces = {id(vars_): vars_ for vars_ in map(_globals, definitions.values())}
    found = []
    for namespace in namespaces.values():
        for value in list(namespace.values()):
            own = isinstance(value, FunctionType) and value.__globals__ is namespace
            if (
                own
                and id(value.__code__) not in definitions
                and texts.is_decorated(value, "mutate")
            ):
                found.append(value)
    return found


def _verify(graph: FeatureGraph, writer: _Writer) -> None:
    """Run the module and compare the keys of its features with those of the graph's."""
    text, place = writer.text("Features.", plain=True), "<exported features>"
    # under the name of where it comes from, which some keys of classes hold
    module = ModuleType(writer.home)
    linecache.cache[place] = (len(text), None, text.splitlines(keepends=True), place)
    before = sys.modules.get(writer.home)
    stand_in = before is not None and vars(before) is writer.namespace
    try:
        if stand_in:
            sys.modules[writer.home] = module  # where those look who resolve annotations
        exec(compile(text, place, "exec", dont_inherit=True), vars(module))  # noqa: S102 - the user's own
        for function, _ in writer.definitions.values():
            name = inspect.unwrap(function).__code__.co_name
            _verify_one(name, function, vars(module)[name])
        again = _loaded(graph, writer, module)
        for name, feature in graph.features.items():
            found = again.features.get(name)
            if found is None:
                raise FeatureDefinitionError(
                    f"{name} cannot be exported: a module of the same functions does not make it. "
                    "What makes it stands outside of them.",
                    feature=name,
                )
            _verify_one(name, feature.function, found.function)
    finally:
        if before is not None:
            sys.modules[writer.home] = before
        linecache.cache.pop(place, None)


def _loaded(graph: FeatureGraph, writer: _Writer, module: ModuleType) -> FeatureGraph:
    """Load the module as the graph was loaded."""
    if any(_is_hamiltons(feature) for feature in graph.features.values()):
        from jupyter_lifecycle.interop.hamilton import from_hamilton

        try:
            return from_hamilton(module, config=graph.config)
        except FeatureDefinitionError as error:
            raise FeatureDefinitionError(
                "These features cannot be exported: functions without which Hamilton does not make "
                f"them are no features themselves. {error.message}"
            ) from error
    functions = [vars(module)[name] for name in writer.features]
    return FeatureGraph.from_functions(*functions, config=graph.config)


def _is_hamiltons(feature: Feature) -> bool:
    return feature.tags.get("module") == feature.written.__module__


def _verify_one(name: str, before: Any, after: Any) -> None:
    try:
        one, two = code_key(_bare(before)), code_key(_bare(after))
    except FingerprintError:  # what cannot be seen through cannot be compared
        return
    if one.digest == two.digest:
        return
    known = {part.label: part.digest for part in two.parts}
    changed = [part.label for part in one.parts if known.get(part.label) != part.digest]
    raise FeatureDefinitionError(
        f"{name} cannot be exported: the module would compute something else than the function "
        f"here does, because of {', '.join(changed) or 'what it names'}. Run the cells that define "
        "it again, or import its module again.",
        feature=name,
    )


def _bare(function: Any) -> Any:
    """Take modifiers off: they hang on a function and are no part of its code."""
    if type(function) is not FunctionType or hasattr(function, "__wrapped__"):
        return function
    copied = FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    copied.__kwdefaults__ = function.__kwdefaults__
    return copied
