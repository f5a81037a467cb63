"""Edits after which a cache must compute anew, and edits after which it must not.

Each case is a small program and one edit of it. A line ``#> name`` begins a file of that name;
what stands before the first is the notebook, ``#> inputs`` makes the values of its inputs,
``#> environ`` is the environment. The feature that is asked for is called ``answer``; names that
begin with an underscore are helpers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from textwrap import dedent

INPUTS = "import pandas as pd\nx = pd.Series([1.0, 2.0, 3.0], name='x')\n"


@dataclass(frozen=True)
class Version:
    """A program before or after its edit."""

    source: str
    inputs: str
    files: dict[str, str]
    environ: dict[str, str]


@dataclass(frozen=True)
class Case:
    """A program and an edit."""

    name: str
    text: str
    edits: tuple[tuple[str, str], ...]
    same: bool = False
    """Whether the answer must come from the cache after the edit."""
    tags: frozenset[str] = field(default_factory=frozenset)
    """``repeat``: nothing is edited, and yet the answer may not be the same."""

    @property
    def before(self) -> Version:
        return _version(dedent(self.text))

    @property
    def after(self) -> Version:
        text = dedent(self.text)
        for old, new in self.edits:
            assert old in text, (self.name, old)
            text = text.replace(old, new)
        return _version(text)


def _version(text: str) -> Version:
    parts = {"": ""}
    name = ""
    for line in text.splitlines(keepends=True):
        if line.startswith("#> "):
            name = line[3:].strip()
            parts[name] = ""
        else:
            parts[name] += line
    source, inputs = parts.pop(""), parts.pop("inputs", INPUTS)
    environ = dict(line.split("=", 1) for line in parts.pop("environ", "").split())
    return Version(source, inputs, parts, environ)


def changed(name: str, text: str, *edits: tuple[str, str]) -> Case:
    """Make a case whose answer is another one after the edits."""
    return Case(name, text, edits)


def same(name: str, text: str, *edits: tuple[str, str]) -> Case:
    """Make a case whose answer must come from the cache after the edits."""
    return Case(name, text, edits, same=True)
