"""Edits that change no answer: the column must come from the cache."""

from corpus import Case, same

_PLAIN = "def _f(v):\n    return v * 2\n\ndef answer(x):\n    return _f(x) + 1\n"

HITS: list[Case] = [
    same("nothing at all, in a new kernel", _PLAIN),
    same("a comment", _PLAIN, ("    return v", "    # twice\n    return v")),
    same("blank lines", _PLAIN, ("def answer", "\n\n\ndef answer")),
    same("parentheses", _PLAIN, ("_f(x) + 1", "(_f(x)) + (1)")),
    same("lines that are broken", _PLAIN, ("_f(x) + 1", "(\n        _f(x)\n        + 1\n    )")),
    same("a docstring", _PLAIN, ("def answer(x):\n", "def answer(x):\n    '''The answer.'''\n")),
    same("a helper's docstring", _PLAIN, ("def _f(v):\n", "def _f(v):\n    '''Twice.'''\n")),
    same("quotes", "def answer(x): return x.to_frame('a')", ("'a'", '"a"')),
    same("a constant that is written in another way", "def answer(x): return x * 3600", ("3600", "(60 * 60)")),
    same("annotations", _PLAIN, ("answer(x)", "answer(x: object) -> object")),
    same("the order of definitions", "def _f(v): return v * 2\ndef answer(x): return _f(x)\n", ("def _f(v): return v * 2\ndef answer(x): return _f(x)\n", "def answer(x): return _f(x)\ndef _f(v): return v * 2\n")),
    same("another function", "def other(x): return 1\ndef answer(x): return x", ("return 1", "return 2")),
    same("another global", "N = 1\ndef answer(x): return x", ("N = 1", "N = 2")),
    same("another import", "def answer(x): return x", ("def", "import json\ndef")),
    same("another function of a module", "import own\ndef answer(x): return own.f(x)\n#> own.py\ndef f(v): return v * 2\ndef g(v): return 1\n", ("return 1", "return 2")),
    same("a comment in a module", "import own\ndef answer(x): return own.f(x)\n#> own.py\ndef f(v): return v * 2\n", ("def f", "# twice\ndef f")),
    same("another name of a helper", "def _f(v): return v * 2\ndef answer(x): return 1", ("_f", "_g")),
    same("the order of a class's methods", "class _C:\n  def a(self): return 1\n  def b(self): return 2\ndef answer(x): return _C().a()", ("  def a(self): return 1\n  def b(self): return 2\n", "  def b(self): return 2\n  def a(self): return 1\n")),
    same("the order of an attribute's setting", "class _C: pass\n_c = _C()\n_c.a = 1\n_c.b = 2\ndef answer(x): return _c.a", ("_c.a = 1\n_c.b = 2", "_c.b = 2\n_c.a = 1")),
    same("the order of a set", "T = {'a', 'b'}\ndef answer(x): return len(T)", ("'a', 'b'", "'b', 'a'")),
    same("an input that is made in another way", "def answer(x): return x\n#> inputs\nimport numpy as np\nx = np.arange(6.0).reshape(2, 3)\n", ("np.arange(6.0).reshape(2, 3)", "np.asfortranarray(np.arange(6.0).reshape(2, 3))")),
    same("an input's unused part", "import numpy as np\ndef answer(x): return x\n#> inputs\nimport numpy as np\nx = np.arange(10.0)[:5].copy()\n", ("[:5].copy()", "[:5]")),
    same("a file that is written again as it was", "from pathlib import Path\ndef answer(x): return Path('n.txt').read_text()\n#> n.txt\none"),
    same("another file", "from pathlib import Path\ndef answer(x): return Path('n.txt').read_text()\n#> n.txt\none\n#> other.txt\n1\n", ("other.txt\n1", "other.txt\n2")),
    same("another file in the folder of one that is read", "import pandas as pd\ndef answer(x): return pd.read_csv('t.csv')\n#> t.csv\na\n1\n#> u.csv\n1\n", ("u.csv\n1", "u.csv\n2")),
    same("the environment, where nobody asks", "def answer(x): return x\n#> environ\nCORPUS_N=2", ("CORPUS_N=2", "CORPUS_N=3")),
    same("a seed, where nobody draws", "import random\nrandom.seed(1)\ndef answer(x): return x", ("seed(1)", "seed(2)")),
    same("a parent that gives the same", "def first(x): return x * 2\ndef answer(first): return first + 1", ("x * 2", "x + x")),
    same("the name of a feature", "def first(x): return x * 2\ndef answer(x): return x + 1", ("first", "other")),
    same("the name of a local variable", "def answer(x):\n  n = 2\n  return x * n", ("n = 2", "m = 2"), ("x * n", "x * m")),
    same("a lambda's place", "def answer(x): return x.map(lambda v: v * 2)", ("x.map", "x\\\n    .map")),
]  # fmt: skip
