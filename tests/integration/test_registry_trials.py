"""Layers, experiments and exposures: one suite for embedded, behind SQLite's and PostgreSQL's server."""

import threading

import pytest

from jupyter_lifecycle.errors import (
    ConflictError,
    ForbiddenError,
    InvalidValueError,
    NotFoundError,
)
from jupyter_lifecycle.registry import Registry
from jupyter_lifecycle.registry.trials import Document, Exposures


@pytest.fixture(params=["embedded", "sqlite", "postgresql"])
def registry(request, tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_LIFECYCLE_HOME", str(tmp_path / "home"))
    if request.param == "embedded":
        found = Registry(tmp_path / "embedded")
    else:
        url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
        address, token = request.getfixturevalue("registry_server")(url)
        found = Registry(address, token=token("admin"))
    with found:
        yield found


def _layer(**body):
    return Document("layer", "ranking", {"unit": "customer_id", **body})


def test_documents_are_written_upon_the_revision_that_was_read(registry):
    assert registry.board().revision == 0
    after = registry.write_board(0, [_layer(), Document("experiment", "colour", {"ü": [1, None]})])
    assert after == registry.board()
    assert after.revision == 1
    assert after.get("experiment", "colour").body == {"ü": [1, None]}
    assert [one.name for one in after.of("layer")] == ["ranking"]
    assert after.get("layer", "ranking").created_at is not None

    with pytest.raises(ConflictError, match="revision 1, not 0") as caught:
        registry.write_board(0, [_layer(seed="x")])
    assert caught.value.detail["revision"] == 1
    assert registry.board() == after

    later = registry.write_board(1, [_layer(seed="x"), Document("experiment", "colour", None)])
    assert (later.revision, later.get("experiment", "colour")) == (2, None)
    assert registry.write_board(2, [Document("experiment", "colour", None)]).revision == 3
    events = [one for one in registry.events() if one.kind.endswith(("r.changed", "t.changed"))]
    kinds = [(one.kind, one.subject) for one in events]
    assert kinds[:2] == [("layer.changed", "ranking"), ("experiment.changed", "colour")]
    changed = events[2]
    assert changed.payload["before"] == {"unit": "customer_id"}
    assert changed.payload["after"]["seed"] == "x"


def test_of_many_who_write_at_once_one_wins(registry):
    registry.write_board(0, [_layer()])
    won, lost = [], []

    def write(n):
        try:
            registry.write_board(1, [Document("experiment", f"e{n}", {})])
            won.append(n)
        except ConflictError:
            lost.append(n)

    writers = [threading.Thread(target=write, args=[n]) for n in range(6)]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    assert (len(won), len(lost)) == (1, 5)
    assert [one.name for one in registry.board().of("experiment")] == [f"e{won[0]}"]


def test_all_or_none_is_written(registry):
    with pytest.raises(InvalidValueError):
        registry.write_board(0, [_layer(), Document("layr", "x", {})])
    assert registry.board().documents == ()


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (Document("layr", "x", {}), "Did you mean layer"),
        (Document("layer", "", {}), "The name of a layer"),
        (Document("layer", "x", {"a": "y" * 1_000_001}), "characters; 1,000,000 are taken"),
        (Document("report", "x", None), "is kept for good"),
    ],
)
def test_documents_that_cannot_be(registry, document, words):
    with pytest.raises(InvalidValueError, match=words):
        registry.write_board(0, [document])


def test_a_report_never_changes(registry):
    registry.write_board(0, [Document("report", "colour", {"winner": "b"})])
    registry.write_board(1, [Document("report", "colour", {"winner": "b"})])
    with pytest.raises(ConflictError, match="a report never changes"):
        registry.write_board(2, [Document("report", "colour", {"winner": "a"})])


def test_an_experiment_has_a_key_of_its_own(registry):
    registry.write_board(0, [Document("experiment", one, {}) for one in ("a", "b")])
    keys = {registry.experiment_key("a"), registry.experiment_key("b")}
    assert {len(key) for key in keys} == {64}
    assert len(keys) == 2
    registry.write_board(1, [Document("experiment", "a", None)])
    registry.write_board(2, [Document("experiment", "a", {})])
    assert registry.experiment_key("a") not in keys
    assert "key" not in str(registry.board())
    with pytest.raises(NotFoundError, match="no experiment zz"):
        registry.experiment_key("zz")


def _seen(n, place=0, source="s", experiment="e"):
    return Exposures(
        experiment, source, place, tuple(f"u{i}" for i in range(n)), ("a",) * n, tuple(range(n))
    )


def test_exposures_count_once_and_the_longer_stretch_counts(registry):
    assert registry.add_exposures([_seen(3), _seen(2, 9), _seen(2, source="t")]) == 7
    assert registry.add_exposures([_seen(3), _seen(1, 9)]) == 0
    assert registry.add_exposures([_seen(5)]) == 2
    assert registry.add_exposures([_seen(1, experiment="other")]) == 1
    found = list(registry.exposures("e"))
    assert [(one.source, one.place, len(one.units)) for one in found] == [
        ("s", 9, 2),
        ("t", 0, 2),
        ("s", 0, 5),
    ]
    assert found[-1].units == ("u0", "u1", "u2", "u3", "u4")
    assert list(registry.exposures("none")) == []


def test_many_stretches_are_read_in_pages(registry):
    registry.add_exposures([_seen(1, place) for place in range(45)])
    assert sorted(one.place for one in registry.exposures("e")) == list(range(45))


def test_exposures_that_cannot_be(registry):
    with pytest.raises(InvalidValueError, match="as many units as arms"):
        registry.add_exposures([Exposures("e", "s", 0, ("u",), (), ())])
    with pytest.raises(InvalidValueError, match="The source of exposures"):
        registry.add_exposures([Exposures("e", "", 0, (), (), ())])


def test_scopes_and_names_limit_who_may_what(registry_server, tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_LIFECYCLE_HOME", str(tmp_path / "home"))
    address, token = registry_server(None)
    with Registry(address, token=token("admin")) as admin:
        admin.write_board(0, [_layer(), Document("experiment", "e", {})])
    with Registry(address, token=token("read")) as reader:
        assert reader.board().revision == 1
        for refused in (
            lambda: reader.write_board(1, [_layer()]),
            lambda: reader.experiment_key("e"),
            lambda: reader.add_exposures([_seen(1)]),
        ):
            with pytest.raises(ForbiddenError):
                refused()
    with Registry(address, token=token("write")) as writer:
        assert writer.add_exposures([_seen(1)]) == 1
        with pytest.raises(ForbiddenError):
            writer.write_board(1, [_layer()])
    with Registry(tmp_path / "own") as own:
        limited = own._backend.by("Ana", ["a*"])
        limited.write_board(0, [Document("layer", "abc", {})])
        for refused in (
            lambda: limited.write_board(1, [_layer()]),
            lambda: limited.experiment_key("e"),
            lambda: limited.add_exposures([_seen(1)]),
        ):
            with pytest.raises(ForbiddenError, match=r"only what is called a\*"):
                refused()
    with (
        Registry(tmp_path / "own", read_only=True) as shown,
        pytest.raises(ForbiddenError, match="read only"),
    ):
        shown.write_board(1, [_layer()])
