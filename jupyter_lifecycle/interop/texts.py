"""The text of definitions, as it stood where they were made, and the names that it needs."""

from __future__ import annotations

import ast
import inspect
import linecache
import re
import symtable
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import FeatureDefinitionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_IN_TEXT = re.compile(r"@([^\W\d]\w*)")
_BY_TEXT = frozenset({"query", "eval"})


@dataclass(frozen=True, slots=True)
class Text:
    """A definition or an assignment."""

    text: str
    names: tuple[str, ...]
    """What it reads from outside, in the order of the alphabet."""
    chains: tuple[str, ...]
    """Dotted names that it reads, whole: ``np.random.default_rng``."""
    defines: str
    """The name that it binds."""


def read(text: str) -> Text:
    """Find the names that a statement needs.

    Parameters
    ----------
    text : str
        One statement of a module's level.

    Returns
    -------
    Text
    """
    tree = ast.parse(text)
    names = set(_outer_names(symtable.symtable(text, "<text>", "exec")))
    names.update(_names_in_strings(tree))
    chains = {chain for chain in map(_chain, ast.walk(tree)) if chain}
    statement = tree.body[0]
    defines = str(getattr(statement, "name", "")) or _assigned(statement)
    return Text(text, tuple(sorted(names - {defines})), tuple(sorted(chains)), defines)


def _outer_names(table: symtable.SymbolTable) -> Iterator[str]:
    pending = [table]
    for each in pending:
        top = each is table
        for symbol in each.get_symbols():
            if symbol.is_referenced() and (symbol.is_global() or top):
                yield symbol.get_name()
        pending += each.get_children()


def _names_in_strings(tree: ast.Module) -> Iterator[str]:
    """Names in annotations that are text, and behind ``@`` where a method reads them."""
    nodes = list(ast.walk(tree))
    for node in nodes:
        for part in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                for found in ast.walk(ast.parse(part.value, mode="eval")):
                    if isinstance(found, ast.Name):
                        yield found.id
    if any(isinstance(node, ast.Attribute) and node.attr in _BY_TEXT for node in nodes):
        for node in nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield from _IN_TEXT.findall(node.value)


def _chain(node: ast.AST) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not parts or not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])


def _assigned(statement: ast.stmt) -> str:
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets = [statement.target]
    return targets[0].id if len(targets) == 1 and isinstance(targets[0], ast.Name) else ""


def text_of(function: Callable[..., Any]) -> str:
    """Return a function with its decorators as its file or cell has it.

    Parameters
    ----------
    function : callable
        Made by a ``def``.

    Returns
    -------
    str
        Without the indentation of the place where it stood.

    Raises
    ------
    FeatureDefinitionError
        If nobody has the text, or it holds what only lives inside another function.
    """
    code = inspect.unwrap(function).__code__
    lines = linecache.getlines(code.co_filename)
    name = code.co_name
    if not lines or len(lines) < code.co_firstlineno:
        raise FeatureDefinitionError(
            f"{name} cannot be exported: its text is not known ({code.co_filename}). Define it in "
            "a cell or a file.",
            feature=name,
        )
    if code.co_freevars:
        held = ", ".join(code.co_freevars)
        raise FeatureDefinitionError(
            f"{name} cannot be exported: it holds {held} of the function that made it. Give it as "
            "a default, or define it at the level of the module.",
            feature=name,
        )
    block = inspect.getblock(lines[code.co_firstlineno - 1 :])
    text = textwrap.dedent("".join(block)).rstrip() + "\n"
    if not text.lstrip().startswith(("def ", "async def ", "@")):
        raise FeatureDefinitionError(
            f"{name} cannot be exported: line {code.co_firstlineno} of its text is no def any "
            "more. Run its cell, or import its module, again.",
            feature=name,
        )
    return text


