"""The one call that the save panel makes: the line of code that it shows and what it runs."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.widgets.introspection import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_lifecycle.widgets.introspection import Metric, Namespace

_OTHERS = ("training", "features")


@dataclass(frozen=True, slots=True)
class SaveCall:
    """A call of ``save``: expressions as they are typed, values as they are."""

    model: str
    name: str
    example: str
    tags: Mapping[str, str] = field(default_factory=dict)
    metrics: tuple[Metric, ...] = ()
    registry: str = ""
    """The name that the namespace has for a registry; empty for the local one."""
    training: str = ""
    """The expression of the rows that expectations are made of; empty for the example."""
    features: str = ""
    """The expression of the graph whose features go with the model; empty for none."""

    def code(self, alias: str = "jl", target: str = "envelope") -> str:
        """Write the call as a person would; ``…`` stands for what is missing."""
        opening = f"{target} = {alias}.save("
        parts = [
            f"{self.model or '…'}, name={quoted(self.name or '…')}",
            f"example={self.example or '…'}",
        ]
        if self.tags:
            items = (f"{quoted(key)}: {quoted(value)}" for key, value in self.tags.items())
            parts.append(f"tags={{{', '.join(items)}}}")
        if self.metrics:
            items = (f"{quoted(metric.name)}: {metric.code}" for metric in self.metrics)
            parts.append(f"metrics={{{', '.join(items)}}}")
        parts += [f"{word}={getattr(self, word)}" for word in _OTHERS if getattr(self, word)]
        if self.registry:
            parts.append(f"registry={self.registry}")
        return opening + (",\n" + " " * len(opening)).join(parts) + ")"

    def arguments(self, namespace: Namespace) -> tuple[Any, dict[str, Any]]:
        """Evaluate the call's arguments in a namespace.

        Returns
        -------
        tuple
            The model and the keyword arguments.

        Raises
        ------
        Exception
            What an expression raises.
        """
        keywords: dict[str, Any] = {
            "name": self.name,
            "example": evaluate(self.example, namespace),
        }
        if self.tags:
            keywords["tags"] = dict(self.tags)
        if self.metrics:
            keywords["metrics"] = {
                metric.name: float(evaluate(metric.code, namespace)) for metric in self.metrics
            }
        for word in _OTHERS:
            if getattr(self, word):
                keywords[word] = evaluate(getattr(self, word), namespace)
        if self.registry:
            keywords["registry"] = evaluate(self.registry, namespace)
        return evaluate(self.model, namespace), keywords


def evaluate(expression: str, namespace: Namespace) -> Any:
    """Evaluate what a person typed in their own namespace.

    Raises
    ------
    Exception
        What the expression raises; SyntaxError where it is none.
    """
    import jupyter_lifecycle

    tree = ast.parse(expression.strip() or "None", mode="eval")
    names = {"jl": jupyter_lifecycle, **namespace}
    return eval(compile(tree, "<save panel>", "eval"), names)  # noqa: S307 - their own code
