"""Names that give another answer each time: clock, randomness, environment, files, network."""

from __future__ import annotations

import sys
from types import BuiltinFunctionType, MethodType
from typing import Any, Final

_CLOCK: Final = "reads the clock"
_CHANCE: Final = "draws at random"
_ENVIRONMENT: Final = "reads the environment"
_FILES: Final = "reads or writes files"
_NETWORK: Final = "uses the network"
_PROCESS: Final = "depends on the process"
_PEOPLE: Final = "asks a person"

_EXACT: Final[dict[str, str]] = {
    **{
        f"time.{name}": _CLOCK
        for name in [
            "time",
            "time_ns",
            "monotonic",
            "monotonic_ns",
            "perf_counter",
            "perf_counter_ns",
            "process_time",
            "process_time_ns",
            "thread_time",
            "thread_time_ns",
            "localtime",
            "gmtime",
            "ctime",
            "strftime",
        ]
    },
    "datetime.datetime.now": _CLOCK,
    "datetime.datetime.utcnow": _CLOCK,
    "datetime.datetime.today": _CLOCK,
    "datetime.date.today": _CLOCK,
    "uuid.uuid1": _CHANCE,
    "uuid.uuid4": _CHANCE,
    "os.urandom": _CHANCE,
    "builtins.open": _FILES,
    "builtins.input": _PEOPLE,
    "builtins.id": _PROCESS,
    "builtins.hash": _PROCESS,
    "sys.argv": _ENVIRONMENT,
    "sys.path": _ENVIRONMENT,
    "sys.modules": _PROCESS,
}

_PREFIXES: Final = (
    ("random.", _CHANCE),
    ("numpy.random.", _CHANCE),
    ("secrets.", _CHANCE),
    ("os.path.", ""),
    ("os.", _ENVIRONMENT),
    ("posix.", _ENVIRONMENT),
    ("io.", ""),
    ("platform.", _ENVIRONMENT),
    ("locale.", _ENVIRONMENT),
    ("getpass.", _ENVIRONMENT),
    ("tempfile.", _FILES),
    ("glob.", _FILES),
    ("shutil.", _FILES),
    ("subprocess.", _PROCESS),
    ("sqlite3.", _FILES),
    ("socket.", _NETWORK),
    ("urllib.request.", _NETWORK),
    ("http.client.", _NETWORK),
    ("requests.", _NETWORK),
    ("httpx.", _NETWORK),
)

_PURE: Final = frozenset(
    [
        *(f"random.{name}" for name in ("Random",)),
        *(
            f"numpy.random.{name}"
            for name in [
                "Generator",
                "BitGenerator",
                "SeedSequence",
                "PCG64",
                "PCG64DXSM",
                "MT19937",
                "Philox",
                "SFC64",
            ]
        ),
        *(
            f"os.{name}"
            for name in [
                "sep",
                "linesep",
                "pathsep",
                "altsep",
                "extsep",
                "fspath",
                "PathLike",
                "name",
            ]
        ),
        "io.open",
    ]
)

_SEEDED: Final = frozenset(
    [
        "random.Random",
        *(
            f"numpy.random.{name}"
            for name in [
                "default_rng",
                "RandomState",
                "SeedSequence",
                "PCG64",
                "PCG64DXSM",
                "MT19937",
                "Philox",
                "SFC64",
            ]
        ),
    ]
)
"""Pure when called at once with a seed; without one they ask the system for entropy."""

_READS_DISK: Final = frozenset(
    f"os.path.{name}"
    for name in [
        "exists",
        "lexists",
        "isfile",
        "isdir",
        "islink",
        "ismount",
        "getsize",
        "getmtime",
        "getatime",
        "getctime",
        "abspath",
        "realpath",
        "expanduser",
        "expandvars",
        "samefile",
    ]
)

_EXACT.update(dict.fromkeys(_PURE, "") | dict.fromkeys(_READS_DISK, _ENVIRONMENT))

_ENDINGS: Final = (
    ("Timestamp.now", _CLOCK),
    ("Timestamp.today", _CLOCK),
    ("Timestamp.utcnow", _CLOCK),
    ("Path.cwd", _ENVIRONMENT),
    ("Path.home", _ENVIRONMENT),
)

_TABLES: Final = frozenset({"pandas", "polars", "numpy", "pyarrow"})

METHODS: Final = {
    "read_text": _FILES,
    "read_bytes": _FILES,
    "write_text": _FILES,
    "write_bytes": _FILES,
    "iterdir": _FILES,
    "rglob": _FILES,
    "urlopen": _NETWORK,
}
"""Methods that say what they do whatever they're called on."""

UNSEEN: Final = frozenset({"eval", "exec", "compile", "__import__", "globals"})
"""Built-in functions through which code can't be seen."""


def reason(dotted: str, *, seeded: bool = False) -> str:
    """Why a name of a library makes its user impure.

    Parameters
    ----------
    dotted : str
        Module and attributes, such as ``numpy.random.rand``.
    seeded : bool
        Whether it's called at once with a first argument.

    Returns
    -------
    str
        The reason, empty for what is pure.
    """
    if dotted in _SEEDED:
        return "" if seeded else _CHANCE
    if dotted in _EXACT:
        return _EXACT[dotted]
    for ending, why in _ENDINGS:
        if dotted.endswith(ending):
            return why
    top, _, last = dotted.rpartition(".")
    if top.partition(".")[0] in _TABLES and _is_reader(last):
        return _FILES
    return next((why for prefix, why in _PREFIXES if dotted.startswith(prefix)), "")


def _is_reader(name: str) -> bool:
    return name.startswith("read_") or name in {
        "load",
        "loadtxt",
        "fromfile",
        "genfromtxt",
        "memmap",
    }


def reason_of_object(value: Any) -> str:
    """Why an object that code holds makes it impure: a bound method of a shared generator.

    Parameters
    ----------
    value : object
        What a name stands for.

    Returns
    -------
    str
        The reason, empty for what is pure.
    """
    owner = value.__self__ if isinstance(value, (BuiltinFunctionType, MethodType)) else value
    kind = type(owner)
    if kind.__module__.startswith(("random", "numpy.random")) and kind.__name__ in {
        "Random",
        "SystemRandom",
        "RandomState",
        "Generator",
    }:
        return f"{_CHANCE} from a generator that lives outside of it"
    return ""


def dotted_name(value: Any) -> str:
    """Return module and qualified name of a function, class or module of a library.

    Parameters
    ----------
    value : object
        A module, class or function.

    Returns
    -------
    str
        Such as ``datetime.datetime``; the module's public name for built-in functions.
    """
    if isinstance(value, type(sys)):
        return value.__name__
    module = getattr(value, "__module__", None) or ""
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", "")
    if module in {"posix", "nt"}:
        module = "os"
    if module == "io" and name == "open":
        return "builtins.open"
    if module == "_io" and name == "open":
        return "builtins.open"
    return f"{module}.{name}"
