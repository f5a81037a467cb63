"""A module of a graph's features: what it holds, that it computes the same, what is refused."""

import datetime as dt
import decimal
import pathlib
import re
import sys

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

import jupyter_lifecycle as jl
from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.errors import FeatureDefinitionError
from jupyter_lifecycle.hashing import code_key, fingerprint
from jupyter_lifecycle.interop import from_hamilton
from jupyter_lifecycle.interop.export import module_source
from jupyter_lifecycle.interop.literals import written
from jupyter_lifecycle.interop.texts import annotated
from jupyter_lifecycle.notebook.session import Session

CELL = '''
import re
import numpy as np
import pandas as pd
from dataclasses import dataclass

KNOTS = 1.852
NAMES = {"a": 1, "b": [1, 2, float("nan")]}
PATTERN = re.compile(r"(\\d+)")
TABLE = np.array([1.0, 2.0])


@dataclass
class Scale:
    """A scale."""

    factor: float

    def apply(self, x):
        return x * self.factor


def _helper(x):
    return np.abs(x) * KNOTS


def gain(dep, arr):
    # why
    return _helper(dep - arr) + TABLE.sum()


def speed(gain, distance=Scale(3.0), *, k=2) -> pd.Series:
    """Speed."""
    return distance.apply(gain) * k + len(NAMES)


def digits(code: "pd.Series") -> pd.Series:
    return code.str.extract(PATTERN)[0]
'''
FRAME = pd.DataFrame({"dep": [1.0, 5.0], "arr": [4.0, 2.0], "code": ["a1", "b22"]})


def session_of(*cells):
    session = Session(cache=ColumnCache())
    for cell in cells:
        session.feature(cell)
    return session


def loaded(text, module):
    return module(text, "exported_ones")


def test_a_module_holds_what_features_need_and_computes_the_same(module):
    session = session_of(CELL)
    text = module_source(session.graph, doc="Mine.")
    assert text.startswith('"""Mine."""\n\nfrom dataclasses import dataclass\nimport re\n')
    assert "jupyter_lifecycle" not in text
    assert "def gain(dep: Any, arr: Any) -> Any:\n    # why\n" in text
    assert text.index("KNOTS = 1.852") < text.index("def _helper") < text.index("def gain")
    again = jl.FeatureGraph.from_modules(loaded(text, module))
    names = ["gain", "speed", "digits"]
    one = jl.compute(session.graph, names, inputs=FRAME)
    pd.testing.assert_frame_equal(one, jl.compute(again, names, inputs=FRAME))
    for name in ("gain", "digits"):
        key = code_key(session.graph.features[name].function).digest
        assert code_key(again.features[name].function).digest == key


def test_hamilton_loads_what_was_exported_and_gives_the_same_frame(module):
    pytest.importorskip("hamilton")
    from hamilton import base, driver

    session = session_of(CELL)
    exported = loaded(module_source(session.graph), module)
    adapter = base.SimplePythonGraphAdapter(base.PandasDataFrameResult())
    theirs = (
        driver.Builder()
        .with_modules(exported)
        .with_adapters(adapter)
        .build()
        .execute(["gain", "speed", "digits"], inputs=dict(FRAME.items()))
    )
    ours = jl.compute(session.graph, ["gain", "speed", "digits"], inputs=FRAME)
    pd.testing.assert_frame_equal(theirs, ours)


def test_a_module_written_for_hamilton_comes_out_as_it_went_in(module):
    pytest.importorskip("hamilton")
    text = (
        "import pandas as pd\nfrom hamilton.function_modifiers import parameterize, source, value\n\n"
        "FACTOR = 3\n\n\n"
        '@parameterize(a2={"a": source("a"), "by": value(2)}, b3={"a": source("b"), "by": value(3)})\n'
        "def times(a: pd.Series, by: int) -> pd.Series:\n    return a * by * FACTOR\n\n\n"
        "def total(a2: pd.Series, b3: pd.Series) -> float:\n    return float((a2 + b3).sum())\n"
    )
    graph = from_hamilton(module(text))
    out = module_source(graph, modifiers="hamilton")
    assert out.count("@parameterize") == 1
    again = from_hamilton(loaded(out, module))
    inputs = {"a": pd.Series([1, 2]), "b": pd.Series([3, 4])}
    assert jl.compute(again, ["total"], inputs=inputs) == jl.compute(
        graph, ["total"], inputs=inputs
    )


