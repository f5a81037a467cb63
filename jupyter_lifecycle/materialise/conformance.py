"""Values against annotations, where the graph asks for it."""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Callable, Collection, Mapping
from itertools import islice
from numbers import Complex, Integral, Number, Real
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    LiteralString,
    Never,
    NewType,
    NoReturn,
    TypeVar,
    Union,
    get_args,
    get_origin,
    is_typeddict,
)

from jupyter_lifecycle.errors import ComputeError
from jupyter_lifecycle.graph import MISSING, Collect, FanOut
from jupyter_lifecycle.graph.annotations import Annotations, written
from jupyter_lifecycle.graph.hints import looked_up
from jupyter_lifecycle.materialise.measure import shown

if TYPE_CHECKING:
    from jupyter_lifecycle.graph import Feature
    from jupyter_lifecycle.materialise.binding import Binding

_ITEMS = 100
_SHOWN = 20
_UNIONS = (Union, types.UnionType)
_NEVER = (Never, NoReturn)
_TOWER: dict[Any, type] = {int: Integral, float: Real, complex: Complex}


class Conformance:
    """Compares values of one computation; remembers what annotations mean.

    Parameters
    ----------
    mode : {"off", "warn", "fail"}
    """

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self._annotations = Annotations()

    def remark_on(self, feature: Feature, value: Any) -> str:
        """Say where a feature's value is not of its type.

        Raises
        ------
        ComputeError
            In the mode "fail".
        """
        if feature.returns is MISSING or (feature.returns is None and value is None):
            return ""
        wanted = self._annotations.resolved(feature.returns, feature.written)
        if matches(value, _list_of(wanted) if feature.fan == "out" else wanted):
            return ""
        said = f"gives {_called(value)}, but is annotated with {written(feature.returns)}"
        if self.mode == "fail":
            raise ComputeError(f"{feature.name} {said}. Change one of the two.", name=feature.name)
        return f"types: it {said}"

    def of_inputs(self, binding: Binding) -> dict[str, str]:
        """Say which inputs are not what a reader takes, all at once.

        Raises
        ------
        ComputeError
            In the mode "fail".
        """
        remarks: dict[str, str] = {}
        for name in binding.order:
            feature = binding.features[name]
            for parameter in feature.parameters:
                each = parameter.name
                if (
                    each in remarks
                    or each not in binding.sources
                    or parameter.annotation is MISSING
                ):
                    continue
                wanted = self._annotations.resolved(parameter.annotation, feature.written)
                value = binding.sources[each]
                default = not parameter.required and value is parameter.default
                if not default and not matches(value, wanted):
                    remarks[each] = (
                        f"input {each} is {_called(value)}, but {name} ({feature.origin.label}) "
                        f"takes it as {written(parameter.annotation)}"
                    )
        if remarks and self.mode == "fail":
            raise ComputeError(_several(list(remarks.values())), names=list(remarks))
        return remarks


