"""The query language against a plain Python evaluator, on SQLite and on PostgreSQL.

Queries are drawn together with the function that says what they mean, so that the parser,
the compiler and the database are all on trial and the evaluator owes them nothing.
"""

import json
import operator
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packaging.version import InvalidVersion, Version
from sqlalchemy import make_url, text

from jupyter_lifecycle.errors import QueryError
from jupyter_lifecycle.registry import Rule
from jupyter_lifecycle.registry.artifacts import FolderArtifacts, put
from jupyter_lifecycle.registry.store import Store, planning
from jupyter_lifecycle.registry.store.database import Database
from jupyter_lifecycle.registry.store.postgres import postgres_engine

WORDS = [
    "x",
    "X",
    "é",
    "É",
    "e\u0301",
    "ß",
    "SS",
    "ss",
    "ǅ",
    "İ",
    "σ",
    "ς",
    "",
    " ",
    "%",
    "_",
    "\\",
    "a'b",
    'a"b',
    "10",
    "9",
    "𝕏",
    "\uffff",
    "line\nbreak",
]
KEYS = ["a", "b", "my key", "max", "tick`ed", "ключ", "and", "x.y"]
NUMBERS = [0.0, -0.0, 1.0, -1.5, 0.1, 1e308, -1e-300, 3.0, 1e15]
NAMES = ["ltv", "LTV", "straße", "churn.v2", "ltv-2"]
KINDS = ["integer", "number", "string"]
VERSIONS = ["1.26.4", "2.4.0", "1.5", "1.5.0", "1.10", "2.0rc1", "0.9.dev3", "2.4.0+cpu", "trunk"]
PACKAGES = {"numpy": VERSIONS, "scikit-learn": ["1.5", "1.5.0", "1.10"]}
PYTHONS = ["3.11.9", "3.12.0rc1", "3.9.1", None]
FEATURES = {"gust": ["aa11", "bb22"], "my feature": ["cc33", ""]}
STATES = ["serving", "failed", "replaced"]
STEPS = [1, 2, -3]


class Saved:
    """What the evaluator knows of an envelope: exactly what was put in."""

    def __init__(self, index):
        pick = lambda values, step: values[(index * step + index // 3) % len(values)]  # noqa: E731
        self.name = pick(NAMES, 1)
        self.author = pick(WORDS, 5).strip() or "nobody"
        self.python = pick(PYTHONS, 1)
        self.tags = {key: pick(WORDS, n + 1) for n, key in enumerate(KEYS) if (index + n) % 3}
        self.points = {
            key: [pick(NUMBERS, n + 1 + k) for k in range(1 + (index + n) % 3)]
            for n, key in enumerate(KEYS)
            if (index + n) % 4
        }
        self.inputs = {key: pick(KINDS, n + 1) for n, key in enumerate(KEYS) if (index + n) % 5}
        self.outputs = (
            {"value": pick(KINDS, 2)} if index % 2 else {"p": "number", "q": pick(KINDS, 1)}
        )
        self.packages = {
            key: pick(versions, 1) for key, versions in PACKAGES.items() if (index + len(key)) % 3
        }
        self.features = {
            key: pick(codes, 1) for key, codes in FEATURES.items() if (index + len(key)) % 4
        }
        self.by_step = [(step, pick(NUMBERS, step + 7)) for step in STEPS if (index + step) % 3]
        self.by_step += [(1, 7.5)] if index % 5 == 0 else []
        self.attempts = [pick(STATES, n + 1) for n in range(index % 3)]
        self.seq, self.id, self.created_at, self.size = index, "", None, 0

    def manifest(self, digest, size):
        fields = lambda found: [{"name": key, "type": kind} for key, kind in found.items()]  # noqa: E731
        return json.dumps(
            {
                "name": self.name,
                "schema": {"inputs": fields(self.inputs), "outputs": fields(self.outputs)},
                "environment": {
                    **({"python": self.python} if self.python else {}),
                    "packages": [{"name": key, "version": v} for key, v in self.packages.items()],
                },
                "files": {"model": {"sha256": digest, "size": size}},
                "lineage": {"features": {"keys": self.features}},
                "salt": self.seq,
            }
        ).encode()


def fill(store):
    import hashlib

    saved = []
    store.set_rule(Rule("eta", "tags.`never set`"))
    for index in range(48):
        one = Saved(index)
        data = b"x" * (index % 7 + 1)
        digest = hashlib.sha256(data).hexdigest()
        put(store.artifacts, digest, [data])
        record, _ = store.add(one.manifest(digest, len(data)), one.tags, {}, one.author)
        for key, values in one.points.items():
            for value in values:
                record = store.log_metrics(record.id, {key: value}, None)
        for step, value in one.by_step:
            record = store.log_metrics(record.id, {"stepped": value}, step)
        for number, state in enumerate(one.attempts):
            store.start_deployment("eta", record.id, 1, f"{index:04d}{number:012d}")
            store.update_deployment(f"{index:04d}{number:012d}", {"state": state})
        one.id, one.created_at, one.size = record.id, record.created_at, record.size
        saved.append(one)
    return saved


@pytest.fixture(
    scope="module", params=["sqlite-sets", "sqlite-walks", "postgresql-sets", "postgresql-walks"]
)
def world(request, tmp_path_factory):
    """A store on each database, once where all parts of a query leave few and once where none do."""
    folder = tmp_path_factory.mktemp("query")
    kind, _, plan = request.param.partition("-")
    if kind == "sqlite":
        url = f"sqlite:///{folder / 'registry.db'}"
    else:
        cluster = request.getfixturevalue("postgres")
        admin = postgres_engine(make_url(f"postgresql+pg8000://postgres@/postgres?host={cluster}"))
        with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"CREATE DATABASE query_{plan}"))
        admin.dispose()
        url = f"postgresql://postgres@/query_{plan}?host={cluster}"
    store = Store(Database(url), FolderArtifacts(folder / "artifacts"), author="ana")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "FEW", 1_000 if plan == "sets" else 3)
        yield store, fill(store)
    store.close()


