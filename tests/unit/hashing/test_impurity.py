"""What gives another answer each time is noticed by its name; what looks like it is not."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest

from jupyter_lifecycle.hashing import code_key


def reasons(source: str) -> tuple[str, ...]:
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(dedent(source), space)
    return code_key(space["feature"]).impure


IMPURE = {
    "time.time": ("import time\ndef feature(x): return time.time()", "reads the clock"),
    "time, imported from": ("from time import time\ndef feature(x): return time()", "reads the clock"),
    "time, imported inside": ("def feature(x):\n  import time as t\n  return t.time()", "reads the clock"),
    "perf_counter": ("import time\ndef feature(x): return time.perf_counter()", "reads the clock"),
    "datetime.now": ("from datetime import datetime\ndef feature(x): return datetime.now()", "reads the clock"),
    "datetime.datetime.now": ("import datetime as d\ndef feature(x): return d.datetime.now(d.UTC)", "reads the clock"),
    "date.today": ("from datetime import date\ndef feature(x): return date.today()", "reads the clock"),
    "Timestamp.now": ("import pandas as pd\ndef feature(x): return pd.Timestamp.now()", "reads the clock"),
    "Timestamp of now": ("import pandas as pd\ndef feature(x): return pd.Timestamp('now')", "reads the clock"),
    "to_datetime of today": ("import pandas as pd\ndef feature(x): return pd.to_datetime('today')", "reads the clock"),
    "datetime64 of now": ("import numpy as np\ndef feature(x): return np.datetime64('now')", "reads the clock"),
    "random": ("import random\ndef feature(x): return random.random()", "draws at random"),
    "random, imported from": ("from random import shuffle\ndef feature(x): return shuffle(x)", "draws at random"),
    "numpy.random": ("import numpy as np\ndef feature(x): return np.random.rand()", "draws at random"),
    "numpy.random, imported from": ("from numpy.random import normal\ndef feature(x): return normal()", "draws at random"),
    "a generator without seed": ("import numpy as np\ndef feature(x): return np.random.default_rng().normal()", "draws at random"),
    "a generator with seed None": ("import numpy as np\ndef feature(x): return np.random.default_rng(None).normal()", "draws at random"),
    "a generator that is passed on": ("import numpy as np\ndef feature(x): return map(np.random.default_rng, x)", "draws at random"),
    "a generator from outside": ("import numpy as np\nR = np.random.default_rng(0)\ndef feature(x): return R.normal()", "outside"),
    "a generator as a default": ("import numpy as np\ndef feature(x, r=np.random.RandomState(0)): return r.rand()", "outside"),
    "a generator in a closure": (
        "import random\ndef make(r):\n  def feature(x): return r.random()\n  return feature\nfeature = make(random.Random(0))", "outside"),
    "uuid": ("import uuid\ndef feature(x): return uuid.uuid4()", "draws at random"),
    "secrets": ("from secrets import token_hex\ndef feature(x): return token_hex()", "draws at random"),
    "urandom": ("import os\ndef feature(x): return os.urandom(4)", "draws at random"),
    "os.environ": ("import os\ndef feature(x): return os.environ['HOME']", "reads the environment"),
    "environ, imported from": ("from os import environ\ndef feature(x): return environ['HOME']", "reads the environment"),
    "getenv": ("from os import getenv\ndef feature(x): return getenv('HOME')", "reads the environment"),
    "os.getcwd": ("import os\ndef feature(x): return os.getcwd()", "reads the environment"),
    "os.path.exists": ("from os.path import exists\ndef feature(x): return exists(x)", "reads the environment"),
    "a module that is passed on": ("import os\ndef feature(x): return vars(os)", "reads the environment"),
    "platform": ("import platform\ndef feature(x): return platform.node()", "reads the environment"),
    "sqlite": ("import sqlite3\ndef feature(x): return sqlite3.connect(x)", "reads a database"),
    "urlopen": ("from urllib.request import urlopen\ndef feature(x): return urlopen(x)", "uses the network"),
    "subprocess": ("import subprocess\ndef feature(x): return subprocess.run(x)", "starts another program"),
    "hash": ("def feature(x): return x.map(hash)", "depends on the process"),
    "id": ("def feature(x): return id(x)", "depends on the process"),
    "input": ("def feature(x): return input()", "asks a person"),
    "a global that is written": ("N = 0\ndef feature(x):\n  global N\n  N += 1\n  return N", "changes a global"),
    "within a helper": ("import time\ndef h(): return time.time()\ndef feature(x): return h()", "reads the clock (line 2 of h)"),
    "within a lambda": ("import time\ndef feature(x): return (lambda: time.time())()", "reads the clock"),
    "within a method": ("import time\nclass C:\n  def f(self): return time.time()\ndef feature(x): return C().f()", "reads the clock (line 3 of f)"),
    "the second line of two": ("import time\ndef feature(x):\n  x = x + 1\n  return x * time.time()", "reads the clock (line 4)"),
    "a file that is written": ("from pathlib import Path\ndef feature(x): return Path(x).write_text('')", "writes files"),
    "whether a file is there": ("from pathlib import Path\ndef feature(x): return Path(x).is_file()", "reads the environment"),
    "an environment by its library": ("import psutil\ndef feature(x): return psutil.virtual_memory()", "reads the environment"),
    "a database by pandas": ("import pandas as pd\ndef feature(x): return pd.read_sql('select 1', x)", "reads a database"),
    "files that nobody can follow": ("import pyarrow.csv as pc\ndef feature(x): return pc.read_csv(x)", "reads or writes files"),
    "a helper that keeps what it read": (
        "from functools import cache\n@cache\ndef h(): return open('a').read()\ndef feature(x): return h()", "keeps what it reads"),
    "through getattr": ("import time\ndef feature(x): return getattr(time, 'time')()", "reads the clock"),
}  # fmt: skip


@pytest.mark.parametrize("name", IMPURE)
def test_what_changes_by_itself_is_noticed(name: str) -> None:
    source, words = IMPURE[name]
    assert any(words in reason for reason in reasons(source)), reasons(source)


READS = {
    "open": ("def feature(x):\n  return open(x).read()", "reads files (line 2)", False),
    "read_csv": ("import pandas as pd\ndef feature(x): return pd.read_csv(x)", "reads files (line 2)", False),
    "np.load": ("import numpy as np\ndef feature(x): return np.load(x)", "reads files (line 2)", False),
    "Path.read_text": ("from pathlib import Path\ndef feature(x): return Path(x).read_text()", "reads files (line 2)", False),
    "gzip": ("import gzip\ndef feature(x): return gzip.open(x)", "reads files (line 2)", False),
    "glob": ("from glob import glob\ndef feature(x): return glob(x)", "reads files (line 2)", False),
    "listdir": ("import os\ndef feature(x): return os.listdir(x)", "reads files (line 2)", False),
    "read_parquet": ("import pandas as pd\ndef feature(x): return pd.read_parquet(x)", "reads files (line 2)", True),
    "pyarrow.parquet": ("import pyarrow.parquet as pq\ndef feature(x): return pq.read_table(x)", "reads files (line 2)", True),
}  # fmt: skip


@pytest.mark.parametrize("name", READS)
def test_what_reads_files_is_pure_as_long_as_they_are_seen(name: str) -> None:
    source, words, follow = READS[name]
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(source, space)
    key = code_key(space["feature"])
    assert (key.impure, key.reads, key.follow) == ((), (words,), follow)


PURE = {
    "a seeded generator": "import numpy as np\ndef feature(x): return np.random.default_rng(7).normal(size=len(x))",
    "seeded by an argument": "import numpy as np\ndef feature(x): return np.random.default_rng(x).normal()",
    "seeded by a global": "from numpy.random import default_rng\nS = 3\ndef feature(x): return default_rng(S).normal()",
    "a seeded RandomState": "import numpy as np\ndef feature(x): return np.random.RandomState(0).rand()",
    "random.Random with a seed": "import random\ndef feature(x): return random.Random(3).random()",
    "a generator's type": "import numpy as np\ndef feature(x): return isinstance(x, np.random.Generator)",
    "timedelta": "import datetime as dt\ndef feature(x): return x + dt.timedelta(1)",
    "sleep": "import time\ndef feature(x):\n  time.sleep(0)\n  return x",
    "os.path.join": "import os\ndef feature(x): return os.path.join(x, 'a')",
    "os.path.join, inside": "def feature(x):\n  import os.path\n  return os.path.join(x, os.sep)",
    "uuid5": "import uuid\ndef feature(x): return uuid.uuid5(uuid.NAMESPACE_URL, x)",
    "a column called time": "def feature(x): return x.time + x.random + x.now()",
    "the word now": "def feature(x): return x == 'now'",
    "statistics": "import statistics\ndef feature(x): return statistics.mean(x)",
}  # fmt: skip


@pytest.mark.parametrize("name", PURE)
def test_what_only_looks_like_it_is_pure(name: str) -> None:
    assert reasons(PURE[name]) == ()
