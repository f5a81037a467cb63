"""The words after a magic: one small parser for all, with help that is text and never an exit."""

from __future__ import annotations

import argparse
import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from IPython.core.error import UsageError

from jupyter_lifecycle.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_OPENING = {"(": ")", "[": "]", "{": "}"}
_QUOTES = ("'''", '"""', "'", '"')


@dataclass(frozen=True, slots=True)
class Option:
    """One positional (no leading dashes) or option of a magic, in argparse's words."""

    name: str
    help: str
    metavar: str | None = None
    nargs: str | None = None
    choices: tuple[str, ...] | None = None
    repeat: bool = False
    """May be given several times; the values come as a list."""
    flag: bool = False

    def add_to(self, parser: argparse.ArgumentParser) -> None:
        """Tell the parser about it."""
        given: dict[str, Any] = {"help": self.help, "metavar": self.metavar}
        if self.flag:
            given = {"help": self.help, "action": "store_true"}
        elif self.repeat:
            given |= {"action": "append", "default": []}
        if self.nargs:
            given["nargs"] = self.nargs
        if self.choices:
            given["choices"] = self.choices
        parser.add_argument(self.name, **given)


@dataclass(frozen=True, slots=True)
class Command:
    """A magic as people see it: its name, what it does, what it takes."""

    name: str
    summary: str
    options: tuple[Option, ...] = ()
    details: str = ""

    def help(self) -> str:
        """Return the text behind ``--help``, the docstring and the documentation."""
        return self._parser().format_help().rstrip()

    def parse(self, line: str) -> argparse.Namespace | None:
        """Read the rest of the magic's line.

        Parameters
        ----------
        line : str
            All that stands behind the magic's name.

        Returns
        -------
        argparse.Namespace or None
            None where help was asked for; it was printed.

        Raises
        ------
        UsageError
            For an unknown or incomplete option, with what is near.
        """
        words = split_line(line)
        if "--help" in words or "-h" in words:
            print(self.help())  # noqa: T201 - help is for reading
            return None
        parser = self._parser()
        known, rest = parser.parse_known_intermixed_args(words)
        if rest:
            flags = [option.name for option in self.options if option.name.startswith("-")]
            parser.error(f"{rest[0]} is not known.{did_you_mean(rest[0], flags)}")
        return known

    def _parser(self) -> argparse.ArgumentParser:
        parser = _Parser(
            prog=self.name,
            description=self.summary,
            epilog=self.details or None,
            add_help=False,
            allow_abbrev=False,
            formatter_class=_Formatter,
        )
        for option in self.options:
            option.add_to(parser)
        parser.add_argument("--help", action="store_true", help="show this text")
        return parser


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=88, max_help_position=24)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.prog}: {message} See {self.prog} --help.")


def split_line(line: str) -> list[str]:
    """Split at blanks that stand outside quotes and brackets; a ``#`` ends the line.

    >>> split_line("a  speed=df[df.a > 1] --tag team='late ones'  # why")
    ['a', 'speed=df[df.a > 1]', '--tag', "team='late ones'"]
    """
    words: list[str] = []
    expected: list[str] = []
    word, at = "", 0
    while at < len(line):
        character = line[at]
        quote = next((one for one in _QUOTES if line.startswith(one, at)), "")
        if quote:
            end = _end_of_text(line, at + len(quote), quote)
            word, at = word + line[at:end], end
            continue
        if character.isspace() and not expected:
            words, word = ([*words, word] if word else words), ""
        elif character == "#" and not word and not expected:
            break
        else:
            word += character
            if character in _OPENING:
                expected.append(_OPENING[character])
            elif expected and character == expected[-1]:
                expected.pop()
        at += 1
    return [*words, word] if word else words


def _end_of_text(line: str, start: int, quote: str) -> int:
    at = start
    while at < len(line):
        if line[at] == "\\":
            at += 2
        elif line.startswith(quote, at):
            return at + len(quote)
        else:
            at += 1
    return len(line)


def pairs(words: Sequence[str], *, command: str, option: str) -> Mapping[str, str]:
    """``key=value`` words as a mapping; a quoted value loses its quotes.

    Raises
    ------
    UsageError
        Where a word has no ``=`` or no key.
    """
    found: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not (key and equals):
            raise UsageError(f"{command}: {option} takes key=value, not {word}.")
        found[key] = unquote(value)
    return found


def unquote(text: str) -> str:
    """Return a quoted word without its quotes, any other as it is."""
    if len(text) > 1 and text[0] in "'\"" and text[-1] == text[0]:
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            return text
        return value if isinstance(value, str) else text
    return text