# -- queries with their meaning


def quoted(text):
    return st.sampled_from(["'", '"']).map(lambda q: q + text.replace(q, q * 2) + q)


def path(family, key, *rest):
    plain = re.fullmatch(r"[\w-]+", key) is not None
    head = family + "." + (key if plain else "`" + key.replace("`", "``") + "`")
    return ".".join([head, *rest])


def latest(one, key):
    return one.points[key][-1] if key in one.points else None


def aggregate(one, key, how):
    return how(one.points[key]) if key in one.points else None


def output_type(one):
    kinds = set(one.outputs.values())
    return kinds.pop() if len(kinds) == 1 else "object"


def text_fields():
    """A path, how it is read, and values that it has somewhere."""
    columns = st.sampled_from([("name", NAMES), ("author", WORDS), ("id", ["00"])]).map(
        lambda c: (c[0], lambda one: getattr(one, c[0]), c[1])
    )
    tags = st.sampled_from(KEYS).map(
        lambda k: (path("tags", k), lambda one: one.tags.get(k), WORDS)
    )
    inputs = st.sampled_from(KEYS).map(
        lambda k: (path("input", k, "type"), lambda one: one.inputs.get(k), KINDS)
    )
    outputs = st.sampled_from(
        [
            ("output.type", output_type, [*KINDS, "object"]),
            ("output.value.type", lambda one: one.outputs.get("value"), KINDS),
            ("output.q.type", lambda one: one.outputs.get("q"), KINDS),
        ]
    )
    features = st.sampled_from(sorted(FEATURES)).map(
        lambda k: (path("feature", k), lambda one: one.features.get(k), [*FEATURES[k], "zz"])
    )
    attempts = st.just(
        ("deployment.eta", lambda one: one.attempts[-1] if one.attempts else None, STATES)
    )
    return st.one_of(columns, tags, tags, inputs, outputs, features, attempts)


def number_fields():
    def metric(key):
        return st.sampled_from(
            [
                (path("metrics", key), lambda one: latest(one, key)),
                (path("metrics", key, "max"), lambda one: aggregate(one, key, max)),
                (path("metrics", key, "min"), lambda one: aggregate(one, key, min)),
                (path("metrics", key, "first"), lambda one: aggregate(one, key, lambda v: v[0])),
            ]
        )

    def stepped(step):
        return f"metrics.stepped.at({step})", lambda one: dict(one.by_step).get(step)

    return st.one_of(
        st.sampled_from(KEYS).flatmap(metric),
        st.sampled_from([*STEPS, 99]).map(stepped),
        st.just(("size", lambda one: one.size)),
    )


OPERATORS = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def holds(read, test):
    def meaning(one):
        value = read(one)
        return value is not None and test(value)

    return meaning


def negated(meaning):
    return lambda one: not meaning(one)


