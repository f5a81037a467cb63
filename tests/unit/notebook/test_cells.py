from __future__ import annotations

import json

import pytest

from jupyter_lifecycle.notebook.cells import Cell, CellOwners, NotebookFile, titles_above


def test_the_label_is_the_number_beside_the_cell():
    assert Cell(number=4).label == "cell [4]"
    assert Cell("x", count=2).label == "feature cell 3"


def test_an_id_is_the_owner_whatever_the_text():
    owners = CellOwners()
    key = owners.key(Cell("abc"), "def a(): ...", ["a"])
    owners.remember(key, "def a(): ...", ["a"])
    assert owners.key(Cell("abc"), "def b(): ...", ["b"]) == key
    assert owners.key(Cell("other"), "def a(): ...", ["a"]) != key


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        (["a"], ["a"], True),
        (["a"], ["a", "b"], True),
        (["a", "b", "c"], ["a", "b"], True),
        (["a"], ["a", "b", "c"], True),
        (["a", "b"], ["b", "c"], True),
        (["a", "b", "c", "d"], ["d", "e"], False),
        (["a"], ["b"], False),
        (["a", "b", "c"], ["c", "d", "e"], False),
    ],
)
def test_without_ids_a_cell_is_known_by_its_names(before, after, same):
    owners = CellOwners()
    key = owners.key(Cell(), "1", before)
    owners.remember(key, "1", before)
    assert (owners.key(Cell(), "2", after) == key) is same


def test_without_ids_the_same_text_is_the_same_cell_and_an_edit_forgets_the_old_text():
    owners = CellOwners()
    key = owners.key(Cell(), "text", [])
    owners.remember(key, "text", [])
    assert owners.key(Cell(), "text", ["x"]) == key
    owners.remember(key, "edited", ["x"])
    assert owners.key(Cell(), "text", []) != key


def test_the_cell_that_shares_most_names_is_the_same():
    owners = CellOwners()
    for text, names in (("1", ["a", "b"]), ("2", ["c", "d", "e"])):
        owners.remember(owners.key(Cell(), text, names), text, names)
    second = owners.key(Cell(), "2", [])
    assert owners.key(Cell(), "3", ["b", "c", "d"]) == second


def markdown(text):
    return {"cell_type": "markdown", "source": text}


def code(cell_id):
    return {"cell_type": "code", "id": cell_id, "source": ["x"]}


@pytest.mark.parametrize(
    ("cells", "titles"),
    [
        ([code("a")], {}),
        ([markdown("# One\n\n## Two ##\ntext"), code("a"), code("b")], {"a": "Two", "b": "Two"}),
        ([markdown("# One"), code("a"), markdown("text"), code("b")], {"a": "One", "b": "One"}),
        ([markdown("```\n# no heading\n```\n#neither\n####### nor this"), code("a")], {}),
        ([markdown(["# Lis", "ted"]), code("a")], {"a": "Listed"}),
        ([markdown("# x"), {"cell_type": "code", "source": ""}], {}),
    ],
)
def test_the_title_is_the_heading_above(cells, titles):
    assert titles_above({"cells": cells}) == titles


def test_titles_come_from_the_saved_file_and_follow_it(tmp_path):
    path = tmp_path / "a.ipynb"
    file = NotebookFile(str(path))
    assert file.title("a") == ""
    path.write_text(json.dumps({"cells": [markdown("# One"), code("a")]}))
    assert file.title("a") == "One"
    path.write_text("half writ")
    assert file.title("a") == "One"
    path.write_text(json.dumps({"cells": [markdown("# One more"), code("a")]}))
    assert file.title("a") == "One more"
    assert file.title(None) == ""


def test_a_host_that_is_no_notebook_has_no_titles(monkeypatch):
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    assert NotebookFile().title("a") == ""
    monkeypatch.setenv("JPY_SESSION_NAME", "console-1")
    assert NotebookFile().title("a") == ""
