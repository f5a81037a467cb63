"""What the save panel opens with: everything filled in from a namespace, and what to ask it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.widgets.introspection import (
    Candidate,
    Metric,
    find_example,
    find_metrics,
    find_models,
    find_name,
    visible,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping


@dataclass(frozen=True, slots=True)
class Proposal:
    """The fields of a save before anybody typed."""

    name: str = ""
    model: str = ""
    example: str = ""
    models: tuple[Candidate, ...] = ()
    metrics: tuple[Metric, ...] = ()


@dataclass(frozen=True, slots=True)
class Given:
    """What the caller of the panel said: objects or expressions; None where nothing was said."""

    model: Any = None
    example: Any = None
    name: str | None = None


def propose(namespace: Mapping[str, Any], given: Given, notebook: str = "") -> Proposal:
    """Fill in all fields.

    Parameters
    ----------
    namespace : Mapping
        Where to look.
    given : Given
        What the caller said goes before what is found.
    notebook : str
        Path of the notebook, for a name where none was used yet.
    """
    models = find_models(namespace)
    model = expression_of(given.model, namespace, "model") or (
        models[0].expression if models else ""
    )
    example = expression_of(given.example, namespace, "example") or find_example(namespace, model)
    return Proposal(
        name=given.name or find_name(namespace, notebook),
        model=model,
        example=example,
        models=models,
        metrics=find_metrics(namespace, model) if model else (),
    )


def expression_of(value: Any, namespace: Mapping[str, Any], fallback: str) -> str:
    """Give the name that a namespace has for an object; an expression is taken as it is.

    Parameters
    ----------
    value
        An object, an expression as text, or None.
    fallback : str
        Its name where the namespace has none: :func:`adopt` binds it.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    names = (name for name, other in visible(namespace).items() if other is value)
    return next(names, fallback)


def adopt(namespace: MutableMapping[str, Any], given: Given) -> MutableMapping[str, Any]:
    """Give names to objects that the namespace has no name for, in a copy where needed.

    Returns
    -------
    MutableMapping
        The same namespace, or a copy that also has ``model`` and ``example``.
    """
    adopted = namespace
    for name, value in (("model", given.model), ("example", given.example)):
        if value is None or isinstance(value, str):
            continue
        if any(other is value for other in visible(adopted).values()):
            continue
        if adopted is namespace:
            adopted = dict(namespace)
        adopted[name] = value
    return adopted
