import pytest

import jupyter_lifecycle as jl
from jupyter_lifecycle.errors import SchemaError
from jupyter_lifecycle.widgets.prepared import Preparation, key_of

CALLS = {"example": {"a": 3}}


def double(a: int) -> int:
    return a * 2


@pytest.fixture
def built(monkeypatch):
    """How many envelopes were built."""
    from jupyter_lifecycle import envelope

    calls, build = [], envelope.build

    def counted(model, **keywords):
        calls.append(keywords["name"])
        return build(model, **keywords)

    monkeypatch.setattr(envelope, "build", counted)
    return calls


@pytest.fixture
def preparation():
    return Preparation()


def look(preparation, model=double, keywords=CALLS):
    found = {}
    preparation.find(model, dict(keywords), lambda item: found.setdefault(item.key, item))
    return found


def click(preparation, registry, model=double, name="double", **keywords):
    steps = []
    envelope = preparation.save(
        model,
        name=name,
        registry=registry,
        progress=lambda *step: steps.append(step),
        **(CALLS | keywords),
    )
    return envelope, steps


def test_what_would_be_saved_is_made_and_said(preparation):
    found = look(preparation)
    assert found.keys() == {"example", "schema", "environment", "features", "expectations", "size"}
    assert found["schema"].text.startswith("1 input, 1 output")


def test_a_click_saves_what_was_looked_at_as_the_call_would(preparation, registry, built, tmp_path):
    look(preparation)
    assert built == ["preview"]
    envelope, steps = click(preparation, registry, tags={"a": "b"}, metrics={"mae": 1.0})
    assert built == ["preview"]
    assert (envelope.name, dict(envelope.tags), dict(envelope.metrics)) == (
        "double",
        {"a": "b"},
        {"mae": 1.0},
    )
    assert steps[-1][0] == "store"
    assert len(steps) > 2
    other = jl.save(double, name="double", **CALLS, registry=tmp_path / "other")
    assert (other.id, other.author) == (envelope.id, envelope.author)
    again, _ = click(preparation, registry, name="under-another-name")
    assert again.name == "under-another-name"
    assert again.predict({"a": 4}) == 8
    assert built == ["preview", "double"]


def test_what_changed_in_place_is_built_again(preparation, registry, built):
    from sklearn.linear_model import LinearRegression

    model = LinearRegression().fit([[1.0], [2.0]], [1.0, 2.0])
    import numpy as np

    rows = {"example": np.array([[1.0], [2.0]])}
    look(preparation, model, rows)
    model.fit([[1.0], [2.0]], [5.0, 10.0])
    envelope, _ = click(preparation, registry, model, **rows)
    assert built == ["preview", "double"]
    assert envelope.predict(np.array([[3.0]]))[0] == pytest.approx(15.0)


def test_what_could_not_be_built_is_not_saved_from_before(preparation, registry, built):
    look(preparation)
    with pytest.raises(SchemaError, match="no argument b"):
        look(preparation, keywords={"example": {"a": 3, "b": 1}})
    click(preparation, registry)
    assert built[-1] == "double"


def test_what_goes_in_is_in_the_key():
    from jupyter_lifecycle import FeatureGraph

    def trend(price):
        return price * 2

    def other(price):
        return price * 3

    key = key_of(double, CALLS)
    assert key == key_of(double, {"example": {"a": 3}, "tags": {"x": "y"}})
    assert key != key_of(double, {"example": {"a": 4}})
    assert key != key_of(double, CALLS | {"training": [1]})
    one, two = (
        key_of(double, CALLS | {"features": FeatureGraph.from_functions(made)})
        for made in (trend, other)
    )
    assert len({key, one, two}) == 3
    assert key_of((one for one in ()), CALLS) is None


def test_a_sessions_inputs_are_in_the_key():
    from types import SimpleNamespace

    from jupyter_lifecycle import FeatureGraph

    def trend(price):
        return price * 2

    graph = FeatureGraph.from_functions(trend)
    one, same, other = (
        key_of(double, CALLS | {"features": SimpleNamespace(graph=graph, given={"price": given})})
        for given in ([1.0], [1.0], [2.0])
    )
    assert one == same != other