def is_decorated(function: Callable[..., Any], name: str) -> bool:
    """Tell whether a decorator of this name stands above a function."""
    code = function.__code__
    lines = linecache.getlines(code.co_filename)
    if not lines[code.co_firstlineno - 1 : code.co_firstlineno] or not (
        lines[code.co_firstlineno - 1].lstrip().startswith("@")
    ):
        return False
    body = ast.parse(text_of(function)).body[0]
    found = [getattr(each, "func", each) for each in getattr(body, "decorator_list", ())]
    return any(name in (getattr(each, "id", ""), getattr(each, "attr", "")) for each in found)


def statements(sources: Iterable[str], name: str) -> Iterator[str]:
    """Give the statements that bind a name at a module's level, the last one first.

    Parameters
    ----------
    sources : iterable of str
        Texts of cells or files, the last one last; what is no Python is passed over.
    name : str
        Of a constant or a class.
    """
    for source in reversed(list(sources)):
        try:
            body = ast.parse(source).body
        except SyntaxError:
            continue
        for statement in reversed(body):
            if name in (getattr(statement, "name", ""), _assigned(statement)):
                first = min([statement.lineno, *_decorator_lines(statement)])
                lines = source.splitlines()[first - 1 : statement.end_lineno]
                yield "\n".join(lines) + "\n"


def _decorator_lines(statement: ast.stmt) -> list[int]:
    return [each.lineno for each in getattr(statement, "decorator_list", ())]


def annotated(text: str) -> str:
    r"""Write ``Any`` where a function has no annotation: Hamilton takes none without.

    >>> print(annotated("def a(b, c=1):  # why\n    return b\n"), end="")
    def a(b: Any, c: Any = 1) -> Any:  # why
        return b
    """
    function = ast.parse(text).body[0]
    if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return text
    lines = text.encode().splitlines(keepends=True)
    arguments = function.args
    inserts: list[tuple[int, int, bytes]] = []
    for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        if each.annotation is None:
            assert each.end_lineno is not None
            assert each.end_col_offset is not None
            inserts.append((each.end_lineno - 1, each.end_col_offset, b": Any"))
    if function.returns is None:
        row, column = _end_of_signature(text, function)
        inserts.append((row, column, b" -> Any"))
    for row, column, what in sorted(inserts, reverse=True):
        line, end = lines[row], lines[row][column:]
        if what == b": Any" and end.startswith(b"=") and not end.startswith(b"=="):
            end = b" = " + end[1:].lstrip(b" ")
        lines[row] = line[:column] + what + end
    return b"".join(lines).decode()


def _end_of_signature(
    text: str, function: ast.FunctionDef | ast.AsyncFunctionDef
) -> tuple[int, int]:
    """Find the colon behind the parameters: row from 0, column in bytes."""
    import io
    import tokenize

    depth, started = 0, False
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        row, column = token.start
        if row < function.lineno:
            continue
        if token.string == "def":
            started = True
        depth += (token.string in ("(", "[", "{")) - (token.string in (")", "]", "}"))
        if started and token.type == tokenize.OP and token.string == ":" and depth == 0:
            return row - 1, len(token.line[:column].encode())
    raise AssertionError(text)


def renamed(text: str, names: dict[str, str]) -> str:
    r"""Write a statement with other names for what it reads or binds at the module's level.

    >>> renamed("def b(a):\n    return scale(a)\n", {"scale": "_scale"})
    'def b(a):\n    return _scale(a)\n'
    """
    lines = text.encode().splitlines(keepends=True)
    found: list[tuple[int, int, str]] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Name) and node.id in names:
            found.append((node.lineno - 1, node.col_offset, node.id))
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name in names:
            start = lines[node.lineno - 1].index(b"def ", node.col_offset) + 4
            at = lines[node.lineno - 1].index(node.name.encode(), start)
            found.append((node.lineno - 1, at, node.name))
    for row, column, name in sorted(found, reverse=True):
        whole, end = lines[row], column + len(name.encode())
        lines[row] = whole[:column] + names[name].encode() + whole[end:]
    return b"".join(lines).decode()
