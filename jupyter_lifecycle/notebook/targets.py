"""What people ask for: names, patterns and expressions become names of features and inputs."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from jupyter_lifecycle.errors import UnboundError, did_you_mean
from jupyter_lifecycle.notebook.options import unquote

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

_PATTERN = frozenset("*?[")
_QUERY = frozenset("+:()<>=!")
_OPERATORS = frozenset({"and", "or", "not"})


def expand(words: Sequence[str], evaluate: Callable[[str], Any], *, command: str) -> list[str]:
    """Names of a magic's words: ``{expression}`` gives one name or several.

    Parameters
    ----------
    words : sequence of str
        As they stand behind the magic; a comma at a word's end is dropped.
    evaluate : callable
        Answers an expression in the user's namespace.
    command : str
        For the message.

    Raises
    ------
    UsageError
        Where an expression gives no names.
    """
    names: list[str] = []
    for word in words:
        bare = unquote(word.rstrip(","))
        if bare.startswith("{") and bare.endswith("}"):
            names += _evaluated(bare[1:-1], evaluate, command)
        elif bare:
            names.append(bare)
    return names


def _evaluated(expression: str, evaluate: Callable[[str], Any], command: str) -> list[str]:
    value = evaluate(f"[{expression}]" if expression.lstrip().startswith("*") else expression)
    names = [value] if isinstance(value, str) else value
    try:
        listed = list(names)
    except TypeError:
        listed = [names]
    wrong = next((one for one in listed if not isinstance(one, str)), None)
    if wrong is not None:
        raise UsageError(
            f"{command}: {{{expression}}} gives {wrong!r}, a {type(wrong).__name__}. "
            "It takes names: a text, or a list of texts."
        )
    return listed


def resolve(asked: Sequence[str], known: Collection[str]) -> tuple[str, ...] | None:
    """Look names and patterns up among what is known, in the order in which they were asked for.

    Returns
    -------
    tuple of str or None
        None where the words say more: then they are a query of the selection language.

    Raises
    ------
    UnboundError
        For a name that is not there or a pattern that matches nothing, with what is near.
    """
    if any((one not in known and _QUERY & set(one)) or one in _OPERATORS for one in asked):
        return None
    found: dict[str, None] = {}
    for one in asked:
        if one in known:
            found[one] = None
        elif _PATTERN & set(one):
            matches = [name for name in known if fnmatchcase(name, one)]
            if not matches:
                raise UnboundError(f"No feature or input matches {one}.", name=one)
            found |= dict.fromkeys(matches)
        else:
            raise UnboundError(f"No feature or input {one}.{did_you_mean(one, known)}", name=one)
    return tuple(found)


def query_of(words: Sequence[str], known: Collection[str]) -> str:
    """Join words to one query; a known name of odd signs is quoted, so that it stays a name."""
    from jupyter_lifecycle.widgets.selection import quoted

    return " ".join(quoted(word) if word in known else word for word in words)
