"""A feature: a function whose name is a column and whose parameters are the columns it needs."""

from __future__ import annotations

from dataclasses import MISSING as ABSENT
from dataclasses import dataclass, field, fields, make_dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jupyter_lifecycle.graph.checks import Check

MISSING: Any = type("Missing", (), {"__repr__": lambda _: "MISSING", "__slots__": ()})()
"""Stands for "no default" and "no annotation"."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a feature was defined.

    ``label`` is what people read (``cell 4``, ``my_features.py``); ``key`` identifies the owner, so
    that running a cell again replaces what it defined last time.
    """

    label: str
    key: str
    line: int = 1
    title: str = ""
    """The heading above the cell, where there is one."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: the column of that name, or its default where nothing provides it."""

    name: str
    annotation: Any = MISSING
    default: Any = MISSING

    @property
    def required(self) -> bool:
        """Whether something must provide it."""
        return self.default is MISSING


@dataclass(frozen=True, slots=True, eq=False)
class Feature:
    """One feature, frozen. Two features are the same only if they are the same object."""

    name: str
    function: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    returns: Any
    doc: str
    text: str | Callable[[], str]
    """The source, or what gives it: cutting it out of a file waits until somebody looks."""
    origin: Origin
    tags: Mapping[str, str] = field(default_factory=dict)
    cache: Literal["auto", "always", "never"] = "auto"
    """``always`` caches although it was seen to be impure; ``never`` computes each time."""
    definition: Callable[..., Any] | None = None
    """The function that somebody wrote, where a modifier made :attr:`function` from it."""
    checks: tuple[Check, ...] = ()
    """What each of its values must satisfy, in the order in which they are looked at."""
    fan: Literal["", "out", "collect"] = ""
    """``out``: its readers are computed for each of its items; ``collect``: it reads them all."""
    at_once: int = 1
    """How many items of a fan-out are worked on at the same time, at most."""

    @property
    def written(self) -> Callable[..., Any]:
        """The function that somebody wrote."""
        return self.function if self.definition is None else self.definition

    @property
    def source(self) -> str:
        """The function's text, as it was when it was defined; empty where nobody has it."""
        return self.text if isinstance(self.text, str) else self.text()


def _draft(kind: type[Any]) -> Any:
    """Make an open twin of a frozen class: the same slots and a plain constructor.

    A frozen dataclass sets each field through ``object.__setattr__``. A twin that becomes the
    frozen class afterwards, which Python allows where the slots are the same, is made in a quarter
    of the time; a graph of 100,000 features is made of 300,000 of these.
    """
    members = [
        (each.name, Any)
        if each.default is ABSENT and each.default_factory is ABSENT
        else (each.name, Any, field(default=each.default, default_factory=each.default_factory))
        for each in fields(kind)
    ]
    return make_dataclass(f"{kind.__name__}Draft", members, slots=True, eq=False)


FeatureDraft = _draft(Feature)
"""Takes what :class:`Feature` takes; ``draft.__class__ = Feature`` makes it one."""
OriginDraft = _draft(Origin)
ParameterDraft = _draft(Parameter)
