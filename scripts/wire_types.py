"""Write ``labextension/src/wire.ts`` from ``jupyter_lifecycle/widgets/wire.py``.

``python scripts/wire_types.py`` writes the file; ``--check`` only says whether it agrees.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import sys
import types
import typing
from pathlib import Path

from jupyter_lifecycle.widgets import wire

TARGET = Path(__file__).parents[1] / "labextension" / "src" / "wire.ts"
HEAD = "// Written by scripts/wire_types.py from jupyter_lifecycle/widgets/wire.py. Change that file.\n"
ALIASES = {
    "State": wire.State,
    "Action": wire.Action,
    "Mark": wire.Mark,
    "ExportFormat": wire.ExportFormat,
}
"""Literals that have a name of their own."""
ROWS = {"NodeState": "NodeRow"}
"""Sent as a tuple in the order of its fields: ten thousand of them have no keys."""
SCALARS = {int: "number", float: "number", str: "string", bool: "boolean", type(None): "null"}


def literal(values: tuple[object, ...]) -> str:
    return " | ".join(f'"{value}"' for value in values)


def typescript(hint: object) -> str:  # noqa: PLR0911 - one return a form
    """The TypeScript of one annotation; raises TypeError for one that the wire has no form for."""
    for name, alias in ALIASES.items():
        if hint == alias:
            return name
    if isinstance(hint, type) and hint in SCALARS:
        return SCALARS[hint]
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return ROWS.get(hint.__name__, hint.__name__)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return literal(arguments)
    if origin is list:
        inner = typescript(arguments[0])
        compound = "|" in inner or inner.startswith("readonly")
        return f"readonly ({inner})[]" if compound else f"readonly {inner}[]"
    if origin is tuple:
        return f"readonly [{', '.join(map(typescript, arguments))}]"
    if origin in {types.UnionType, typing.Union}:
        return " | ".join(map(typescript, arguments))
    raise TypeError(f"{hint!r} has no form on the wire")


def field_docs(kind: type) -> dict[str, str]:
    """The strings that stand below the fields of a class."""
    (definition,) = ast.parse(inspect.getsource(kind)).body
    assert isinstance(definition, ast.ClassDef)
    docs = {}
    for field, after in zip(definition.body, definition.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            docs[field.target.id] = inspect.cleandoc(str(after.value.value)).replace("``", "`")
    return docs


def comment(text: str, indent: str = "") -> str:
    lines = text.replace("``", "`").strip().splitlines()
    if len(lines) == 1:
        return f"{indent}/** {lines[0]} */\n"
    return f"{indent}/**\n" + "".join(f"{indent} * {x}\n" for x in lines) + f"{indent} */\n"


def declaration(kind: type) -> str:
    hints, docs = typing.get_type_hints(kind), field_docs(kind)
    doc = inspect.getdoc(kind) or kind.__name__
    fields = [(f.name, typescript(hints[f.name])) for f in dataclasses.fields(kind)]
    text = comment(doc)
    if kind.__name__ in ROWS:
        inside = "".join(f"  {name}: {hint},\n" for name, hint in fields)
        return f"{text}export type {ROWS[kind.__name__]} = readonly [\n{inside}];\n"
    body = "".join(
        (comment(docs[name], "  ") if name in docs else "") + f"  readonly {name}: {hint};\n"
        for name, hint in fields
    )
    return f"{text}export interface {kind.__name__} {{\n{body}}}\n"


def render() -> str:
    """The whole file."""
    states = ", ".join(f'"{state}"' for state in typing.get_args(wire.State))
    parts = [HEAD, f"export const STATES = [{states}] as const;\n"]
    parts += [
        f"export type {name} = {literal(typing.get_args(alias))};\n"
        for name, alias in ALIASES.items()
    ]
    kinds = [
        kind
        for kind in vars(wire).values()
        if dataclasses.is_dataclass(kind)
        and isinstance(kind, type)
        and kind.__module__ == wire.__name__
    ]
    return "\n".join([*parts, *map(declaration, kinds)])


def main(arguments: list[str]) -> int:
    text = render()
    if "--check" in arguments:
        agrees = TARGET.exists() and TARGET.read_text(encoding="utf-8") == text
        print("wire.ts agrees" if agrees else "wire.ts differs: run python scripts/wire_types.py")
        return not agrees
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
