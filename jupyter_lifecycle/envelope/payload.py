"""The stored model: a cloudpickle of it and its arguments' annotations, or a format of its own."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import pickle
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from jupyter_lifecycle.envelope.formats import (
    DEFAULT,
    Format,
    Stored,
    UnsuitableError,
    format_named,
)
from jupyter_lifecycle.envelope.local_code import by_value
from jupyter_lifecycle.envelope.refusal import refusal
from jupyter_lifecycle.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from jupyter_lifecycle.envelope.manifest import ModelInfo

MODEL = "model.pkl"
PROTOCOL = 5
_CLOUDPICKLE = "cloudpickle.cloudpickle"


@dataclasses.dataclass(frozen=True, slots=True)
class Dumped:
    """What was written."""

    stored: Stored
    packages: frozenset[str]
    """Top-level packages of the objects in it."""
    reason: str = ""
    """Why the framework's own format was not used, where there is one."""


def dump(
    model: Any,
    hints: Mapping[str, Any],
    folder: Path,
    local: tuple[str, ...],
    chosen: Format | None = None,
) -> Dumped:
    """Write a model so that it can be read where the user's own code is not.

    Parameters
    ----------
    model
        Any object that cloudpickle or ``chosen`` can store.
    hints : Mapping
        Resolved annotations of its arguments; only cloudpickle keeps some.
    folder : Path
        Where the files go; the caller removes it on failure.
    local : tuple of str
        Modules that travel by value.
    chosen : Format, optional
        The format to store it in.

    Raises
    ------
    StorageFormatError
        Names the object that cannot be stored and the path to it.
    """
    reason = ""
    with by_value(local):
        try:
            if chosen is not None and not hints:
                seen: set[str] = set()
                try:
                    stored = chosen.dump(model, folder, partial(_pickled, seen))
                    return Dumped(stored, frozenset({*seen, *stored.modules}))
                except UnsuitableError as problem:
                    reason = str(problem)
            data, packages = _dumps((model, dict(hints)))
        except Exception as problem:
            raise refusal(model, problem) from problem
    file = folder / MODEL
    file.write_bytes(data)
    return Dumped(Stored(DEFAULT, file.name), packages, reason)


def _pickled(seen: set[str], value: Any, persistent: Callable[[Any], Any] | None = None) -> bytes:
    data, packages = _dumps(value, persistent)
    seen |= packages
    return data


def load_stored(
    folder: Path,
    info: ModelInfo,
    unpickle: Callable[..., Any],
) -> tuple[Any, dict[str, Any]]:
    """Give the model of an envelope's folder and its hints; runs code, after trust was asked.

    Parameters
    ----------
    folder : Path
        Its files' digests were checked.
    info : ModelInfo
        Says which file and format.
    unpickle : callable
        ``unpickle(data, persistent=None)``: reads a pickle.

    Raises
    ------
    EnvelopeError
        Where nobody knows the format.
    MissingExtraError
        Where its framework is not installed.
    """
    if info.format == DEFAULT:
        model, hints = unpickle((folder / info.file).read_bytes())
        return model, hints
    return format_named(info.format).load(folder / info.file, info.kind, unpickle), {}


def dump_features(
    stored: Any, parts: Mapping[str, Any], file: Path, local: tuple[str, ...]
) -> frozenset[str]:
    """Write features that travel, as :func:`dump` writes a model.

    Parameters
    ----------
    stored
        As :func:`jupyter_lifecycle.envelope.travel.store` gives them.
    parts : Mapping
        Their functions and values by name, to say which cannot be stored.
    file, local
        As for :func:`dump`.

    Raises
    ------
    StorageFormatError
        Names the feature that cannot be stored and the path in it.
    """
    with by_value(local):
        try:
            data, packages = _dumps(stored)
        except Exception as problem:
            raise refusal(dict(parts), problem, "features") from problem
    file.write_bytes(data)
    return packages


def _dumps(
    value: Any, persistent: Callable[[Any], Any] | None = None
) -> tuple[bytes, frozenset[str]]:
    import cloudpickle

    homes: set[str | None] = set()

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
        """Notes the modules of objects, and keeps the marks of dataclasses what they are."""

        def reducer_override(self, obj: Any) -> Any:
            homes.add(getattr(obj, "__module__", None))
            if isinstance(obj, ModuleType):
                homes.add(obj.__name__)
            # code compares it by identity
            return "MISSING" if obj is dataclasses.MISSING else super().reducer_override(obj)

    stream = io.BytesIO()
    pickler = Pickler(stream, protocol=PROTOCOL)
    if persistent is not None:
        pickler.persistent_id = persistent
    pickler.dump(value)
    tops = (home.partition(".")[0] for home in homes if isinstance(home, str))
    return stream.getvalue(), frozenset(tops)


class Reader(pickle.Unpickler):
    """Unpickles, with classes of its own for those that travel by value.

    cloudpickle would find the class of that name in the process that saved and set its state
    anew: the user's own class, in the notebook, would get copies of its methods and fields.
    """

    def __init__(self, data: bytes, persistent: Callable[[Any], Any] | None = None) -> None:
        super().__init__(io.BytesIO(data))
        self._persistent = persistent
        self._token = f"{uuid4().hex}-"

    def persistent_load(self, pid: Any) -> Any:
        """Give what a format keeps outside of the stream.

        Raises
        ------
        UnpicklingError
            Where this stream has nothing outside.
        """
        if self._persistent is None:
            raise pickle.UnpicklingError("the stream names an object outside of it")
        return self._persistent(pid)

    def find_class(self, module: str, name: str) -> Any:
        """Give what the stream names."""
        found = super().find_class(module, name)
        if module == _CLOUDPICKLE and name in ("_make_skeleton_class", "_make_skeleton_enum"):
            return self._apart(found)
        return found

    def _apart(self, make: Callable[..., Any]) -> Callable[..., Any]:
        def made(*arguments: Any) -> Any:
            *rest, tracker, extra = arguments
            return make(*rest, tracker and f"{self._token}{tracker}", extra)

        return made


def unpickle(data: bytes, persistent: Callable[[Any], Any] | None = None) -> Any:
    """Read a pickle. This runs code: callers have asked for trust before."""
    return Reader(data, persistent).load()


def load(data: bytes) -> tuple[Any, dict[str, Any]]:
    """Give the model and its hints from ``model.pkl``. This runs code, after trust was asked."""
    model, hints = unpickle(data)
    return model, hints


def read_checked(file: Path, sha256: str) -> bytes:
    """Give a file's bytes, if they are what the manifest says.

    Raises
    ------
    IntegrityError
        Where the digest differs or the file is gone.
    """
    try:
        data = file.read_bytes()
    except OSError as problem:
        raise IntegrityError(f"{file.name} cannot be read: {problem.strerror}.") from problem
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise IntegrityError(
            f"{file.name} is not what the manifest says: its SHA-256 is {found[:12]}…, "
            f"{sha256[:12]}… is expected. Fetch the envelope again.",
            file=file.name,
        )
    return data
