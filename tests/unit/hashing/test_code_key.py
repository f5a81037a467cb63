"""Edits that change what a function gives change its key; others don't. Each runs as a cell would."""

from __future__ import annotations

import importlib
import itertools
import linecache
import sys
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from jupyter_lifecycle.errors import FingerprintError
from jupyter_lifecycle.hashing import CodeKey, code_key, fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_cells = itertools.count()


def cell(source: str, space: dict[str, Any] | None = None) -> dict[str, Any]:
    """Run a cell in a notebook's namespace, with its source where a notebook puts it."""
    space = {"__name__": "__main__"} if space is None else space
    text = dedent(source)
    name = f"<cell {next(_cells)}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    exec(compile(text, name, "exec"), space)
    return space


def key(source: str) -> bytes:
    return code_key(cell(source)["feature"]).digest


CHANGES: dict[str, tuple[str, str]] = {
    "an operator": ("def feature(x): return x + 1", "def feature(x): return x - 1"),
    "a number": ("def feature(x): return x + 1", "def feature(x): return x + 2"),
    "a number's type": ("def feature(x): return x + 1", "def feature(x): return x + 1.0"),
    "a truth for a number": ("def feature(x): return x, 1", "def feature(x): return x, True"),
    "the sign of zero": ("def feature(x): return x, 0.0", "def feature(x): return x, -0.0"),
    "a text": ("def feature(x): return x + 'ab'", "def feature(x): return x + 'ba'"),
    "texts that concatenate alike": (
        "def feature(x): return x.get('ab', 'c')", "def feature(x): return x.get('a', 'bc')"),
    "a tuple of constants": (
        "def feature(x): return x in ('ab', 'c')", "def feature(x): return x in ('a', 'bc')"),
    "a set of constants": (
        "def feature(x): return x in {1, 2}", "def feature(x): return x in {1, 3}"),
    "an attribute": ("def feature(x): return x.mean()", "def feature(x): return x.sum()"),
    "a keyword": ("def feature(x): return f(x, a=1)", "def feature(x): return f(x, b=1)"),
    "a builtin": ("def feature(x): return min(x)", "def feature(x): return max(x)"),
    "the order of parameters": (
        "def feature(x, y): return x - y", "def feature(y, x): return x - y"),
    "a default": ("def feature(x, n=1): return x + n", "def feature(x, n=2): return x + n"),
    "a keyword's default": (
        "def feature(x, *, n=1): return x + n", "def feature(x, *, n=2): return x + n"),
    "an f-string": ("def feature(x): return f'{x:.1f}'", "def feature(x): return f'{x:.2f}'"),
    "a slice": ("def feature(x): return x[1:]", "def feature(x): return x[:1]"),
    "a nested function": (
        "def feature(x):\n  def g(y): return y + 1\n  return g(x)",
        "def feature(x):\n  def g(y): return y + 2\n  return g(x)"),
    "a comprehension": (
        "def feature(x): return [y + 1 for y in x]", "def feature(x): return [y + 2 for y in x]"),
    "a lambda": ("feature = lambda x: x + 1", "feature = lambda x: x + 2"),
    "a lambda in a comprehension": (
        "def feature(x): return [(lambda y: y + 1)(v) for v in x]",
        "def feature(x): return [(lambda y: y + 2)(v) for v in x]"),
    "an exception that is caught": (
        "def feature(x):\n  try: return 1 / x\n  except ZeroDivisionError: return 0",
        "def feature(x):\n  try: return 1 / x\n  except TypeError: return 0"),
    "where a try begins": (
        "def feature(x):\n  y = g(x)\n  try:\n    return y\n  except E: pass",
        "def feature(x):\n  try:\n    y = g(x)\n    return y\n  except E: pass"),
    "a global": ("N = 1\ndef feature(x): return x + N", "N = 2\ndef feature(x): return x + N"),
    "a global's type": ("N = 1\ndef feature(x): return x, N", "N = True\ndef feature(x): return x, N"),
    "a list": ("N = [1]\ndef feature(x): return N", "N = [2]\ndef feature(x): return N"),
    "a list for a tuple": ("N = [1]\ndef feature(x): return N", "N = (1,)\ndef feature(x): return N"),
    "a dict's order": (
        "N = {'a': 1, 'b': 2}\ndef feature(x): return x[list(N)]",
        "N = {'b': 2, 'a': 1}\ndef feature(x): return x[list(N)]"),
    "a name that appears": (
        "def feature(x): return max(x)", "def max(x): return 0\ndef feature(x): return max(x)"),
    "a helper": (
        "def h(x): return x + 1\ndef feature(x): return h(x)",
        "def h(x): return x + 2\ndef feature(x): return h(x)"),
    "a helper's helper": (
        "def g(x): return x + 1\ndef h(x): return g(x)\ndef feature(x): return h(x)",
        "def g(x): return x + 2\ndef h(x): return g(x)\ndef feature(x): return h(x)"),
    "a helper's global": (
        "N = 1\ndef h(x): return x + N\ndef feature(x): return h(x)",
        "N = 2\ndef h(x): return x + N\ndef feature(x): return h(x)"),
    "a helper's default": (
        "def h(x, n=1): return x + n\ndef feature(x): return h(x)",
        "def h(x, n=2): return x + n\ndef feature(x): return h(x)"),
    "a helper within a helper that calls back": (
        "def a(n): return b(n - 1) if n else 1\ndef b(n): return a(n)\ndef feature(x): return a(x)",
        "def a(n): return b(n - 1) if n else 2\ndef b(n): return a(n)\ndef feature(x): return a(x)"),
    "helpers that change places": (
        "def a(x): return x + 1\ndef b(x): return x + 2\ndef feature(x): return a(x), b(x)",
        "def b(x): return x + 1\ndef a(x): return x + 2\ndef feature(x): return a(x), b(x)"),
    "a function in a list": (
        "S = [lambda x: x + 1]\ndef feature(x): return S[0](x)",
        "S = [lambda x: x + 2]\ndef feature(x): return S[0](x)"),
    "a function in a dict, behind a helper": (
        "def h(x): return x + 1\nS = {'a': h}\ndef feature(x): return S['a'](x)",
        "def h(x): return x + 2\nS = {'a': h}\ndef feature(x): return S['a'](x)"),
    "a helper that is passed on": (
        "def h(x): return x + 1\ndef feature(x): return x.map(h)",
        "def h(x): return x + 2\ndef feature(x): return x.map(h)"),
    "a closure": (
        "def make(n):\n  def feature(x): return x + n\n  return feature\nfeature = make(1)",
        "def make(n):\n  def feature(x): return x + n\n  return feature\nfeature = make(2)"),
    "a closure's helper": (
        "def make(f):\n  def feature(x): return f(x)\n  return feature\nfeature = make(lambda x: x + 1)",
        "def make(f):\n  def feature(x): return f(x)\n  return feature\nfeature = make(lambda x: x + 2)"),
    "a decorator's body": (
        "def d(f):\n  def w(x): return f(x) + 1\n  return w\n@d\ndef feature(x): return x",
        "def d(f):\n  def w(x): return f(x) + 2\n  return w\n@d\ndef feature(x): return x"),
    "what is decorated": (
        "def d(f):\n  def w(x): return f(x) + 1\n  return w\n@d\ndef feature(x): return x",
        "def d(f):\n  def w(x): return f(x) + 1\n  return w\n@d\ndef feature(x): return -x"),
    "a decorator's argument": (
        "def d(n):\n  def e(f):\n    def w(x): return f(x) * n\n    return w\n  return e\n@d(1)\ndef feature(x): return x",
        "def d(n):\n  def e(f):\n    def w(x): return f(x) * n\n    return w\n  return e\n@d(2)\ndef feature(x): return x"),
    "under functools.wraps": (
        "from functools import wraps\ndef d(f):\n  @wraps(f)\n  def w(x): return f(x) + 1\n  return w\n@d\ndef feature(x): return x",
        "from functools import wraps\ndef d(f):\n  @wraps(f)\n  def w(x): return f(x) + 2\n  return w\n@d\ndef feature(x): return x"),
    "under lru_cache": (
        "from functools import lru_cache\n@lru_cache\ndef h(x): return x + 1\ndef feature(x): return h(x)",
        "from functools import lru_cache\n@lru_cache\ndef h(x): return x + 2\ndef feature(x): return h(x)"),
    "under contextmanager": (
        "from contextlib import contextmanager\n@contextmanager\ndef h(): yield 1\ndef feature(x):\n  with h() as n: return x + n",
        "from contextlib import contextmanager\n@contextmanager\ndef h(): yield 2\ndef feature(x):\n  with h() as n: return x + n"),
    "under singledispatch": (
        "from functools import singledispatch\n@singledispatch\ndef h(x): return 1\n@h.register\ndef _(x: int): return 1\ndef feature(x): return h(x)",
        "from functools import singledispatch\n@singledispatch\ndef h(x): return 1\n@h.register\ndef _(x: int): return 2\ndef feature(x): return h(x)"),
    "a vectorised function": (
        "import numpy as np\n@np.vectorize\ndef h(x): return x + 1\ndef feature(x): return h(x)",
        "import numpy as np\n@np.vectorize\ndef h(x): return x + 2\ndef feature(x): return h(x)"),
    "a partial's argument": (
        "from functools import partial\nh = partial(max, 1)\ndef feature(x): return h(x)",
        "from functools import partial\nh = partial(max, 2)\ndef feature(x): return h(x)"),
    "a partial's keyword": (
        "from functools import partial\nh = partial(sorted, reverse=True)\ndef feature(x): return h(x)",
        "from functools import partial\nh = partial(sorted, reverse=False)\ndef feature(x): return h(x)"),
    "a partial's function": (
        "from functools import partial\ndef g(a, x): return a + x\nh = partial(g, 1)\ndef feature(x): return h(x)",
        "from functools import partial\ndef g(a, x): return a - x\nh = partial(g, 1)\ndef feature(x): return h(x)"),
    "a class's method": (
        "class C:\n  def f(self, x): return x + 1\ndef feature(x): return C().f(x)",
        "class C:\n  def f(self, x): return x + 2\ndef feature(x): return C().f(x)"),
    "a base class's method": (
        "class B:\n  def f(self, x): return x + 1\nclass C(B): pass\ndef feature(x): return C().f(x)",
        "class B:\n  def f(self, x): return x + 2\nclass C(B): pass\ndef feature(x): return C().f(x)"),
    "a method behind super": (
        "class B:\n  def f(self, x): return x + 1\nclass C(B):\n  def f(self, x): return super().f(x)\ndef feature(x): return C().f(x)",
        "class B:\n  def f(self, x): return x + 2\nclass C(B):\n  def f(self, x): return super().f(x)\ndef feature(x): return C().f(x)"),
    "a class's attribute": (
        "class C:\n  n = [1]\ndef feature(x): return C.n", "class C:\n  n = [2]\ndef feature(x): return C.n"),
    "a class's property": (
        "class C:\n  @property\n  def n(self): return 1\ndef feature(x): return C().n",
        "class C:\n  @property\n  def n(self): return 2\ndef feature(x): return C().n"),
    "a class's static method": (
        "class C:\n  @staticmethod\n  def f(x): return x + 1\ndef feature(x): return C.f(x)",
        "class C:\n  @staticmethod\n  def f(x): return x + 2\ndef feature(x): return C.f(x)"),
    "a class method": (
        "class C:\n  @classmethod\n  def f(cls, x): return x + 1\ndef feature(x): return C.f(x)",
        "class C:\n  @classmethod\n  def f(cls, x): return x + 2\ndef feature(x): return C.f(x)"),
    "an inner class": (
        "class C:\n  class D:\n    n = 1\ndef feature(x): return C.D.n",
        "class C:\n  class D:\n    n = 2\ndef feature(x): return C.D.n"),
    "a metaclass": (
        "class M(type):\n  def f(cls): return 1\nclass C(metaclass=M): pass\ndef feature(x): return C.f()",
        "class M(type):\n  def f(cls): return 2\nclass C(metaclass=M): pass\ndef feature(x): return C.f()"),
    "a helper of a method": (
        "def h(x): return x + 1\nclass C:\n  def f(self, x): return h(x)\ndef feature(x): return C().f(x)",
        "def h(x): return x + 2\nclass C:\n  def f(self, x): return h(x)\ndef feature(x): return C().f(x)"),
    "an instance's class": (
        "class C:\n  def f(self, x): return x + 1\nc = C()\ndef feature(x): return c.f(x)",
        "class C:\n  def f(self, x): return x + 2\nc = C()\ndef feature(x): return c.f(x)"),
    "an instance's state": (
        "class C:\n  def __init__(self, n): self.n = n\nc = C(1)\ndef feature(x): return c.n",
        "class C:\n  def __init__(self, n): self.n = n\nc = C(2)\ndef feature(x): return c.n"),
    "a bound method's instance": (
        "class C:\n  def __init__(self, n): self.n = n\n  def f(self, x): return x + self.n\nf = C(1).f\ndef feature(x): return f(x)",
        "class C:\n  def __init__(self, n): self.n = n\n  def f(self, x): return x + self.n\nf = C(2).f\ndef feature(x): return f(x)"),
    "a callable object": (
        "class C:\n  def __call__(self, x): return x + 1\nc = C()\ndef feature(x): return c(x)",
        "class C:\n  def __call__(self, x): return x + 2\nc = C()\ndef feature(x): return c(x)"),
    "a dataclass's default": (
        "from dataclasses import dataclass\n@dataclass\nclass C:\n  n: int = 1\ndef feature(x): return C().n",
        "from dataclasses import dataclass\n@dataclass\nclass C:\n  n: int = 2\ndef feature(x): return C().n"),
    "a dataclass's factory": (
        "from dataclasses import dataclass, field\n@dataclass\nclass C:\n  n: list = field(default_factory=lambda: [1])\ndef feature(x): return C().n",
        "from dataclasses import dataclass, field\n@dataclass\nclass C:\n  n: list = field(default_factory=lambda: [2])\ndef feature(x): return C().n"),
    "an enum's value": (
        "from enum import Enum\nclass C(Enum):\n  A = 1\ndef feature(x): return C.A.value",
        "from enum import Enum\nclass C(Enum):\n  A = 2\ndef feature(x): return C.A.value"),
    "a named tuple's default": (
        "from typing import NamedTuple\nclass C(NamedTuple):\n  n: int = 1\ndef feature(x): return C().n",
        "from typing import NamedTuple\nclass C(NamedTuple):\n  n: int = 2\ndef feature(x): return C().n"),
    "a frame": (
        "import pandas as pd\nT = pd.DataFrame({'a': [1]})\ndef feature(x): return x.map(T.a)",
        "import pandas as pd\nT = pd.DataFrame({'b': [1]})\ndef feature(x): return x.map(T.a)"),
    "a name in a query's text": (
        "N = 1\ndef feature(x): return x.query('a > @N')", "N = 2\ndef feature(x): return x.query('a > @N')"),
    "an import in the function": (
        "def feature(x):\n  from math import sin as f\n  return f(x)",
        "def feature(x):\n  from math import cos as f\n  return f(x)"),
    "a module under the same name": (
        "import math as m\ndef feature(x): return m.sqrt(x)",
        "import cmath as m\ndef feature(x): return m.sqrt(x)"),
    "a library's function under the same name": (
        "from math import sin as f\ndef feature(x): return f(x)",
        "from math import cos as f\ndef feature(x): return f(x)"),
    "a docstring that is read": (
        "def h():\n  'one'\ndef feature(x): return h.__doc__", "def h():\n  'two'\ndef feature(x): return h.__doc__"),
    "a name that is read": (
        "def one(): pass\nH = [one]\ndef feature(x): return H[0].__name__",
        "def two(): pass\nH = [two]\ndef feature(x): return H[0].__name__"),
    "an annotation that is read": (
        "from typing import get_type_hints\ndef h(a: int): pass\ndef feature(x): return get_type_hints(h)",
        "from typing import get_type_hints\ndef h(a: str): pass\ndef feature(x): return get_type_hints(h)"),
    "a function's attribute": (
        "def h(x): return h.n\nh.n = 1\ndef feature(x): return h(x)",
        "def h(x): return h.n\nh.n = 2\ndef feature(x): return h(x)"),
    "an async helper": (
        "async def h(x): return x\ndef feature(x): return h(x)", "def h(x): return x\ndef feature(x): return h(x)"),
    "a generator for a list": (
        "def feature(x): return (y for y in x)", "def feature(x): return [y for y in x]"),
    "an argument for a closure": (
        "def make(n):\n  def feature(x): return n\n  return feature\nfeature = make(1)",
        "def make(n):\n  def feature(x): return x\n  return feature\nfeature = make(1)"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_an_edit_that_counts_changes_the_key(name: str) -> None:
    before, after = CHANGES[name]
    assert key(before) == key(before)
    assert key(before) != key(after)


SAME: dict[str, tuple[str, str]] = {
    "comments": ("def feature(x): return x + 1", "# c\ndef feature(x):\n  # d\n  return x + 1  # e"),
    "layout": (
        "def feature(x): return x.clip(0,1).fillna( 0 )",
        "def feature(\n    x,\n):\n    return (\n        x\n        .clip(0, 1)\n        .fillna(0)\n    )"),
    "layout of a condition": (
        "def feature(x):\n  return (x > 1) & (x < 2) | x.isna()",
        "def feature(x):\n  return (\n    (x > 1)\n    & (x < 2)\n    | x.isna()\n  )"),
    "layout of a mixed condition": (
        "def feature(x):\n  if (x.a and x.b) or x.c: return 1\n  return 2",
        "def feature(x):\n  if (\n    (\n      x.a\n      and x.b\n    )\n    or x.c\n  ): return 1\n  return 2"),
    "layout of a mixed value": (
        "def feature(x): return bool(((x.a and x.b) or x.c) and x.d)",
        "def feature(x):\n  return bool((\n    (x.a and\n     x.b)\n    or x.c)\n    and\n x.d)"),
    "how a text is quoted": ("def feature(x): return x + 'ab'", 'def feature(x): return x + "a" "b"'),
    "how a number is written": ("def feature(x): return x + 1000", "def feature(x): return x + 1_000"),
    "a docstring": ("def feature(x): return x + 1", "def feature(x):\n  'Doc.'\n  return x + 1"),
    "another docstring": (
        "def feature(x):\n  'One.'\n  return x, 'a'", "def feature(x):\n  'Two.'\n  return x, 'a'"),
    "a helper's docstring": (
        "def h(x): return x\ndef feature(x): return h(x)",
        "def h(x):\n  'Doc.'\n  return x\ndef feature(x): return h(x)"),
    "a nested function's docstring": (
        "def feature(x):\n  def g(): return 1\n  return g()",
        "def feature(x):\n  def g():\n    'Doc.'\n    return 1\n  return g()"),
    "a class's docstring": (
        "class C:\n  n = 1\ndef feature(x): return C.n", "class C:\n  'Doc.'\n  n = 1\ndef feature(x): return C.n"),
    "annotations": (
        "def feature(x): return x + 1", "def feature(x: 'pd.Series') -> 'pd.Series': return x + 1"),
    "the order of definitions": (
        "def a(x): return x\ndef b(x): return -x\ndef feature(x): return a(x) + b(x)",
        "def feature(x): return a(x) + b(x)\ndef b(x): return -x\ndef a(x): return x"),
    "where it stands": ("def feature(x): return x + 1", "\n\n\nother = 1\ndef feature(x): return x + 1"),
    "its own name": (
        "def feature(x): return x + 1", "def renamed(x): return x + 1\nfeature = renamed"),
    "a global that it doesn't name": (
        "N = 1\ndef feature(x): return x.N", "N = 2\ndef feature(x): return x.N"),
    "a helper that it doesn't name": (
        "def h(): return 1\ndef feature(x): return x", "def h(): return 2\ndef feature(x): return x"),
    "a local that looks like a global": (
        "N = 1\ndef feature(x):\n  N = x\n  return N", "N = 2\ndef feature(x):\n  N = x\n  return N"),
    "a module imported in another cell": (
        "import math\ndef feature(x):\n  while x: x = math.sqrt(x)\n  return x",
        "globals()['math'] = __import__('math')\ndef feature(x):\n  while x: x = math.sqrt(x)\n  return x"),
    "a module imported in another cell, under try": (
        "import math\ndef feature(x):\n  try: return math.sqrt(x)\n  except ValueError: return 0",
        "globals()['math'] = __import__('math')\ndef feature(x):\n  try: return math.sqrt(x)\n  except ValueError: return 0"),
    "the order of a set": (
        "N = {'a', 'b', 'c'}\ndef feature(x): return x in N",
        "N = {'c', 'b', 'a'}\ndef feature(x): return x in N"),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_an_edit_that_doesnt_count_keeps_the_key(name: str) -> None:
    before, after = SAME[name]
    assert key(before) == key(after)


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Write the user's own modules; import them afresh."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = set(sys.modules)

    def write(**sources: str) -> None:
        for name in [name for name in sys.modules if name not in before]:
            del sys.modules[name]
        linecache.clearcache()
        for name, source in sources.items():
            path = tmp_path.joinpath(*name.split("__")).with_suffix(".py")
            path.parent.mkdir(exist_ok=True)
            path.write_text(dedent(source))
        importlib.invalidate_caches()

    yield write
    for name in [name for name in sys.modules if name not in before]:
        del sys.modules[name]


MODULES: dict[str, tuple[str, dict[str, str], dict[str, str]]] = {
    "a function of a module": (
        "import mine\ndef feature(x): return mine.h(x)",
        {"mine": "def h(x): return x + 1"}, {"mine": "def h(x): return x + 2"}),
    "a function from a module": (
        "from mine import h\ndef feature(x): return h(x)",
        {"mine": "def h(x): return x + 1"}, {"mine": "def h(x): return x + 2"}),
    "a constant of a module": (
        "import mine\ndef feature(x): return mine.N",
        {"mine": "N = [1]"}, {"mine": "N = [2]"}),
    "a helper of a module's function": (
        "import mine\ndef feature(x): return mine.h(x)",
        {"mine": "def g(): return 1\ndef h(x): return g()"}, {"mine": "def g(): return 2\ndef h(x): return g()"}),
    "a module that a module imports": (
        "import mine\ndef feature(x): return mine.h(x)",
        {"mine": "import deep\ndef h(x): return deep.g()", "deep": "def g(): return 1"},
        {"mine": "import deep\ndef h(x): return deep.g()", "deep": "def g(): return 2"}),
    "a module of a package": (
        "import pack.inner\ndef feature(x): return pack.inner.h(x)",
        {"pack____init__": "", "pack__inner": "def h(x): return 1"},
        {"pack____init__": "", "pack__inner": "def h(x): return 2"}),
    "a relative import": (
        "from pack.outer import h\ndef feature(x): return h(x)",
        {"pack____init__": "", "pack__outer": "def h(x):\n  from .inner import N\n  return N", "pack__inner": "N = 1"},
        {"pack____init__": "", "pack__outer": "def h(x):\n  from .inner import N\n  return N", "pack__inner": "N = 2"}),
    "an import in the function": (
        "def feature(x):\n  import mine\n  return mine.N", {"mine": "N = 1"}, {"mine": "N = 2"}),
    "an import from, in the function": (
        "def feature(x):\n  from mine import N as n\n  return n", {"mine": "N = 1"}, {"mine": "N = 2"}),
    "an import as, in the function": (
        "def feature(x):\n  import pack.inner as m\n  return m.N",
        {"pack____init__": "", "pack__inner": "N = 1"}, {"pack____init__": "", "pack__inner": "N = 2"}),
    "an import that a nested function uses": (
        "def feature(x):\n  import mine\n  return [mine.N for _ in x]", {"mine": "N = 1"}, {"mine": "N = 2"}),
    "getattr with a constant name": (
        "import mine\ndef feature(x): return getattr(mine, 'N')", {"mine": "N = 1"}, {"mine": "N = 2"}),
    "getattr with a name that isn't constant": (
        "import mine\ndef feature(x): return getattr(mine, x)", {"mine": "N = 1"}, {"mine": "N = 2"}),
    "a module under another name": (
        "import mine\ndef feature(x):\n  m = mine\n  return m.N", {"mine": "N = 1"}, {"mine": "N = 2"}),
    "a module that is passed on": (
        "import mine\ndef feature(x): return vars(mine)['N']", {"mine": "N = 1"}, {"mine": "N = 2"}),
    "a class of a module": (
        "import mine\ndef feature(x): return mine.C().f()",
        {"mine": "class C:\n  def f(self): return 1"}, {"mine": "class C:\n  def f(self): return 2"}),
}  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_an_edit_of_a_module_changes_the_key(name: str, modules: Any) -> None:
    source, before, after = MODULES[name]
    found = []
    for sources in (before, before, after):
        modules(**sources)
        found.append(key(source))
    assert found[0] == found[1]
    assert found[1] != found[2]


def test_getattr_with_a_constant_name_reads_that_name_alone(modules: Any) -> None:
    source = "import mine\ndef feature(x): return getattr(mine, 'N', 0)"
    modules(mine="N = 1\nM = 1")
    before = key(source)
    modules(mine="N = 1\nM = 2")
    assert key(source) == before


def test_another_folder_is_the_same_code(modules: Any, tmp_path: Path) -> None:
    modules(mine="def h(x): return x + 1")
    before = key("import mine\ndef feature(x): return mine.h(x)")
    modules(other="def h(x): return x + 1")
    assert key("import other as mine\ndef feature(x): return mine.h(x)") == before


def test_a_module_that_cant_be_imported_is_refused(modules: Any) -> None:
    modules(mine="1 / 0")
    with pytest.raises(FingerprintError, match="imports mine, which fails"):
        key("def feature(x):\n  import mine\n  return mine.N")


# What is remembered must notice each change.


def change_global(space: dict[str, Any]) -> None:
    space["N"] = 2


def change_list(space: dict[str, Any]) -> None:
    space["L"].append(1)


def change_frame(space: dict[str, Any]) -> None:
    space["T"].loc[0, "a"] = 9


def change_array(space: dict[str, Any]) -> None:
    space["A"][0] = 9


def change_helper(space: dict[str, Any]) -> None:
    cell("def h(x): return x - 1", space)


def change_helper_in_place(space: dict[str, Any]) -> None:
    space["h"].__code__ = cell("def h(x): return x - 1")["h"].__code__


def change_default(space: dict[str, Any]) -> None:
    space["h"].__defaults__ = (7,)


def change_keyword_default(space: dict[str, Any]) -> None:
    space["h"].__kwdefaults__["k"] = 7


def change_attribute(space: dict[str, Any]) -> None:
    space["h"].extra = 1


def change_method(space: dict[str, Any]) -> None:
    space["C"].f = lambda self, x: x - 1


def change_class_list(space: dict[str, Any]) -> None:
    space["C"].members.append(1)


def change_instance(space: dict[str, Any]) -> None:
    space["c"].n = 5


def change_instance_deep(space: dict[str, Any]) -> None:
    space["c"].parts["x"].append(1)


def change_closure(space: dict[str, Any]) -> None:
    space["set_n"](5)


def change_closure_list(space: dict[str, Any]) -> None:
    space["closed"].append(5)


def change_function_in_list(space: dict[str, Any]) -> None:
    space["F"][0] = space["h"]


def change_global_of_function_in_list(space: dict[str, Any]) -> None:
    space["M"] = 3


def define_missing(space: dict[str, Any]) -> None:
    space["LATER"] = 1


def shadow_builtin(space: dict[str, Any]) -> None:
    space["len"] = lambda x: 0


def change_bound(space: dict[str, Any]) -> None:
    space["c"].n = 6


def change_base(space: dict[str, Any]) -> None:
    space["B"].g = lambda self: 2


REMEMBERED = """
    import numpy as np
    import pandas as pd
    N, L, M = 1, [], 2
    A = np.zeros(3)
    T = pd.DataFrame({"a": [1, 2]})
    def h(x, d=1, *, k=1): return x + d + k
    def in_list(x): return x + M
    F = [in_list]
    class B:
        def g(self): return 1
    class C(B):
        members = []
        def __init__(self): self.n, self.parts = 1, {"x": []}
        def f(self, x): return x + self.n
    c = C()
    bound = c.f
    def make():
        n, closed = 1, []
        def set_n(value):
            nonlocal n
            n = value
        def feature(x):
            if x: return LATER
            return h(x), N, L, A, T, C().f(x), c, bound(x), F[0](x), n, closed, len(x)
        return feature, set_n, closed
    feature, set_n, closed = make()
"""

STEPS = [
    change_global, change_list, change_frame, change_array, change_helper, change_helper_in_place,
    change_default, change_keyword_default, change_attribute, change_method, change_class_list,
    change_instance, change_instance_deep, change_closure, change_closure_list, change_bound,
    change_function_in_list, change_global_of_function_in_list, define_missing, shadow_builtin,
    change_base,
]  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
def test_a_remembered_key_notices(step: Any) -> None:
    space = cell(REMEMBERED)
    before = code_key(space["feature"])
    assert code_key(space["feature"]) is before
    step(space)
    assert code_key(space["feature"]).digest != before.digest


def test_a_module_taken_whole_is_watched(modules: Any) -> None:
    modules(mine="N = 1\nL = []")
    feature = cell("import mine\ndef feature(x): return getattr(mine, x)")["feature"]
    mine = sys.modules["mine"]
    found = [code_key(feature).digest]
    mine.L.append(1)
    found.append(code_key(feature).digest)
    mine.NEW = 1
    found.append(code_key(feature).digest)
    mine.N = 2
    found.append(code_key(feature).digest)
    assert len(set(found)) == 4


def test_what_somebody_puts_into_a_library_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    feature = cell("import numpy as np\ndef feature(x): return np.double_it(x)")["feature"]
    plain = code_key(feature)
    space = cell("def double_it(x): return x * 2\ndef other(x): return x * 3")
    monkeypatch.setattr(np, "double_it", space["double_it"], raising=False)
    twice = code_key(feature)
    monkeypatch.setattr(np, "double_it", space["other"])
    assert len({plain.digest, twice.digest, code_key(feature).digest}) == 3


def test_a_function_that_is_gone_is_forgotten() -> None:
    import gc

    from jupyter_lifecycle.hashing.code import _remembered

    space = cell("def feature(x): return x")
    code_key(space["feature"])
    key = id(space["feature"])
    assert key in _remembered
    space.clear()
    gc.collect()
    assert key not in _remembered


# Parts


def parts(found: CodeKey) -> dict[str, str]:
    return {part.label: part.text for part in found.parts}


def test_parts_name_what_counts_and_show_it(modules: Any) -> None:
    modules(mine="def previous_hour(x):\n    return x - 1\n")
    space = cell(
        """
        import numpy as np
        import mine
        KNOTS = [0, 6]
        class Scale:
            n = 1
        def make(shift):
            def feature(x, alpha=0.5):
                return np.sqrt(mine.previous_hour(x)) + KNOTS[0] * alpha + shift + Scale.n
            return feature
        feature = make(3)
        """
    )
    found = code_key(space["feature"])
    texts = parts(found)
    assert found.parts[0].kind == "code"
    assert texts["helper previous_hour"] == "def previous_hour(x):\n    return x - 1\n"
    assert texts["constant KNOTS"] == "[0, 6]"
    assert texts["default alpha"] == "0.5"
    assert texts["closure shift"] == "3"
    assert texts["package numpy"] == f"numpy {np.__version__}"
    assert texts["package pandas"] == f"pandas {pd.__version__}"
    assert "np.sqrt(mine.previous_hour(x))" in found.parts[0].text
    assert texts["class Scale"] == "class Scale:\n    n = 1"
    assert {part.kind for part in found.parts} >= {"code", "helper", "constant", "class", "package"}


def test_only_the_part_that_changed_differs() -> None:
    source = "def g(x): return x + 1\ndef h(x): return g(x)\ndef feature(x): return h(x)"
    before, after = (code_key(cell(s)["feature"]) for s in (source, source.replace("1", "2")))
    mine = {part.label: part for part in before.parts}
    changed = [part.label for part in after.parts if mine[part.label] != part]
    assert changed == ["helper g"]


def test_two_parts_of_one_name_are_both_listed(modules: Any) -> None:
    modules(one="N = 1\ndef f(): return N", two="N = 2\ndef f(): return N")
    found = code_key(cell("import one, two\ndef feature(x): return one.f(), two.f()")["feature"])
    assert sum(part.label.startswith("constant N") for part in found.parts) == 2


def test_parts_compare_by_what_they_are() -> None:
    one, other = (code_key(cell("def feature(x): return x")["feature"]).parts[0] for _ in "ab")
    assert one == other
    assert hash(one) == hash(other)
    assert one != "feature"
    assert "feature" in repr(one)


def test_source_that_is_gone_has_no_text_but_a_key() -> None:
    space: dict[str, Any] = {"__name__": "__main__"}
    exec("def feature(x): return x", space)
    assert code_key(space["feature"]).parts[0].text == ""


# Refusals


UNSEEN = [
    ("def feature(x): return eval(x)", "builtins.eval"),
    ("def feature(x): return __import__(x)", "builtins.__import__"),
    ("def feature(x): return globals()[x]", "builtins.globals"),
    ("import importlib\ndef feature(x): return importlib.import_module(x)", "importlib.import_module"),
    ("def h(x): exec(x)\ndef feature(x): return h(x)", "feature → helper h"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "words"), UNSEEN)
def test_what_cant_be_seen_through_is_refused(source: str, words: str) -> None:
    with pytest.raises(FingerprintError, match="can't be seen") as caught:
        key(source)
    assert words in caught.value.message


def test_a_constant_without_state_is_refused_with_its_path() -> None:
    source = "S = {'rows': (i for i in [1])}\ndef h(): return S\ndef feature(x): return h()"
    with pytest.raises(FingerprintError) as caught:
        key(source)
    assert caught.value.detail["path"] == "feature → helper h → constant S['rows']"


# Values and code meet


def test_a_function_that_is_in_a_container_that_it_names_ends() -> None:
    source = "R = {}\ndef feature(x): return R\nR['f'] = feature\nR['n'] = 1"
    assert key(source) == key(source)
    assert key(source) != key(source.replace("= 1", "= 2"))


def test_classes_that_name_each_other_end() -> None:
    source = """
        class A:
            def f(self): return B().g()
        class B:
            def g(self): return A, 1
        def feature(x): return A().f()
    """
    assert key(source) == key(source)
    assert key(source) != key(source.replace("A, 1", "A, 2"))


def test_a_fingerprint_of_a_function_reaches_its_helpers() -> None:
    source = "def h(x): return x + 1\ndef feature(x): return h(x)"
    one, same, other = (cell(s)["feature"] for s in (source, source, source.replace("1", "2")))
    assert fingerprint({"f": one}) == fingerprint({"f": same})
    assert fingerprint({"f": one}) != fingerprint({"f": other})


def test_callables_that_arent_functions_have_keys() -> None:
    import functools

    one = code_key(functools.partial(max, 1))
    assert one.digest != code_key(functools.partial(max, 2)).digest
    assert code_key(len).digest != code_key(max).digest


def test_the_feature_mark_is_no_part_of_the_code() -> None:
    from jupyter_lifecycle.graph import feature

    space = cell("def feature(x): return x")
    plain = code_key(space["feature"]).digest
    assert code_key(feature(tags={"team": "a"})(space["feature"])).digest == plain


def test_a_typical_pydantic_model_is_known() -> None:
    source = """
        from pydantic import BaseModel
        class Row(BaseModel):
            n: int = 1
        def feature(x): return Row().n
    """
    assert key(source) == key(source)
    assert key(source) != key(source.replace("= 1", "= 2"))


def test_a_test_module_is_the_users_own_code() -> None:
    assert "helper change_list" in parts(code_key(lambda space: change_list(space) or 1))


def test_this_package_counts_by_version() -> None:
    source = "from jupyter_lifecycle.hashing import code_key\ndef feature(x): return code_key(x)"
    assert "package jupyter_lifecycle" in parts(code_key(cell(source)["feature"]))


def test_a_generated_wrapper_counts_by_where_its_own_code_stands(tmp_path, monkeypatch):
    """As ``dataclass`` makes them: what is exported into a module keeps its key."""
    source = (
        "from dataclasses import dataclass\n"
        "@dataclass(frozen=True)\nclass Limits:\n    low: float\n    high: float = 2.0\n"
        "limits = Limits(1.0)\ndef feature(x): return limits.low, repr(limits), x\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    keys = []
    for name in ("first_place", "second_place"):
        (tmp_path / f"{name}.py").write_text(source)
        keys.append(code_key(importlib.import_module(name).feature).digest)
        monkeypatch.delitem(sys.modules, name)
    assert keys[0] == keys[1]
