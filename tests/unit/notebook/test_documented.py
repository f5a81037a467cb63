"""docs/notebook.md says of every magic what its own help says."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_lifecycle.notebook.commands import COMMANDS

PAGE = (Path(__file__).parents[3] / "docs" / "notebook.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_the_help_stands_in_the_documentation(command):
    assert f"## `{command.name}`\n\n```text\n{command.help()}\n```\n" in PAGE


def test_no_other_magic_is_documented():
    titles = [line for line in PAGE.splitlines() if line.startswith("## `")]
    assert titles == [f"## `{command.name}`" for command in COMMANDS]
