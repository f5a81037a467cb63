"""What a query means as a tree, and what is said where it has none."""

import pytest

from jupyter_lifecycle.errors import QueryError
from jupyter_lifecycle.registry.query import parse, parse_condition, parse_order
from jupyter_lifecycle.registry.query.tree import (
    And,
    Compare,
    Exists,
    Field,
    In,
    Like,
    Not,
    Or,
    OrderKey,
    atoms,
    depth,
    sources,
)

TEAM = Field("tags", "team", "", "text")
MAE = Field("metrics", "mae", "latest", "number")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("tags.team = 'x'", Compare(TEAM, "=", "x", "tags.team = 'x'")),
        ('tags.team="it\'s"', Compare(TEAM, "=", "it's", 'tags.team = "it\'s"')),
        ("tags.team = 'it''s'", Compare(TEAM, "=", "it's", "tags.team = 'it''s'")),
        ("tags.team != 'x'", Not(Compare(TEAM, "=", "x", "tags.team = 'x'"))),
        ("tags.team <> 'x'", Not(Compare(TEAM, "=", "x", "tags.team = 'x'"))),
        ("metrics.mae <= -.5e1", Compare(MAE, "<=", -5.0, "metrics.mae <= -.5e1")),
        ("tags.team IN ('a', \"b\")", In(TEAM, ("a", "b"), "tags.team in ('a', \"b\")")),
        ("tags.team not in ('a')", Not(In(TEAM, ("a",), "tags.team in ('a')"))),
        ("tags.team like 'a%'", Like(TEAM, "a%", False, "tags.team like 'a%'")),
        ("tags.team not ilike 'a%'", Not(Like(TEAM, "a%", True, "tags.team ilike 'a%'"))),
        ("tags.team", Exists(TEAM, "exists tags.team")),
        ("exists tags.team", Exists(TEAM, "exists tags.team")),
        ("tags.team is not null", Exists(TEAM, "exists tags.team")),
        ("tags.team is null", Not(Exists(TEAM, "exists tags.team"))),
        ("not not tags.team", Exists(TEAM, "exists tags.team")),
        ("((tags.team))", Exists(TEAM, "exists tags.team")),
    ],
)
def test_a_test(text, tree):
    assert parse(text).where == tree


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("name", Field("column", "name", "", "text")),
        ("created_at", Field("column", "created_at", "", "time")),
        ("size", Field("column", "size", "", "number")),
        ("tags.`my key`", Field("tags", "my key", "", "text")),
        ("tags.`a``b`", Field("tags", "a`b", "", "text")),
        ("tags.a.b", Field("tags", "a.b", "", "text")),
        ("tags.2024", Field("tags", "2024", "", "text")),
        ("tags.and", Field("tags", "and", "", "text")),
        ("tags.ключ", Field("tags", "ключ", "", "text")),
        ("metrics.auc.max", Field("metrics", "auc", "max", "number")),
        ("metrics.max", Field("metrics", "max", "latest", "number")),
        ("metrics.`auc.max`", Field("metrics", "auc.max", "latest", "number")),
        ("metrics.auc.`max`", Field("metrics", "auc.max", "latest", "number")),
        ("input.age.type", Field("input", "age", "type", "text")),
        ("input.type.type", Field("input", "type", "type", "text")),
        ("output.type", Field("output", "", "type", "text")),
        ("output.y.type", Field("output", "y", "type", "text")),
        ("metrics.auc.at(5)", Field("metrics", "auc", "at", "number", 5)),
        ("metrics.auc.max.at( -1 )", Field("metrics", "auc.max", "at", "number", -1)),
        ("metrics.auc.at", Field("metrics", "auc.at", "latest", "number")),
        ("package.Scikit_Learn", Field("package", "scikit-learn", "", "version")),
        ("package.zope.interface", Field("package", "zope-interface", "", "version")),
        ("python", Field("column", "python", "", "version")),
        ("feature.origin_delay", Field("feature", "origin_delay", "", "text")),
        ("deployment.eta", Field("deployment", "eta", "", "text")),
        ("input.age", Field("input", "age", "", "presence")),
        ("input.type", Field("input", "type", "", "presence")),
    ],
)
def test_a_field(path, field):
    assert parse(f"exists {path}").where == Exists(field, f"exists {path}")