@st.composite
def comparisons(draw):
    sign = draw(st.sampled_from([*OPERATORS, "!=", "<>"]))
    kind = draw(st.sampled_from(["text", "number", "time"]))
    if kind == "text":
        name, read, values = draw(text_fields())
        value = draw(st.sampled_from(values))
        literal = draw(quoted(value))
    elif kind == "number":
        name, read = draw(number_fields())
        value = draw(st.sampled_from([*NUMBERS, 2, 5, -7]))
        literal = repr(value)
    else:
        name, read = "created_at", lambda one: one.created_at
        value = datetime.now(UTC) + timedelta(seconds=draw(st.sampled_from([-86400, -1, 0, 86400])))
        literal = f"'{value.isoformat()}'"
    if sign in {"!=", "<>"}:
        return f"{name} {sign} {literal}", negated(holds(read, lambda v: v == value))
    return f"{name}{sign}{literal}", holds(read, lambda v: OPERATORS[sign](v, value))


@st.composite
def memberships(draw):
    if draw(st.booleans()):
        name, read, values = draw(text_fields())
        values = draw(st.lists(st.sampled_from(values), min_size=1, max_size=4))
        literals = [draw(quoted(value)) for value in values]
    else:
        name, read = draw(number_fields())
        values = draw(st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=4))
        literals = [repr(value) for value in values]
    word = draw(st.sampled_from(["in", "not in", "NOT IN", "In"]))
    meaning = holds(read, lambda v: v in values)
    text = f"{name} {word} ({', '.join(literals)})"
    return text, negated(meaning) if "not" in word.lower() else meaning


def like(pattern):
    parts, quoted_ = [], False
    for character in pattern:
        if quoted_:
            parts.append(re.escape(character if character in "\\%_" else "\\" + character))
            quoted_ = False
        elif character == "\\":
            quoted_ = True
        else:
            parts.append({"%": ".*", "_": "."}.get(character, re.escape(character)))
    return re.compile("".join(parts) + (re.escape("\\") if quoted_ else ""), re.DOTALL)


@st.composite
def likenesses(draw):
    name, read, values = draw(text_fields())
    pieces = st.sampled_from(["%", "_", "\\", "\\%", "\\_", "x", "S", "s", "é", "σ", "t", "1", "."])
    if draw(st.booleans()):
        pattern = "".join(draw(st.lists(pieces, max_size=5)))
    else:  # something that is there, in another case, with holes
        value = draw(st.sampled_from(values))
        cased = draw(st.sampled_from([value, value.upper(), value.lower(), value.title()]))
        holes = draw(st.lists(st.sampled_from(["", "", "%", "_"]), min_size=9, max_size=9))
        pattern = "".join(hole or letter for hole, letter in zip(holes * 3, cased, strict=False))
    word = draw(st.sampled_from(["like", "ilike", "not like", "not ilike"]))
    if "ilike" in word:
        found = like(pattern.casefold())
        meaning = holds(read, lambda v: found.fullmatch(v.casefold()) is not None)
    else:
        found = like(pattern)
        meaning = holds(read, lambda v: found.fullmatch(v) is not None)
    return f"{name} {word} {draw(quoted(pattern))}", negated(meaning) if "not" in word else meaning


@st.composite
def presences(draw):
    package = st.sampled_from(
        [
            ("package.numpy", lambda one: one.packages.get("numpy")),
            ("package.Scikit_Learn", lambda one: one.packages.get("scikit-learn")),
            ("input.a", lambda one: one.inputs.get("a")),
            ("output.q", lambda one: one.outputs.get("q")),
        ]
    )
    name, read, *_ = draw(st.one_of(text_fields(), number_fields(), package))
    meaning = holds(read, lambda _: True)
    text, is_negated = draw(
        st.sampled_from(
            [
                (f"{name}", False),
                (f"exists {name}", False),
                (f"{name} is not null", False),
                (f"{name} is null", True),
                (f"not exists {name}", True),
            ]
        )
    )
    return text, negated(meaning) if is_negated else meaning


def rank(version):
    """The order of versions: what PEP 440 does not know comes first, by its text."""
    try:
        return 1, Version(version)
    except InvalidVersion:
        return 0, version


def version_fields():
    """A path, how its rank is read, how its text is."""

    def field(name, text):
        return name, lambda one: None if text(one) is None else rank(text(one)), text

    return st.sampled_from(
        [
            field("package.numpy", lambda one: one.packages.get("numpy")),
            field("package.Scikit-learn", lambda one: one.packages.get("scikit-learn")),
            field("python", lambda one: one.python),
        ]
    )


@st.composite
def versions(draw):
    name, read, text = draw(version_fields())
    value = draw(st.sampled_from([*VERSIONS, "3.11.9", "3.12"]))
    sign = draw(st.sampled_from([*OPERATORS, "!=", "in", "like"]))
    if sign == "like":
        return f"{name} like '%.1%'", holds(text, lambda v: ".1" in v)
    if sign == "in":
        return f"{name} in ('9', '{value}')", holds(read, lambda v: v == rank(value))
    if sign == "!=":
        return f"{name} != '{value}'", negated(holds(read, lambda v: v == rank(value)))
    if value == "trunk":
        sign = "="
    return f"{name} {sign} '{value}'", holds(read, lambda v: OPERATORS[sign](v, rank(value)))


