"""Names that give another answer each time: clock, randomness, environment, files, network."""

from __future__ import annotations

import builtins
from types import ModuleType
from typing import Any, Final

_CLOCK: Final = "reads the clock"
_CHANCE: Final = "draws at random"
_ENVIRONMENT: Final = "reads the environment"
_FILES: Final = "reads or writes files"
_NETWORK: Final = "uses the network"
_PROCESS: Final = "depends on the process"
_PEOPLE: Final = "asks a person"

_SEEDABLE: Final = frozenset(
    f"numpy.random.{name}"
    for name in (
        *("default_rng", "RandomState", "SeedSequence", "PCG64", "PCG64DXSM", "MT19937"),
        *("Philox", "SFC64"),
    )
) | {"random.Random"}
"""Pure when called at once with a seed; without one they ask the system for entropy."""


def _names(module: str, names: str, why: str) -> dict[str, str]:
    return {f"{module}.{name}": why for name in names.split()}


_EXACT: Final = {
    **_names("time", "time time_ns monotonic monotonic_ns perf_counter perf_counter_ns", _CLOCK),
    **_names("time", "process_time process_time_ns thread_time thread_time_ns", _CLOCK),
    **_names("time", "localtime gmtime ctime strftime", _CLOCK),
    **_names("datetime.datetime", "now utcnow today", _CLOCK),
    **_names("datetime.date", "today", _CLOCK),
    **_names("uuid", "uuid1 uuid4", _CHANCE),
    **_names("os", "urandom", _CHANCE),
    **_names("builtins", "open", _FILES),
    **_names("builtins", "input breakpoint", _PEOPLE),
    **_names("builtins", "id hash", _PROCESS),
    **_names("sys", "argv path", _ENVIRONMENT),
    **_names("sys", "modules _getframe stdin", _PROCESS),
    **_names("os.path", "exists lexists isfile isdir islink ismount samefile", _ENVIRONMENT),
    **_names("os.path", "getsize getmtime getatime getctime", _ENVIRONMENT),
    **_names("os.path", "abspath realpath expanduser expandvars", _ENVIRONMENT),
    **_names("os", "sep linesep pathsep altsep extsep fspath PathLike name fsencode", ""),
    **_names("os", "fsdecode path", ""),
    **_names("numpy.random", "Generator BitGenerator", ""),
}

_PREFIXES: Final = (
    ("random.", _CHANCE),
    ("numpy.random.", _CHANCE),
    ("secrets.", _CHANCE),
    ("os.path.", ""),
    ("os.", _ENVIRONMENT),
    ("platform.", _ENVIRONMENT),
    ("locale.", _ENVIRONMENT),
    ("getpass.", _ENVIRONMENT),
    ("tempfile.", _FILES),
    ("glob.", _FILES),
    ("shutil.", _FILES),
    ("gzip.open", _FILES),
    ("bz2.open", _FILES),
    ("lzma.open", _FILES),
    ("codecs.open", _FILES),
    ("zipfile.", _FILES),
    ("tarfile.", _FILES),
    ("sqlite3.", _FILES),
    ("subprocess.", _PROCESS),
    ("socket.", _NETWORK),
    ("urllib.request.", _NETWORK),
    ("http.client.", _NETWORK),
    ("requests.", _NETWORK),
    ("httpx.", _NETWORK),
)

_ENDINGS: Final = (
    ("Timestamp.now", _CLOCK),
    ("Timestamp.today", _CLOCK),
    ("Timestamp.utcnow", _CLOCK),
    ("Path.cwd", _ENVIRONMENT),
    ("Path.home", _ENVIRONMENT),
)

_TABLES: Final = frozenset({"pandas", "polars", "numpy", "pyarrow"})
_READERS: Final = frozenset({"load", "loadtxt", "fromfile", "genfromtxt", "memmap"})

_PASSED_ON: Final = {
    "time": _CLOCK,
    "random": _CHANCE,
    "secrets": _CHANCE,
    "numpy.random": _CHANCE,
    "uuid": _CHANCE,
    "os": _ENVIRONMENT,
}

METHODS: Final = {
    "read_text": _FILES,
    "read_bytes": _FILES,
    "write_text": _FILES,
    "write_bytes": _FILES,
    "iterdir": _FILES,
    "rglob": _FILES,
    "is_file": _FILES,
    "is_dir": _FILES,
    "urlopen": _NETWORK,
}
"""Methods that say what they do whatever they're called on."""

UNSEEN: Final = frozenset(
    [
        *(f"builtins.{name}" for name in ("eval", "exec", "compile", "__import__", "globals")),
        *("importlib.import_module", "importlib.reload", "runpy.run_path", "runpy.run_module"),
    ]
)
"""What runs code that can't be seen."""

_PUBLIC: Final = {
    "posix": "os",
    "nt": "os",
    "posixpath": "os.path",
    "ntpath": "os.path",
    "genericpath": "os.path",
    "numpy.random.mtrand": "numpy.random",
}
"""Modules that are known by another name."""


def reason(dotted: str, *, seeded: bool = False) -> str:
    """Say why a name of a library makes its user impure.

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
    if dotted in _SEEDABLE:
        return "" if seeded else _CHANCE
    if dotted in _EXACT:
        return _EXACT[dotted]
    for ending, why in _ENDINGS:
        if dotted.endswith(ending):
            return why
    top, _, last = dotted.rpartition(".")
    if top.partition(".")[0] in _TABLES and (last.startswith("read_") or last in _READERS):
        return _FILES
    return next((why for prefix, why in _PREFIXES if dotted.startswith(prefix)), "")


def reason_of_module(dotted: str) -> str:
    """Say why a module makes impure who passes it on as a whole; empty for most."""
    return _PASSED_ON.get(dotted, "")


def reason_of_object(value: Any) -> str:
    """Say why an object that code holds makes it impure.

    Parameters
    ----------
    value : object
        What a name stands for.

    Returns
    -------
    str
        The reason, empty for what is pure: most things are neither a generator of random numbers
        nor the environment.
    """
    owner = getattr(value, "__self__", None)
    kind = type(value if owner is None or isinstance(owner, (type, ModuleType)) else owner)
    module = str(kind.__module__)
    if module == "os" and kind.__name__ == "_Environ":
        return _ENVIRONMENT
    generators = {"Random", "SystemRandom", "RandomState", "Generator"}
    if module.startswith(("random", "numpy.random")) and kind.__name__ in generators:
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
        Such as ``datetime.datetime``, by the public name of the module.
    """
    if isinstance(value, ModuleType):
        return _PUBLIC.get(value.__name__, value.__name__)
    name = str(getattr(value, "__qualname__", None) or getattr(value, "__name__", ""))
    if getattr(builtins, name, None) is value:
        return f"builtins.{name}"
    module = str(getattr(value, "__module__", None) or "builtins")
    module = ".".join(part for part in module.split(".") if not part.startswith("_")) or module
    return f"{_PUBLIC.get(module, module)}.{name}"
