"""Names that give another answer each time: clock, randomness, environment, files, network.

Reading a file is no reason where the watch around the call sees which file it is.
"""

from __future__ import annotations

import builtins
from types import ModuleType
from typing import Any, Final

CLOCK: Final = "reads the clock"
CHANCE: Final = "draws at random"
ENVIRONMENT: Final = "reads the environment"
FILES: Final = "reads or writes files"
READS: Final = "reads files"
"""Which ones is seen while it runs."""
FOLLOWED: Final = "reads files through a library"
"""Which ones is seen while it runs, by the calls of the library."""
WRITES: Final = "writes files"
DATABASE: Final = "reads a database"
PROGRAMS: Final = "starts another program"
NETWORK: Final = "uses the network"
PROCESS: Final = "depends on the process"
PEOPLE: Final = "asks a person"

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
    **_names("time", "time time_ns monotonic monotonic_ns perf_counter perf_counter_ns", CLOCK),
    **_names("time", "process_time process_time_ns thread_time thread_time_ns", CLOCK),
    **_names("time", "localtime gmtime ctime strftime", CLOCK),
    **_names("datetime.datetime", "now utcnow today", CLOCK),
    **_names("datetime.date", "today", CLOCK),
    **_names("uuid", "uuid1 uuid4", CHANCE),
    **_names("os", "urandom", CHANCE),
    **_names("os", "listdir scandir walk", READS),
    **_names("os", "system popen execv fork posix_spawn", PROGRAMS),
    **_names("os", "remove unlink rename replace mkdir makedirs rmdir", WRITES),
    **_names("builtins", "open", READS),
    **_names("pandas", "read_sql read_sql_query read_sql_table read_gbq", DATABASE),
    **_names("pandas", "read_hdf read_clipboard read_spss HDFStore", FILES),
    **_names("pandas", "read_parquet read_orc", FOLLOWED),
    **_names("builtins", "input breakpoint", PEOPLE),
    **_names("builtins", "id hash", PROCESS),
    **_names("sys", "argv path", ENVIRONMENT),
    **_names("sys", "modules _getframe stdin", PROCESS),
    **_names("os.path", "exists lexists isfile isdir islink ismount samefile", ENVIRONMENT),
    **_names("os.path", "getsize getmtime getatime getctime", ENVIRONMENT),
    **_names("os.path", "abspath realpath expanduser expandvars", ENVIRONMENT),
    **_names("os", "sep linesep pathsep altsep extsep fspath PathLike name fsencode", ""),
    **_names("os", "fsdecode path", ""),
    **_names("numpy.random", "Generator BitGenerator", ""),
}

_PREFIXES: Final = (
    ("random.", CHANCE),
    ("numpy.random.", CHANCE),
    ("secrets.", CHANCE),
    ("os.path.", ""),
    ("os.", ENVIRONMENT),
    ("platform.", ENVIRONMENT),
    ("locale.", ENVIRONMENT),
    ("getpass.", ENVIRONMENT),
    ("tempfile.", WRITES),
    ("glob.", READS),
    ("shutil.", WRITES),
    ("gzip.", READS),
    ("bz2.", READS),
    ("lzma.", READS),
    ("codecs.open", READS),
    ("io.open", READS),
    ("io.FileIO", READS),
    ("zipfile.", READS),
    ("tarfile.", READS),
    ("sqlite3.", DATABASE),
    ("duckdb.", DATABASE),
    ("sqlalchemy.create_engine", DATABASE),
    ("psycopg", DATABASE),
    ("h5py.", FILES),
    ("netCDF4.", FILES),
    ("xarray.open_", FILES),
    ("cv2.", FILES),
    ("soundfile.", FILES),
    ("rasterio.", FILES),
    ("geopandas.read_", FILES),
    ("pyarrow.memory_map", FILES),
    ("pyarrow.OSFile", FILES),
    ("pyarrow.csv.", FILES),
    ("pyarrow.json.", FILES),
    ("pyarrow.orc.", FILES),
    ("pyarrow.fs.", FILES),
    ("pyarrow.parquet.write_", WRITES),
    ("pyarrow.parquet.", FOLLOWED),
    ("pyarrow.feather.write_", WRITES),
    ("pyarrow.feather.", FOLLOWED),
    ("pyarrow.dataset.write_", WRITES),
    ("pyarrow.dataset.dataset", FOLLOWED),
    ("polars.read_database", DATABASE),
    ("polars.read_", FOLLOWED),
    ("polars.scan_", FOLLOWED),
    ("psutil.", ENVIRONMENT),
    ("fsspec.", NETWORK),
    ("s3fs.", NETWORK),
    ("gcsfs.", NETWORK),
    ("boto3.", NETWORK),
    ("aiohttp.", NETWORK),
    ("urllib3.", NETWORK),
    ("subprocess.", PROGRAMS),
    ("socket.", NETWORK),
    ("urllib.request.", NETWORK),
    ("http.client.", NETWORK),
    ("requests.", NETWORK),
    ("httpx.", NETWORK),
)

_ENDINGS: Final = (
    ("Timestamp.now", CLOCK),
    ("Timestamp.today", CLOCK),
    ("Timestamp.utcnow", CLOCK),
    ("Path.cwd", ENVIRONMENT),
    ("Path.home", ENVIRONMENT),
)

_TABLES: Final = frozenset({"pandas", "polars", "numpy", "pyarrow"})
_READERS: Final = frozenset({"load", "loadtxt", "fromfile", "genfromtxt", "memmap"})

_PASSED_ON: Final = {
    "time": CLOCK,
    "random": CHANCE,
    "secrets": CHANCE,
    "numpy.random": CHANCE,
    "uuid": CHANCE,
    "os": ENVIRONMENT,
}

METHODS: Final = {
    "read_text": READS,
    "read_bytes": READS,
    "write_text": WRITES,
    "write_bytes": WRITES,
    "iterdir": READS,
    "rglob": READS,
    "is_file": ENVIRONMENT,
    "is_dir": ENVIRONMENT,
    "urlopen": NETWORK,
}
"""Methods that say what they do whatever they're called on."""

TOUCHES: Final = frozenset(
    [
        *("array", "base", "setflags", "flags", "ctypes", "data", "_values", "_mgr", "_data"),
        *("__array_interface__", "__dlpack__"),
    ]
)
"""Attributes by which a column's own memory can be reached and written to."""

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
        return "" if seeded else CHANCE
    if dotted in _EXACT:
        return _EXACT[dotted]
    for ending, why in _ENDINGS:
        if dotted.endswith(ending):
            return why
    for prefix, why in _PREFIXES:
        if dotted.startswith(prefix):
            return why
    top, _, last = dotted.rpartition(".")
    reads = last.startswith("read_") or last in _READERS
    return READS if reads and top.partition(".")[0] in _TABLES else ""


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
        return ENVIRONMENT
    generators = {"Random", "SystemRandom", "RandomState", "Generator"}
    if module.startswith(("random", "numpy.random")) and kind.__name__ in generators:
        return f"{CHANCE} from a generator that lives outside of it"
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
