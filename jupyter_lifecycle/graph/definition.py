"""From a function to a :class:`Feature`: the marking decorator and what makes a function unfit."""

from __future__ import annotations

import keyword
import linecache
from dataclasses import dataclass, field, replace
from functools import partial
from inspect import CO_VARARGS, CO_VARKEYWORDS, cleandoc, signature, unwrap
from inspect import Parameter as SignatureParameter
from pathlib import PurePath
from types import CodeType, FunctionType, MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from jupyter_lifecycle.errors import FeatureDefinitionError
from jupyter_lifecycle.graph.fans import Collect, FanOut, is_marked, listed
from jupyter_lifecycle.graph.feature import (
    MISSING,
    Feature,
    FeatureDraft,
    Origin,
    OriginDraft,
    Parameter,
    ParameterDraft,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jupyter_lifecycle.graph.modifiers.stages import Modifier

    AnyFunction = TypeVar("AnyFunction", bound=Callable[..., Any])
    CacheMode = Literal["auto", "always", "never"]

MARK = "__feature_options__"
_CO_GENERATOR, _CO_ASYNC_GENERATOR = 0x20, 0x200
_UNFIT = CO_VARARGS | CO_VARKEYWORDS | _CO_GENERATOR | _CO_ASYNC_GENERATOR
_NO_TAGS: Mapping[str, str] = MappingProxyType({})
_CACHE_MODES = ("auto", "always", "never")


@dataclass(frozen=True, slots=True)
class FeatureOptions:
    """What ``@feature(…)`` says about a function."""

    tags: Mapping[str, str] = field(default_factory=dict)
    cache: CacheMode = "auto"
    modifiers: tuple[Modifier, ...] = ()
    """From the one that stands nearest to the function."""


_DEFAULTS = FeatureOptions()


@overload
def feature(function: AnyFunction, /) -> AnyFunction: ...
@overload
def feature(
    *, tags: Mapping[str, str] | None = None, cache: CacheMode = "auto"
) -> Callable[[AnyFunction], AnyFunction]: ...
def feature(
    function: AnyFunction | None = None,
    /,
    *,
    tags: Mapping[str, str] | None = None,
    cache: CacheMode = "auto",
) -> AnyFunction | Callable[[AnyFunction], AnyFunction]:
    """Mark a function as a feature; it stays the function that it is.

    Parameters
    ----------
    function : callable, optional
        Given when used without parentheses.
    tags : mapping of str to str, optional
        Shown in the explorer and usable in selections.
    cache : {"auto", "always", "never"}
        ``always`` caches although the code was seen to be impure, ``never`` computes each time.

    Returns
    -------
    callable
        The same function, marked.

    Raises
    ------
    FeatureDefinitionError
        If ``cache`` is none of the three.

    Examples
    --------
    >>> @feature(tags={"team": "delays"})
    ... def gain(departure_delay, arrival_delay):
    ...     return departure_delay - arrival_delay
    >>> gain(10, 4)
    6
    """
    if cache not in _CACHE_MODES:
        raise FeatureDefinitionError(
            f"@feature(cache={cache!r}) is not known. Use one of {', '.join(_CACHE_MODES)}."
        )

    def mark(marked: AnyFunction) -> AnyFunction:
        modifiers = options_of(marked).modifiers
        setattr(marked, MARK, FeatureOptions(dict(tags or {}), cache, modifiers))
        return marked

    return mark if function is None else mark(function)


def options_of(function: Callable[..., Any]) -> FeatureOptions:
    """Return what ``@feature`` and the modifiers left on a function."""
    found = getattr(function, MARK, _DEFAULTS)
    return found if isinstance(found, FeatureOptions) else _DEFAULTS


def make_feature(
    function: Callable[..., Any], *, origin: Origin | None = None, source: str | None = None
) -> Feature:
    """Read a function as a feature.

    Parameters
    ----------
    function : callable
        Its name is the feature, its parameters are what the feature needs.
    origin : Origin, optional
        Where it was defined; found from the function's code where not given.
    source : str, optional
        Its source text; read from the file (or the notebook's cell) where not given.

    Returns
    -------
    Feature

    Raises
    ------
    FeatureDefinitionError
        If it cannot be a feature, or its modifiers make none or several of it; the message says
        why and names the place.
    """
    if not options_of(function).modifiers:
        return FeatureReader().read(function, origin, source)
    from jupyter_lifecycle.graph.modifiers.resolution import make_features

    made = make_features(function, origin=origin, source=source)
    if len(made) != 1:
        names = ", ".join([each.name for each in made])
        raise FeatureDefinitionError(
            f"{function.__name__} becomes {len(made)} features"
            f"{f' ({names})' if names else ''} by its modifiers: use make_features."
        )
    return made[0]


class FeatureReader:
    """Reads many functions as features; equal parameters are one object.

    Changes as it reads, so it lives for one build only.
    """

    def __init__(self) -> None:
        self._parameters: dict[tuple[str, int, int], Parameter] = {}
        self._latest: dict[str, Parameter] = {}
        self._files: dict[str, list[str]] = {}
        self._place = ("", "")
        self._lines: list[str] = []
        self._label = ""
        self._plain: set[int] = set()
        self._fanning: set[int] = set()
        self._collecting: set[int] = set()
        self._kept: list[Any] = []

    def read(
        self, function: Callable[..., Any], origin: Origin | None = None, source: str | None = None
    ) -> Feature:
        """See :func:`make_feature`."""
        if type(function) is FunctionType and origin is None and source is None:
            quick = self._quickly(function)
            if quick is not None:
                return quick
        code = _code(function)
        if origin is None:
            origin = self._origin(function, code)
        name: Any = getattr(function, "__name__", None)
        if code is None or name is not code.co_name or name[0] == "<":
            _check_name(function, name, origin)
        annotations = _annotations(function)
        parameters = (
            self._quick_parameters(function, annotations, origin)
            if type(function) is FunctionType and "__wrapped__" not in function.__dict__
            else self._slow_parameters(function, name, origin)
        )
        options = options_of(function)
        doc = function.__doc__ or ""
        returns = annotations.get("return", MISSING)
        made = Feature(
            name,
            function,
            parameters,
            returns,
            cleandoc(doc) if "\n" in doc else doc.strip(),
            self._source(code) if source is None else source,
            origin,
            options.tags or _NO_TAGS,
            options.cache,
        )
        if self._collecting or id(returns) in self._fanning or self._fans_out(returns):
            return self._fanned(made)
        return made

    def _quickly(self, function: FunctionType) -> Feature | None:
        """Read what most features are: a def without defaults, marks or wrapping; else None.

        Everything is done here that :meth:`read` does for these, without a call of ours for it.
        """
        code, name = function.__code__, function.__name__
        if (
            function.__dict__
            or name is not code.co_name
            or name[0] == "<"
            or code.co_flags & _UNFIT
            or code.co_posonlyargcount
        ):
            return None
        annotations = _annotations(function)
        returns = annotations.get("return", MISSING)
        if id(returns) not in self._plain and self._fans_out(returns):
            return None
        parameters = self._plain_parameters(function, code, annotations)
        if self._collecting and any(id(each) in self._collecting for each in parameters):
            return None
        path, module = code.co_filename, function.__module__ or "__main__"
        self._go_to(path, module)
        doc = function.__doc__ or ""
        origin = OriginDraft(self._label, module, code.co_firstlineno)
        origin.__class__ = Origin
        made = FeatureDraft(
            name,
            function,
            tuple(parameters),
            returns,
            cleandoc(doc) if "\n" in doc else doc.strip(),
            partial(_cut_out, self._lines, code) if self._lines else "",
            origin,
            _NO_TAGS,
        )
        made.__class__ = Feature
        return made  # type: ignore[no-any-return]

    def _fans_out(self, returns: Any) -> bool:
        """Whether an annotation is ``FanOut``; each annotation is looked at once."""
        if id(returns) in self._plain:
            return False
        self._kept.append(returns)  # an id is only good while its object lives
        fans = is_marked(returns, FanOut)
        (self._fanning if fans else self._plain).add(id(returns))
        return fans

    def _fanned(self, feature: Feature) -> Feature:
        if id(feature.returns) in self._fanning:
            function = feature.function
            return replace(feature, function=listed(function), definition=function, fan="out")
        collects = any(id(each) in self._collecting for each in feature.parameters)
        return replace(feature, fan="collect") if collects else feature

    def _quick_parameters(
        self, function: FunctionType, annotations: Mapping[str, Any], origin: Origin
    ) -> tuple[Parameter, ...]:
        # inspect.signature costs 15 µs; the code object knows all of it.
        code = function.__code__
        if code.co_flags & _UNFIT or code.co_posonlyargcount:
            self._refuse_unfit(code, annotations, function.__name__, origin)
        return tuple(self._plain_parameters(function, code, annotations))

    def _plain_parameters(
        self, function: FunctionType, code: CodeType, annotations: Mapping[str, Any]
    ) -> list[Parameter]:
        positional = code.co_argcount
        names = code.co_varnames[: positional + code.co_kwonlyargcount]
        defaults, find = function.__defaults__, annotations.get
        if defaults or function.__kwdefaults__:
            given = dict(function.__kwdefaults__ or {})
            if defaults:
                own = names[positional - len(defaults) : positional]
                given.update(zip(own, defaults, strict=True))
            return [
                self._parameter(each, find(each, MISSING), given.get(each, MISSING))
                for each in names
            ]
        known, found = self._latest, []
        for each in names:  # most features, so without a call for each
            parameter = known.get(each)
            annotation = find(each, MISSING)
            if parameter is None or parameter.annotation is not annotation:
                parameter = known[each] = self._parameter(each, annotation, MISSING)
            found.append(parameter)
        return found

    def _slow_parameters(
        self, function: Callable[..., Any], name: str, origin: Origin
    ) -> tuple[Parameter, ...]:
        try:
            seen = signature(function)
        except (TypeError, ValueError) as error:
            raise FeatureDefinitionError(
                f"{origin.label}: {name} cannot be a feature, because Python does not know its "
                f"parameters ({error}). Wrap it in a function that names them.",
                feature=name,
                origin=origin.label,
            ) from None
        code = _code(function)
        if code is not None and code.co_flags & (_UNFIT & ~(CO_VARARGS | CO_VARKEYWORDS)):
            self._refuse_unfit(code, _annotations(function), name, origin)
        parameters = []
        for each in seen.parameters.values():
            if each.kind not in (
                SignatureParameter.POSITIONAL_OR_KEYWORD,
                SignatureParameter.KEYWORD_ONLY,
            ):
                raise _unfit_parameter(name, str(each), origin)
            annotation = MISSING if each.annotation is each.empty else each.annotation
            default = MISSING if each.default is each.empty else each.default
            parameters.append(self._parameter(each.name, annotation, default))
        return tuple(parameters)

    def _refuse_unfit(
        self, code: CodeType, annotations: Mapping[str, Any], name: str, origin: Origin
    ) -> None:
        fans = is_marked(annotations.get("return", MISSING), FanOut)
        allowed = _CO_GENERATOR if fans else 0
        if code.co_flags & (_UNFIT & ~allowed) or code.co_posonlyargcount:
            raise _unfit_code(name, code, origin)

    def _parameter(self, name: str, annotation: Any, default: Any) -> Parameter:
        key = (name, id(annotation), id(default))
        known = self._parameters.get(key)
        if known is None:
            made = ParameterDraft(name, annotation, default)
            made.__class__ = Parameter
            known = self._parameters[key] = made
            if is_marked(annotation, Collect):
                self._collecting.add(id(known))
        return known

    def _source(self, code: CodeType | None) -> str | Callable[[], str]:
        """Remember the file's lines as they are now, so that the text is that of this code."""
        if code is None:
            return ""
        lines = self._source_lines(code.co_filename)
        return partial(_cut_out, lines, code) if lines else ""

    def _source_lines(self, path: str) -> list[str]:
        lines = self._files.get(path)
        if lines is None:
            linecache.checkcache(path)
            lines = self._files[path] = linecache.getlines(path)
        return lines

    def _origin(self, function: Callable[..., Any], code: CodeType | None) -> Origin:
        module = getattr(function, "__module__", None) or "__main__"
        if code is None:
            return Origin(module, module)
        self._go_to(code.co_filename, module)
        return Origin(self._label, module, code.co_firstlineno)

    def _go_to(self, path: str, module: str) -> None:
        """Know the lines and the label of a file; most functions stand where the last one did."""
        if (path, module) != self._place:
            self._place = (path, module)
            self._lines, self._label = self._source_lines(path), _label(path, module)


def _cut_out(lines: list[str], code: CodeType) -> str:
    return "".join(lines[code.co_firstlineno - 1 : _last_line(code)])


def _last_line(code: CodeType) -> int:
    last = code.co_firstlineno
    pending = [code]
    for each in pending:
        last = max(last, max([place[1] or 0 for place in each.co_positions()], default=0))
        pending.extend([const for const in each.co_consts if type(const) is CodeType])
    return last


def _code(function: Callable[..., Any]) -> CodeType | None:
    if type(function) is FunctionType and "__wrapped__" not in function.__dict__:
        return function.__code__
    try:
        return getattr(unwrap(function), "__code__", None)
    except ValueError:  # a wrapper that wraps itself
        return None


def _annotations(function: Callable[..., Any]) -> Mapping[str, Any]:
    try:
        found: object = function.__annotations__
    except (AttributeError, NameError):  # a callable object; a name that is not defined (3.14)
        return {}
    return found if isinstance(found, dict) else {}


def _label(path: str, module: str) -> str:
    if module == "__main__":
        return "the notebook"
    return module if path.startswith("<") else PurePath(path).name


def _check_name(function: Any, name: Any, origin: Origin) -> None:
    if isinstance(function, (ModuleType, list, tuple)):
        advice = (
            f"use FeatureGraph.from_modules({name})"
            if isinstance(function, ModuleType)
            else "put a star before it: from_functions(*functions)"
        )
        raise FeatureDefinitionError(
            f"from_functions takes functions one by one, not a {type(function).__name__}: {advice}."
        )
    if type(name) is str and name.isidentifier() and not keyword.iskeyword(name):
        return
    if name == "<lambda>":
        why = "a lambda has no name, and the name is the column. Write it with def"
    elif type(name) is not str:
        why = (
            f"a {type(function).__name__} has no name of its own, and the name is the column. "
            "Wrap it in a function: def my_column(a, b): …"
        )
    elif keyword.iskeyword(name):
        why = f"{name!r} is a Python keyword, so that no parameter could read it. Rename it"
    else:
        why = f"{name!r} is no Python name, so that no parameter could read it. Rename it"
    raise FeatureDefinitionError(
        f"{origin.label}, line {origin.line}: not a feature: {why}.",
        feature=str(name),
        origin=origin.label,
    )


def _unfit_code(name: str, code: CodeType, origin: Origin) -> FeatureDefinitionError:
    flags = code.co_flags
    if flags & _CO_ASYNC_GENERATOR:
        return _unfit(name, origin, "is async and yields. Return a list, or yield from a plain def")
    if flags & _CO_GENERATOR:
        reason = (
            "yields, and only its first reader would see its values. Return a list or a Series, or "
            "annotate it with -> FanOut[…] to have its readers computed for each item"
        )
        return _unfit(name, origin, reason)
    named = code.co_argcount + code.co_kwonlyargcount
    if flags & CO_VARARGS:
        return _unfit_parameter(name, f"*{code.co_varnames[named]}", origin)
    if flags & CO_VARKEYWORDS:
        return _unfit_parameter(name, f"**{code.co_varnames[named]}", origin)
    return _unfit_parameter(name, f"{code.co_varnames[0]}, /", origin)


def _unfit_parameter(name: str, written: str, origin: Origin) -> FeatureDefinitionError:
    if written.startswith("*"):
        reason = f"takes {written}, but each parameter is a column. Name the columns it needs"
    else:
        bare = written.removesuffix(", /")
        reason = f"takes {bare} by position only, but columns are passed by name. Remove the '/'"
    return _unfit(name, origin, reason)


def _unfit(name: str, origin: Origin, reason: str) -> FeatureDefinitionError:
    return FeatureDefinitionError(
        f"{origin.label}, line {origin.line}: {name} cannot be a feature: it {reason}.",
        feature=name,
        origin=origin.label,
    )