def test_and_binds_closer_than_or_and_both_are_flat():
    tree = parse("tags.a or tags.b and not tags.c and tags.d or tags.e").where
    assert isinstance(tree, Or)
    assert [type(item) for item in tree.items] == [Exists, And, Exists]
    assert [atom.field.key for atom in atoms(tree)] == list("abcde")
    assert depth(tree) == 4
    assert depth(None) == 0


@pytest.mark.parametrize("word", ["android", "order-by", "inside", "nothing", "isnull", "ascii"])
def test_words_that_start_like_keywords(word):
    assert parse(f"tags.{word} and tags.x").where.items[0].field.key == word


def test_order():
    query = parse("order by metrics.mae desc, name ASC, tags.team")
    assert query.where is None
    assert query.order == (
        OrderKey(MAE, True),
        OrderKey(Field("column", "name", "", "text"), False),
        OrderKey(TEAM, False),
    )
    assert parse_order("metrics.mae desc") == query.order[:1]
    assert parse_order("  ") == ()
    assert sources(parse("tags.team = 'x' order by metrics.mae.max")) == {
        "tags.team",
        "metrics.mae",
    }


def test_times():
    def micros(text):
        return parse(f"created_at > '{text}'").where.value

    assert micros("1970-01-01") == 0
    assert micros("1970-01-01T00:00:01.5Z") == micros("1970-01-01T01:00:01.5+01:00") == 1_500_000
    assert micros("1969-12-31T23:59:59") == -1_000_000


