"""What may come next in a query, with a registry of three envelopes."""

import pytest

from jupyter_lifecycle.errors import InvalidValueError, QueryError
from jupyter_lifecycle.registry import Facet, Registry
from jupyter_lifecycle.registry.query import parse


@pytest.fixture
def registry(tmp_path, make_bundle):
    with Registry(tmp_path / "registry") as made:
        for index, (team, mae) in enumerate(
            [("forecasting", 13.28), ("forecasting", 14.02), ("o'x", 15.9)]
        ):
            made.add(
                make_bundle("departure-delay" if index else "ltv", salt=str(index)),
                tags={"team": team, "my key": "1"},
                metrics={"mae": mae, "median_error": 5.0},
                author="Ana",
            )
        yield made


def texts(registry, query, position=None):
    return [one.text for one in registry.complete(query, position).suggestions]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("na", ["name"]),
        ("name", ["name"]),
        ("me", ["metrics.", "metrics.median_error"]),
        ("metrics.m", ["metrics.mae", "metrics.median_error"]),
        ("metrics.err", ["metrics.median_error"]),
        ("tags.te", ["tags.team"]),
        ("tags.my", ["tags.`my key`"]),
        ("tags.`my", ["tags.`my key`"]),
        ("name = ", ["'departure-delay'", "'ltv'"]),
        ("name = 'l", ["'ltv'"]),
        ('name = "l', ['"ltv"']),
        ("tags.team in ('forecasting', ", ["'forecasting'", "'o''x'"]),
        ("tags.team = 'o''", ["'o''x'"]),
        ("name like 'dep", ["'departure-delay'"]),
        ("package.numpy = ", ["'2.4.0'"]),
        (
            "package.numpy ",
            ["=", "<", "<=", ">", ">=", "!=", "and", "or", "in (", "like", "ilike", "is null"],
        ),
        ("name = 'ltv' ", ["and", "or", "order by"]),
        ("name = 'ltv' o", ["or", "order by"]),
        ("name = 'ltv' order ", ["by"]),
        ("order by me", ["metrics.", "metrics.median_error"]),
        ("order by name d", ["desc"]),
        (
            "metrics.mae ",
            ["<", "<=", ">", ">=", "=", "!=", "and", "or", "in (", "is null", "order by"],
        ),
        ("created_at ", [">", "<", "and", "or", "in (", "is null", "order by"]),
        ("id = '", []),
        ("metrics.mae < ", []),
        ("name = = ", []),
        ("bogus = ", []),
        ("input.a", []),
        ("(name = 'ltv' and ) ", []),
    ],
)
def test_what_comes_next(registry, query, expected):
    assert texts(registry, query) == expected


def test_an_empty_query_offers_the_fields(registry):
    offered = texts(registry, "")
    assert offered[:2] == ["name", "id"]
    assert {"tags.", "metrics.", "created_at"} <= set(offered)


def test_the_caret_may_stand_before_the_end(registry):
    query = "metrics.m < 14 and name = 'ltv'"
    found = registry.complete(query, len("metrics.m"))
    assert found.start == 0
    assert found.suggestions[0].text == "metrics.mae"
    done = found.suggestions[0].text + query[len("metrics.m") :]
    parse(done)


def test_a_suggestion_says_what_is_there(registry):
    mae, other = registry.complete("metrics.m").suggestions
    assert (mae.note, mae.count, mae.kind) == ("number, 13.28 to 15.9", 3, "field")
    assert other.note == "number, 5 to 5"
    (team,) = registry.complete("tags.te").suggestions
    assert (team.note, team.count) == ("text, forecasting, o'x", 3)
    first = registry.complete("tags.team = ").suggestions[0]
    assert (first.text, first.count, first.kind) == ("'forecasting'", 2, "value")


def test_what_is_completed_is_a_query(registry):
    query = ""
    for word in ("tags.te", " = 'fo", " or metrics.med", " > 4 ord"):
        query += word
        found = registry.complete(query)
        query = query[: found.start] + found.suggestions[0].text
    assert query == "tags.team = 'forecasting' or metrics.median_error > 4 order by"
    parse(query + " name")


def test_facets(registry):
    assert registry.facet("tags.team") == Facet("tags.team", 3, (("forecasting", 2), ("o'x", 1)))
    assert registry.facet("tags.team", "o").values == (("o'x", 1),)
    assert registry.facet("tags.team", limit=1).values == (("forecasting", 2),)
    assert registry.facet("metrics.mae") == Facet("metrics.mae", 3, (), 13.28, 15.9)
    assert registry.facet("metrics.none") == Facet("metrics.none", 0)
    assert registry.facet("author").values == (("Ana", 3),)
    assert registry.facet("name", "100%").values == ()
    with pytest.raises(QueryError, match="bogus"):
        registry.facet("bogus")
    with pytest.raises(InvalidValueError, match="id has no values to list"):
        registry.facet("id")