def joined(children):
    def both(pair):
        (left, means_left), (right, means_right) = pair
        return f"({left}) and {right}", lambda one: means_left(one) and means_right(one)

    def either(pair):
        (left, means_left), (right, means_right) = pair
        return f"({left} or {right})", lambda one: means_left(one) or means_right(one)

    def inverse(child):
        text, meaning = child
        return f"not ({text})", negated(meaning)

    pairs = st.tuples(children, children)
    return st.one_of(pairs.map(both), pairs.map(either), children.map(inverse))


ATOMS = st.one_of(comparisons(), memberships(), likenesses(), presences(), versions())
CONDITIONS = st.recursive(ATOMS, joined, max_leaves=8)


@st.composite
def orders(draw):
    keys = draw(
        st.lists(
            st.tuples(
                st.one_of(
                    text_fields(),
                    number_fields(),
                    version_fields(),
                    st.just(("created_at", lambda o: o.created_at)),
                ),
                st.sampled_from(["", " asc", " desc", " DESC"]),
            ),
            max_size=3,
        )
    )

    def arrange(saved):
        arranged = sorted(saved, key=lambda one: -one.seq)
        for (_, read, *_), direction in reversed(keys):
            there = [one for one in arranged if read(one) is not None]
            # Reversed or not, Python keeps equal ones in the order in which they were.
            there.sort(key=read, reverse="desc" in direction.lower())
            arranged = there + [one for one in arranged if read(one) is None]
        return arranged

    text = "order by " + ", ".join(f"{name}{direction}" for (name, *_), direction in keys)
    return (text if keys else ""), arrange


RELAXED = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@RELAXED
@given(test=st.one_of(likenesses(), likenesses(), comparisons(), memberships()))
def test_one_test_means_what_python_says(world, test):
    store, saved = world
    text, meaning = test
    assert [one.id for one in store.search(text, 100, None)] == [
        one.id for one in reversed(saved) if meaning(one)
    ]


@RELAXED
@given(condition=CONDITIONS)
def test_a_condition_means_what_python_says(world, condition):
    store, saved = world
    text, meaning = condition
    expected = [one.id for one in reversed(saved) if meaning(one)]
    assert [one.id for one in store.search(text, 100, None)] == expected
    assert store.count(text) == len(expected)


@RELAXED
@given(
    condition=st.one_of(st.just(("", lambda _: True)), ATOMS),
    order=orders(),
    limit=st.integers(1, 50),
    skip=st.integers(0, 60),
)
def test_pages_joined_are_the_whole_in_order(world, condition, order, limit, skip):
    store, saved = world
    text, meaning = condition
    by, arrange = order
    expected = [one.id for one in arrange([one for one in saved if meaning(one)])]
    seen, cursor = [], None
    while True:
        page = store.search(f"{text} {by}", limit, cursor)
        seen += [one.id for one in page]
        cursor = page.cursor
        if cursor is None:
            break
    assert seen == expected
    first = store.search(f"{text} {by}", limit, None)
    jumped = store.search(f"{text} {by}", limit, None, skip)
    assert [one.id for one in jumped] == expected[skip : skip + limit]
    if first.cursor is not None:
        jumped = store.search(f"{text} {by}", limit, first.cursor, skip)
        assert [one.id for one in jumped] == expected[limit + skip : 2 * limit + skip]


@RELAXED
@given(
    text=st.one_of(
        st.text(max_size=60),
        st.lists(
            st.sampled_from(
                [
                    "name",
                    "tags.x",
                    "metrics.",
                    "`",
                    "'",
                    '"',
                    "=",
                    "!=",
                    "<",
                    "and",
                    "or",
                    "not",
                    "in",
                    "(",
                    ")",
                    ",",
                    "is",
                    "null",
                    "like",
                    "order by",
                    "desc",
                    "1",
                    "'a'",
                    "1e999",
                    "\0",
                    "\ud800",
                    " ",
                    "exists",
                    "input.a",
                    "package.x",
                    "metrics.x.at(1)",
                    "deployment.x",
                    "feature.x",
                ]
            ),
            max_size=12,
        ).map(" ".join),
    )
)
def test_any_text_is_answered_or_refused_with_its_place(world, text):
    store, _ = world
    try:
        store.search(text, 1, None)
        problem = None
    except QueryError as error:
        problem = error
    if problem is not None:
        position, length = problem.detail["position"], problem.detail["length"]
        assert 0 <= position <= position + length <= len(text)
        assert f"(position {position})" in problem.message
