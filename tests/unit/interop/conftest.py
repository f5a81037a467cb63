"""Modules written for Hamilton, made from text."""

import linecache
import sys
import types

import pytest


@pytest.fixture
def module():
    """``module(text)``: imports text as a module; all are forgotten after the test."""
    made = []

    def make(text, name="rates"):
        filename = f"<{name} {len(made)}>"
        linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
        result = types.ModuleType(name)
        sys.modules[name] = result
        made.append((name, filename))
        exec(compile(text, filename, "exec", dont_inherit=True), vars(result))
        return result

    yield make
    for name, filename in made:
        sys.modules.pop(name, None)
        linecache.cache.pop(filename, None)