def test_what_the_cell_said_stands_above_the_function():
    session = Session(cache=ColumnCache())
    session.feature("def a(b):\n    return b", tags={"team": "x"}, cache="never")
    ours = module_source(session.graph)
    assert "from jupyter_lifecycle.graph import feature\n" in ours
    assert "@feature(tags={'team': 'x'}, cache=\"never\")\ndef a(b: Any) -> Any:" in ours
    pytest.importorskip("hamilton")
    theirs = module_source(session.graph, modifiers="hamilton")
    assert "@tag(**{'team': 'x'})\n@cache(behavior=\"recompute\")\ndef a(" in theirs
    assert "jupyter_lifecycle" not in theirs


def test_modifiers_come_from_whom_is_asked():
    cell = "from jupyter_lifecycle.graph import tag\n\n\n@tag(team='x')\ndef a(b: int) -> int:\n    return b\n"
    session = session_of(cell)
    assert "from jupyter_lifecycle.graph import tag\n" in module_source(session.graph)
    pytest.importorskip("hamilton")
    text = module_source(session.graph, modifiers="hamilton")
    assert "from hamilton.function_modifiers import tag\n" in text


def test_a_public_helper_gets_a_name_that_makes_no_feature_of_it(module):
    session = session_of("def a(b):\n    return scale(b) + scale(1)")
    exec("def scale(x):\n    return x * 2\n", session._host.namespace)
    with pytest.raises(
        FeatureDefinitionError, match=r"scale cannot be exported: its text is not known"
    ):
        module_source(session.graph)
    helpers = module(
        "def scale(x):\n    return x * 2\n\n\ndef a(b):\n    return scale(b) + scale(1)\n"
    )
    graph = jl.FeatureGraph.from_functions(helpers.a)
    text = module_source(graph)
    assert "def _scale(x):" in text
    assert "return _scale(b) + _scale(1)" in text
    again = jl.FeatureGraph.from_modules(loaded(text, module))
    assert list(again) == ["a"]
    assert jl.compute(again, ["a"], inputs={"b": 3}) == {"a": 8}


def test_other_modules_stay_imports(module):
    module("def scale(x):\n    return x * 2\n", "my_scales")
    mine = module(
        "import my_scales\nfrom my_scales import scale as s\n\n\ndef a(b):\n    return s(b) + my_scales.scale(b)\n"
    )
    text = module_source(jl.FeatureGraph.from_functions(mine.a))
    assert "import my_scales\nfrom my_scales import scale as s\n" in text


def test_a_constant_without_literal_is_looked_up_in_the_cells():
    session = session_of("def a(b):\n    return TABLE[b]")
    exec("import numpy as np\nTABLE = np.arange(4)\n", session._host.namespace)
    with pytest.raises(
        FeatureDefinitionError, match=r"a cannot be exported: it needs TABLE, a ndarray"
    ):
        module_source(session.graph)
    text = module_source(
        session.graph, cells=["%matplotlib x y", "import numpy as np\nTABLE = np.arange(4)"]
    )
    assert "import numpy as np\n\nTABLE = np.arange(4)\n" in text


def test_a_constant_that_was_changed_since_is_not_written_as_it_was():
    session = session_of("def a(b):\n    return TABLE[b]")
    exec("import numpy as np\nTABLE = np.arange(4)\nTABLE[0] = 9\n", session._host.namespace)
    with pytest.raises(
        FeatureDefinitionError, match=r"a cannot be exported: the module would compute .* TABLE"
    ):
        module_source(session.graph, cells=["import numpy as np\nTABLE = np.arange(4)"])