def _several(problems: list[str]) -> str:
    if len(problems) == 1:
        return f"{problems[0]}."
    more = [f"  … and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
    lines = [f"  - {each}" for each in problems[:_SHOWN]]
    return "\n".join([f"{len(problems)} inputs are of another type than is taken:", *lines, *more])


def _called(value: Any) -> str:
    return f"a {type(value).__name__} ({shown(value)})"


def _list_of(annotation: Any) -> Any:
    arguments = get_args(annotation)
    return list[arguments[0]] if arguments else list  # type: ignore[valid-type]


def matches(value: Any, annotation: Any) -> bool:
    """Whether a value is of an annotated type.

    Parameters
    ----------
    value : any
    annotation : any
        Text must have been looked up; what is not understood matches everything.

    Returns
    -------
    bool

    Examples
    --------
    >>> matches([1, 2], list[int]), matches([1, "2"], list[int]), matches(1, float | None)
    (True, False, True)
    """
    origin = get_origin(annotation)
    if origin in _UNIONS:
        return any(matches(value, each) for each in get_args(annotation))
    if origin in (Annotated, Collect, FanOut):
        inner = get_args(annotation)[0]
        return matches(value, inner if origin is Annotated else _list_of(annotation))
    if origin is Literal:
        return any(type(each) is type(value) and each == value for each in get_args(annotation))
    inner = _renamed(annotation)
    if inner is not annotation:
        return matches(value, inner)
    if isinstance(annotation, TypeVar):
        return _matches_variable(value, annotation)
    return _matches_class(value, annotation, origin)


def _renamed(annotation: Any) -> Any:
    """Return what stands behind a type that is only another one's name."""
    if isinstance(annotation, NewType):
        return annotation.__supertype__
    if annotation is LiteralString:
        return str
    if type(annotation).__name__ == "TypeAliasType":  # PEP 695, from Python 3.12 on
        return annotation.__value__
    return annotation


def _matches_variable(value: Any, variable: TypeVar) -> bool:
    allowed = variable.__constraints__ or ((variable.__bound__,) if variable.__bound__ else ())
    return not allowed or any(matches(value, each) for each in allowed)


def _matches_class(value: Any, annotation: Any, origin: Any) -> bool:
    if annotation is None:
        return value is None
    if annotation in _NEVER or (annotation == tuple[()] and value != ()):
        return False
    if is_typeddict(annotation):
        return _matches_fields(value, annotation)
    kind = annotation if origin is None else origin
    if not isinstance(kind, type):
        return True
    return _is_of(value, kind) and _matches_items(value, kind, get_args(annotation))


def _is_of(value: Any, kind: type) -> bool:
    if getattr(kind, "_is_protocol", False):
        return all(hasattr(value, name) for name in _members(kind))
    try:
        return isinstance(value, (_TOWER.get(kind, kind), kind)) or _is_numpy_bool(value, kind)
    except TypeError:  # a class that cannot be asked
        return True


def _members(protocol: type) -> set[str]:
    """List the public names that a protocol asks for, be they methods or data."""
    bases = [each for each in protocol.__mro__ if getattr(each, "_is_protocol", False)]
    names = [name for each in bases for name in (*vars(each), *inspect.get_annotations(each))]
    return {name for name in names if not name.startswith("_")}


def _is_numpy_bool(value: Any, kind: type) -> bool:
    return (
        kind in (bool, int, float)
        and type(value).__module__ == "numpy"
        and (type(value).__name__ in ("bool", "bool_") and not isinstance(value, Number))
    )


def _matches_fields(value: Any, annotation: Any) -> bool:
    if not isinstance(value, dict) or not annotation.__required_keys__ <= value.keys():
        return False
    namespace = vars(sys.modules.get(annotation.__module__, types))
    for name, kind in annotation.__annotations__.items():
        text = getattr(kind, "__forward_arg__", kind)
        wanted = looked_up(text, namespace) if isinstance(text, str) else text
        if name in value and not matches(value[name], wanted):
            return False
    return True


def _matches_items(value: Any, kind: type, arguments: tuple[Any, ...]) -> bool:
    if not arguments or not isinstance(value, Collection) or kind in (type, Callable):
        return True
    if kind is tuple:
        if arguments[-1] is ...:
            return all(matches(each, arguments[0]) for each in islice(value, _ITEMS))
        return len(value) == len(arguments) and all(
            matches(a, b) for a, b in zip(value, arguments, strict=True)
        )
    if isinstance(value, Mapping):
        pairs = arguments if len(arguments) == 2 else (arguments[0], Any)
        return all(
            matches(a, pairs[0]) and matches(b, pairs[1]) for a, b in islice(value.items(), _ITEMS)
        )
    if isinstance(value, (list, tuple, set, frozenset)) and len(arguments) == 1:
        return all(matches(each, arguments[0]) for each in islice(value, _ITEMS))
    return True
