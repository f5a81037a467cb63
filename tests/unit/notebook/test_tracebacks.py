from __future__ import annotations

import linecache

from jupyter_lifecycle.notebook.tracebacks import Line, headline, own_lines, short_lines, show_short

SOURCE = "\ndef helper(x):\n    y = 1\n    return x['missing']\n\ndef f(x):\n    return helper(x)\n"


def raised(source=SOURCE, filename="<a cell>"):
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    namespace = {}
    exec(compile(source, filename, "exec"), namespace)
    try:
        namespace["f"]({})
    except KeyError as error:
        return error
    raise AssertionError


def test_only_the_users_frames_are_kept():
    import json

    try:
        json.loads("{")
    except ValueError as error:
        names = [line.function for line in own_lines(error)]
    assert names == ["test_only_the_users_frames_are_kept"]


def test_a_line_has_two_lines_of_context():
    lines = own_lines(raised())
    assert [(line.function, line.number) for line in lines[1:]] == [("f", 7), ("helper", 4)]
    assert lines[-1].code() == (
        (2, "def helper(x):"),
        (3, "    y = 1"),
        (4, "    return x['missing']"),
    )
    assert Line("<gone>", 3, "f").code() == ()


def test_blank_lines_before_are_left_out():
    linecache.cache["<blank>"] = (1, None, ["\n", "\n", "x\n"], "<blank>")
    assert Line("<blank>", 3, "f").code() == ((3, "x"),)


def test_short_lines_start_inside_the_cell():
    lines = short_lines(raised(), lambda name: "cell [4]", inside="<a cell>")
    assert lines == (
        "KeyError: 'missing'",
        "  cell [4], line 7, in f",
        "      6 | def f(x):",
        "  >   7 |     return helper(x)",
        "  cell [4], line 4, in helper",
        "      2 | def helper(x):",
        "      3 |     y = 1",
        "  >   4 |     return x['missing']",
    )


def test_notes_are_kept():
    error = raised()
    error.add_note("It has: a, b")
    assert short_lines(error, str, inside="<a cell>")[-1] == "It has: a, b"


def test_headlines():
    assert headline(ValueError("a: b")) == "ValueError: a: b"
    assert headline(ValueError()) == "ValueError"


def test_ipython_is_told_to_show_the_lines():
    error = ValueError("bad: x")
    show_short(error, [headline(error), "  more"])
    assert error._render_traceback_() == ["\x1b[31mValueError\x1b[39m: bad: x", "  more"]
    show_short(error, ["KeyboardInterrupt"])
    assert error._render_traceback_() == ["\x1b[31mKeyboardInterrupt\x1b[39m"]


def test_an_exception_that_takes_no_attribute_is_shown_in_full():
    class Slotted(Exception):  # noqa: N818
        __slots__ = ()

        def __setattr__(self, name, value):
            raise AttributeError(name)

    error = Slotted()
    show_short(error, ["Slotted"])
    assert not hasattr(error, "_render_traceback_")
