from __future__ import annotations

import pytest
from IPython.core.error import UsageError

from jupyter_lifecycle.notebook.commands import CACHE, COMMANDS, COMPUTE, SAVE
from jupyter_lifecycle.notebook.options import pairs, split_line, unquote


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("  a   b ", ["a", "b"]),
        ("x=df[df.a > 1] y", ["x=df[df.a > 1]", "y"]),
        ("x='a b' \"c d\"", ["x='a b'", '"c d"']),
        ("{*X} b # comment", ["{*X}", "b"]),
        ("f(')', 1)  b", ["f(')', 1)", "b"]),
        ("x='it\\'s # here'", ["x='it\\'s # here'"]),
        ("x='unclosed a", ["x='unclosed a"]),
        ('x="""a \'b\' c""" d', ['x="""a \'b\' c"""', "d"]),
        ("a#b", ["a#b"]),
        ("f(a # b", ["f(a # b"]),
        ("a) b", ["a)", "b"]),
    ],
)
def test_a_line_is_split_outside_quotes_and_brackets(line, words):
    assert split_line(line) == words


def test_options_may_stand_between_names():
    asked = COMPUTE.parse("a --into df b* --result frame")
    assert (asked.names, asked.into, asked.result, asked.all) == (["a", "b*"], "df", "frame", False)
    assert SAVE.parse("m --tag a=1 --tag b=2").tag == ["a=1", "b=2"]
    assert SAVE.parse("m").tag == []


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_help_is_text_and_no_exception(command, capsys):
    assert command.parse("whatever --help --unknown") is None
    assert capsys.readouterr().out.startswith(f"usage: {command.name}")


@pytest.mark.parametrize(
    ("command", "line", "words"),
    [
        (COMPUTE, "a --int df", "--int is not known. Did you mean --into?"),
        (COMPUTE, "a --into", "expected one argument"),
        (COMPUTE, "a --result list", "invalid choice: 'list'"),
        (CACHE, "clera", "invalid choice: 'clera'"),
    ],
)
def test_bad_options_raise_and_lead_to_help(command, line, words):
    with pytest.raises(UsageError) as error:
        command.parse(line)
    assert words in str(error.value)
    assert f"See {command.name} --help." in str(error.value)


def test_pairs_and_quotes():
    assert pairs(["a=1", "b='late ones'", "c="], command="%save", option="--tag") == {
        "a": "1",
        "b": "late ones",
        "c": "",
    }
    assert unquote("'a") == "'a"
    assert unquote("'a'b'") == "'a'b'"
    assert unquote("'a\\'b'") == "a'b"


@pytest.mark.parametrize("word", ["a", "=1"])
def test_a_pair_needs_both_sides(word):
    with pytest.raises(UsageError, match="--tag takes key=value"):
        pairs([word], command="%save", option="--tag")