def test_a_constant_of_plain_values_is_written_as_it_is_now():
    session = session_of("LIMITS = [1, 2]\n\n\ndef a(b):\n    return LIMITS[b]")
    session._host.namespace["LIMITS"].append(3)
    assert "LIMITS = [1, 2, 3]\n" in module_source(session.graph)


def _closing(k):
    def closed(b):
        return b * k

    return closed


def test_what_cannot_be_written_is_refused(module):
    with pytest.raises(
        FeatureDefinitionError, match="closed cannot be exported: it holds k of the function"
    ):
        module_source(jl.FeatureGraph.from_functions(_closing(3)))
    one = module("K = 1\n\n\ndef a(x):\n    return x + K\n", "first_one")
    two = module("K = 2\n\n\ndef b(x):\n    return x + K\n", "second_one")
    with pytest.raises(FeatureDefinitionError, match="Two different things are called K"):
        module_source(jl.FeatureGraph.from_functions(one.a, two.b))
    one = module("import math as m\n\n\ndef a(x):\n    return m.sqrt(x)\n", "first_one")
    two = module("import cmath as m\n\n\ndef b(x):\n    return m.sqrt(x)\n", "second_one")
    with pytest.raises(FeatureDefinitionError, match="Two different things are called m"):
        module_source(jl.FeatureGraph.from_functions(one.a, two.b))
    itself = module("import sys\nme = sys.modules['__main__']\n\n\ndef a(x):\n    return me.x\n")
    with pytest.raises(
        FeatureDefinitionError, match="a cannot be exported: me is the notebook itself"
    ):
        module_source(jl.FeatureGraph.from_functions(itself.a))


def test_a_modifier_that_hamilton_lacks_is_refused(module):
    pytest.importorskip("hamilton")
    mine = module(
        "from jupyter_lifecycle.graph import make_feature\n\n\ndef a(x):\n    return make_feature(x)\n"
    )
    with pytest.raises(FeatureDefinitionError, match="make_feature is no modifier of Hamilton's"):
        module_source(jl.FeatureGraph.from_functions(mine.a), modifiers="hamilton")


def test_what_changes_another_function_goes_along(module):
    pytest.importorskip("hamilton")
    text = (
        "from hamilton.function_modifiers import mutate\n\n\n"
        "def a(x: int) -> int:\n    return x\n\n\n"
        "@mutate(a)\ndef _more(a: int) -> int:\n    return a + 1\n"
    )
    graph = from_hamilton(module(text))
    again = from_hamilton(loaded(module_source(graph, modifiers="hamilton"), module))
    assert jl.compute(again, ["a"], inputs={"x": 1}) == {"a": 2}


ITEMS = """
from hamilton.function_modifiers import config, pipe_output, step
from hamilton.htypes import Collect, Parallelizable

OFFSET = 3


def _moved(v: int) -> int:
    return v + OFFSET


def n(k: int) -> Parallelizable[int]:
    yield from range(k)


@pipe_output(step(_moved))
def s(n: int, q: int) -> int:
    return n * q


@config.when(mode="x")
def t__x(s: int) -> int:
    return s * 10


def a(t: Collect[int]) -> int:
    return sum(t)
"""


def test_what_is_computed_for_each_item_goes_along(module):
    pytest.importorskip("hamilton")
    settings, inputs = {"mode": "x"}, {"k": 3, "q": 2}
    graph = from_hamilton(module(ITEMS), config=settings)
    assert sorted(graph) == ["a", "n"]
    text = module_source(graph, modifiers="hamilton")
    again = from_hamilton(loaded(text, module), config=settings)
    assert jl.compute(graph, ["a"], inputs=inputs) == {"a": 150}
    assert jl.compute(again, ["a"], inputs=inputs) == {"a": 150}


def test_a_function_between_that_has_no_text_of_its_own_is_refused(module):
    pytest.importorskip("hamilton")
    made = ITEMS + (
        "\n\ndef _make():\n    def r(n: int) -> int:\n        return n\n\n    return r\n\n\n"
        "r = _make()\n\n\ndef b(r: Collect[int]) -> int:\n    return sum(r)\n"
    )
    graph = from_hamilton(module(made), config={"mode": "x"})
    with pytest.raises(FeatureDefinitionError, match="These features cannot be exported"):
        module_source(graph, modifiers="hamilton")


