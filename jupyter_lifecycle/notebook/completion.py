"""Completion of the magics' words, and of columns inside ``%%feature`` cells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from IPython.core.completer import CompletionContext, SimpleCompletion, context_matcher

from jupyter_lifecycle.errors import ComputeError, UnboundError
from jupyter_lifecycle.notebook.commands import (
    CACHE,
    COMMANDS,
    COMPUTE,
    DAG,
    DROP,
    INPUTS,
    SAVE,
    WHY,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from IPython.core.completer import SimpleMatcherResult

    from jupyter_lifecycle.notebook.options import Command
    from jupyter_lifecycle.notebook.session import Session

_MAGIC = re.compile(r"(?:^|=)\s*(%%?\w+)\s")
_KEY = re.compile(r"""(\w+)\[["'](\w*)$""")
_OPEN_PARAMETERS = re.compile(r"def\s+\w+\s*\(([^()]*)$")
_BY_NAME = {command.name: command for command in COMMANDS}


def matcher(session: Session) -> Callable[[CompletionContext], SimpleMatcherResult]:
    """Make the matcher of a session for IPython's completer."""

    @context_matcher(identifier="jupyter_lifecycle")  # type: ignore[untyped-decorator]
    def match(context: CompletionContext) -> SimpleMatcherResult:
        found, alone = _candidates(session, context)
        return {
            "completions": [SimpleCompletion(text, type=kind) for text, kind in found],
            "suppress": alone and bool(found),
        }

    chosen: Callable[[CompletionContext], SimpleMatcherResult] = match
    return chosen


def _candidates(session: Session, context: CompletionContext) -> tuple[list[tuple[str, str]], bool]:
    line, token = context.text_until_cursor, context.token
    magic = _MAGIC.search(line)
    command = _BY_NAME.get(magic.group(1)) if magic else None
    if command is not None:
        return _words(session, command, line, token), True
    if context.full_text.lstrip().startswith("%%feature"):
        return _in_cell(session, context), False
    return [], False


def _in_cell(session: Session, context: CompletionContext) -> list[tuple[str, str]]:
    line, token = context.text_until_cursor, context.token
    if _in_parameters(context):
        return [(name, "feature") for name in session.names if name.startswith(token)]
    if not line[:1].isspace():
        return []
    key = _KEY.search(line)
    if key is not None:
        return [(one, "column") for one in _columns(_value(session, key[1])) if _fits(one, key[2])]
    name, dot, start = token.rpartition(".")
    if dot:
        attributes = dir(type(_value(session, name))) if name in session.names else []
        return [
            (f"{name}.{one}", "property")
            for one in attributes
            if one.startswith(start) and not one.startswith("_")
        ]
    return [(one, "feature") for one in session.names if token and one.startswith(token)]


def _value(session: Session, name: str) -> Any:
    """Give the column of this name where there is one already; nothing is computed for it."""
    try:
        return session.value(name)
    except (UnboundError, ComputeError):
        return None


def _columns(value: Any) -> list[str]:
    return [one for one in getattr(value, "columns", ()) if isinstance(one, str)]


def _fits(column: str, start: str) -> bool:
    return column.startswith(start) and column.isidentifier()


def _words(session: Session, command: Command, line: str, token: str) -> list[tuple[str, str]]:
    typed = line.split()
    before = typed[-2] if token and len(typed) > 1 else typed[-1]
    names = command is CACHE and len(typed) > (2 if token else 1)
    choices = () if names else _choices(command, before)
    if choices:
        return [(one, "option") for one in choices if one.startswith(token)]
    if line.endswith("-") or token.startswith("-"):
        start = typed[-1] if typed[-1].startswith("-") else token
        flags = [o.name for o in command.options if o.name.startswith("--")] + ["--help"]
        return [
            (flag[len(start) - len(token) :], "option") for flag in flags if flag.startswith(start)
        ]
    return [(name, "feature") for name in _names(session, command) if name.startswith(token)]


def _choices(command: Command, before: str) -> tuple[str, ...]:
    for option in command.options:
        if option.choices and (option.name == before or not option.name.startswith("-")):
            return option.choices
    return ()


def _names(session: Session, command: Command) -> Iterable[str]:
    if command in {COMPUTE, DROP, DAG}:
        return session.names
    if command is CACHE:
        return dict.fromkeys([*session.graph.features, *session.cache.pins])
    if command in {INPUTS, SAVE}:
        return [name for name in session.namespace if not name.startswith("_")]
    return session.graph.features if command is WHY else ()


def _in_parameters(context: Any) -> bool:
    lines = context.full_text.split("\n")[: context.cursor_line]
    text = "\n".join([*lines, context.text_until_cursor])
    return _OPEN_PARAMETERS.search(text) is not None