@pytest.mark.parametrize(
    ("text", "message", "position", "length"),
    [
        ("mae < 3", "There is no field mae (position 0).", 0, 3),
        (
            "tags.x and nmae = 'x'",
            "There is no field nmae (position 11). Did you mean name?",
            11,
            4,
        ),
        ("tag.x = 'y'", "There is no field tag.x (position 0). Did you mean tags.x?", 0, 5),
        (
            "metric.auc",
            "There is no field metric.auc (position 0). Did you mean metrics.auc?",
            0,
            10,
        ),
        (
            "params.x",
            "There is no field params.x (position 0). A path starts with tags.NAME, metrics.NAME, input.NAME, output.NAME, package.NAME, feature.NAME, deployment.NAME, skew.NAME.",
            0,
            8,
        ),
        ("name.x", "There is no field name.x (position 0). name has no parts.", 0, 6),
        ("tags", "There is no field tags (position 0). Write tags.NAME, for one of them.", 0, 4),
        ("`name` = 'x'", "There is no field `name` (position 0). Did you mean name?", 0, 6),
        ("name == 'x'", "Found = where a value should stand (position 6). One = is enough.", 6, 1),
        (
            "name = foo",
            "Found foo where a value should stand (position 7). Put text in quotes: 'foo'.",
            7,
            3,
        ),
        (
            "name = null",
            "Found null where a value should stand (position 7). Write 'is null' or 'is not null'.",
            7,
            4,
        ),
        ("name = 'x", "The text that starts here has no closing ' (position 7).", 7, 1),
        ('name = "x', 'The text that starts here has no closing " (position 7).', 7, 1),
        ("tags.`x", "The name that starts here has no closing ` (position 5).", 5, 1),
        ("`x", "The name that starts here has no closing ` (position 0).", 0, 1),
        (
            "name = 'x' adn tags.y",
            "Found adn where and, or, order by or the end should stand (position 11). Did you mean and?",
            11,
            3,
        ),
        ("name = 'x' && tags.y", "& has no meaning in a query (position 11). Write and.", 11, 1),
        ("name = 'x' | tags.y", "| has no meaning in a query (position 11). Write or.", 11, 1),
        ("!tags.y", "! has no meaning in a query (position 0). Write not, or !=.", 0, 1),
        ("name = 'x';", "; has no meaning in a query (position 10).", 10, 1),
        ("name = '\0'", "NUL", 7, 3),
        ("name =", "The query ends where a value should follow (position 6).", 6, 0),
        ("name in ()", "Found ) where a value should stand (position 9).", 9, 1),
        ("(name = 'x'", "The query ends where ')' should follow", 11, 0),
        (
            "name = 'x')",
            "Found ) where and, or, order by or the end should stand (position 10).",
            10,
            1,
        ),
        ("and", "Found and where a condition should stand (position 0).", 0, 3),
        ("exists (tags.x)", "Found ( where a field should stand (position 7).", 7, 1),
        ("order by", "The query ends where a field should follow (position 8).", 8, 0),
        ("order name", "Found name where by should stand (position 6).", 6, 4),
        (
            "order by name descc",
            "Found descc where ',', asc, desc or the end should stand (position 14). Did you mean desc?",
            14,
            5,
        ),
        (
            "metrics.mae < 'x'",
            "metrics.mae is a number; 'x' is text. Write it without quotes (position 14).",
            14,
            3,
        ),
        ("metrics.mae < 1e999", "1e999 is too large a number (position 14).", 14, 5),
        ("tags.n > 3", "tags.n is text; write '3' in quotes (position 9).", 9, 1),
        ("created_at > 3", "created_at is a time; write '3' in quotes (position 13).", 13, 1),
        (
            "created_at > 'soon'",
            "'soon' is not a time. Write it as '2026-03-14' or '2026-03-14T09:30:00Z' (position 13).",
            13,
            6,
        ),
        ("size like '1%'", "like compares text, and size is a number (position 0).", 0, 4),
        (
            "input.age = 'x'",
            "input.age is there or not, it has no value for =. Write input.age.type, or exists input.age (position 0).",
            0,
            9,
        ),
        ("order by input.age", "has no value for order by", 9, 9),
        (
            "package.x < 'three'",
            "package.x is a version, and 'three' is none that has an order: write one as '1.5' (position 12).",
            12,
            7,
        ),
        ("python > 3.1", "python is a version; write '3.1' in quotes (position 9).", 9, 3),
        (
            "tags.x.at(3) = 'y'",
            "There is no field tags.x.at(3) (position 0). Only a metric has steps: metrics.NAME.at(3).",
            0,
            12,
        ),
        (
            "metrics.x(3)",
            "There is no field metrics.x(3) (position 0). A step is written metrics.NAME.at(3).",
            0,
            12,
        ),
        (
            "metrics.x.at(99999999999999999999) > 1",
            "There is no field metrics.x.at(99999999999999999999) (position 0). Step 99999999999999999999 is too large.",
            0,
            34,
        ),
    ],
)
def test_what_is_said_where_it_is_none(text, message, position, length):
    with pytest.raises(QueryError) as caught:
        parse(text)
    assert message in caught.value.message
    assert (caught.value.detail["position"], caught.value.detail["length"]) == (position, length)
    assert f"(position {position})" in caught.value.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x" * 10_001, "10,001 characters; 10,000 are taken"),
        (" and ".join(["tags.a"] * 201), "more than 200 conditions"),
        ("(tags.a and (tags.b or " * 25 + "tags.c" + "))" * 25, "nested more than 40 deep"),
        ("order by " + ", ".join(["name"] * 9), "more than 8 keys"),
    ],
)
def test_limits(text, message):
    with pytest.raises(QueryError, match=message):
        parse(text)


def test_brackets_of_any_depth_do_not_overflow():
    assert parse("(" * 4_000 + "tags.a" + ")" * 4_000).where == parse("tags.a").where
    assert parse("not " * 2_000 + "tags.a").where == parse("tags.a").where


def test_a_rule_s_parts_have_their_own_positions():
    with pytest.raises(QueryError, match="An order does not belong here") as caught:
        parse_condition("tags.a order by name")
    assert caught.value.detail["position"] == 7
    with pytest.raises(QueryError, match=r"\(position 6\)") as caught:
        parse_order("name, bogus")
    assert caught.value.detail["position"] == 6


@pytest.mark.parametrize("text", ["name = ltv", "name = 'a' & size > 1", "nme = 'a'"])
def test_a_refusal_is_one_error_and_not_the_parsers_own_behind_it(text: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