def test_what_no_module_of_the_features_makes_is_refused():
    import dataclasses

    graph = jl.FeatureGraph.from_functions(_plain)
    other = dataclasses.replace(graph.features["_plain"], name="other", definition=_plain)
    with pytest.raises(
        FeatureDefinitionError, match="other cannot be exported: a module of the same"
    ):
        module_source(jl.FeatureGraph().with_features(other)[0])


def test_a_text_that_is_no_longer_there_is_refused(module):
    import linecache

    mine = module("def a(x):\n    return x\n")
    name = mine.a.__code__.co_filename
    linecache.cache[name] = (9, None, ["x = 1\n", "y = 2\n"], name)
    with pytest.raises(
        FeatureDefinitionError, match="a cannot be exported: line 1 of its text is no def"
    ):
        module_source(jl.FeatureGraph.from_functions(mine.a))
    linecache.cache[name] = (9, None, ["def a(x):\n", "    return x + 1\n"], name)
    with pytest.raises(
        FeatureDefinitionError,
        match="a cannot be exported: the module would compute something else",
    ):
        module_source(jl.FeatureGraph.from_functions(mine.a))


def test_a_feature_without_a_function_is_refused():
    import dataclasses
    import functools

    made = jl.FeatureGraph.from_functions(_plain).features["_plain"]
    partial = dataclasses.replace(made, function=functools.partial(_plain, 1))
    graph = jl.FeatureGraph().with_features(partial)[0]
    with pytest.raises(FeatureDefinitionError, match="_plain cannot be exported: it is a partial"):
        module_source(graph)


def _plain(x):
    return x


plain_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.just(float("nan"))
    | st.text()
    | st.binary()
    | st.dates()
    | st.datetimes()
    | st.timedeltas()
    | st.decimals(allow_nan=False),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(plain_values)
def test_a_literal_gives_its_value_back(value):
    text, modules = written("X", value)
    namespace = {name: sys.modules[name] for name in modules}
    exec(text, namespace)
    assert fingerprint(namespace["X"]) == fingerprint(value)


@pytest.mark.parametrize(
    "value",
    [
        frozenset(),
        frozenset({1, "a"}),
        set(),
        {1, 2},
        (1,),
        (),
        ...,
        1 + 2j,
        re.compile("a+", re.IGNORECASE),
        pathlib.PurePosixPath("a/b"),
        dt.time(3, 4),
        decimal.Decimal("1.50"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_more_literals(value):
    text, modules = written("X", value)
    namespace = {name: sys.modules[name] for name in modules}
    exec(text, namespace)
    assert namespace["X"] == value
    assert type(namespace["X"]) is type(value)


@pytest.mark.parametrize(
    "value",
    [np.arange(3), object(), [object()], complex("nan"), dt.datetime(2022, 1, 1, tzinfo=dt.UTC)],
    ids=["array", "object", "within", "complex", "zone"],
)
def test_no_literal(value):
    assert written("X", value) is None


def test_a_list_that_holds_itself_has_no_literal():
    value = []
    value.append(value)
    assert written("X", value) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def a():\n    return {1: 2}\n", "def a() -> Any:\n    return {1: 2}\n"),
        ("def a(b=1, *, c = 2): return b\n", "def a(b: Any = 1, *, c: Any = 2) -> Any: return b\n"),
        (
            "@f(x=lambda: 1)\ndef a(\n    b,\n    c: int,  # d:\n):\n    return b\n",
            "@f(x=lambda: 1)\ndef a(\n    b: Any,\n    c: int,  # d:\n) -> Any:\n    return b\n",
        ),
        ("def é(ü): return ü\n", "def é(ü: Any) -> Any: return ü\n"),
        ("class A:\n    pass\n", "class A:\n    pass\n"),
    ],
)
def test_annotations_are_completed(text, expected):
    assert annotated(text) == expected
