"""Load a staged model as a stranger would, and answer its example: runs in the verifier's child."""

from __future__ import annotations

import builtins
import dataclasses
import importlib
import json
import sys
import time
import types
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.envelope.manifest import ModelInfo
from jupyter_lifecycle.envelope.payload import Reader, load_stored
from jupyter_lifecycle.envelope.query import describe_answer, query_of
from jupyter_lifecycle.envelope.schema import Schema
from jupyter_lifecycle.envelope.travel import FILE as FEATURES
from jupyter_lifecycle.envelope.travel import restore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_OURS = "jupyter_lifecycle."


class ImportLog:
    """Modules that the model's stream names, its code imports, and running it imported.

    Only imports at the first level count: what a library imports while it is itself imported is
    that library's own requirement.
    """

    def __init__(self) -> None:
        self.modules: set[str] = set()
        self.by_value: set[str] = set()
        self._depth = 0

    def add(self, name: str) -> None:
        """One module that is needed."""
        self.modules.add(name)

    def code(self, code: types.CodeType) -> None:
        """Give the imports written in a function that travels by value, run or not."""
        import dis

        waiting = [code]
        while waiting:
            current = waiting.pop()
            waiting += [item for item in current.co_consts if isinstance(item, types.CodeType)]
            for instruction in dis.get_instructions(current):
                if instruction.opname == "IMPORT_NAME":
                    self.modules.add(str(instruction.argval))

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Record imports while the block runs."""
        plain_import = builtins.__import__
        bootstrap: Any = importlib._bootstrap  # noqa: SLF001 - import_module calls it by this name
        plain_find = bootstrap._gcd_import  # noqa: SLF001

        def statement(
            name: str,
            globals: Any = None,  # noqa: A002 - the names of __import__
            locals: Any = None,  # noqa: A002
            fromlist: Any = (),
            level: int = 0,
        ) -> Any:
            importer = str((globals or {}).get("__name__", ""))
            with self._level():
                module = plain_import(name, globals, locals, fromlist, level)
            if not level and not importer.startswith(_OURS):
                self._note(name)
            return module

        def by_call(name: str, package: str | None = None, level: int = 0) -> Any:
            with self._level():
                module = plain_find(name, package, level)
            if not level:
                self._note(name)
            return module

        builtins.__import__ = statement
        bootstrap._gcd_import = by_call  # noqa: SLF001
        try:
            yield
        finally:
            builtins.__import__ = plain_import
            bootstrap._gcd_import = plain_find  # noqa: SLF001

    @contextmanager
    def _level(self) -> Iterator[None]:
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    def _note(self, name: str) -> None:
        if self._depth == 0:
            self.modules.add(name)


class _Reader(Reader):
    """Unpickles, and logs each module that the stream names."""

    def __init__(
        self, data: bytes, log: ImportLog, persistent: Callable[[Any], Any] | None = None
    ) -> None:
        super().__init__(data, persistent)
        self._log = log

    def find_class(self, module: str, name: str) -> Any:
        found = super().find_class(module, name)
        self._log.add(module)
        if isinstance(found, type):  # a library may have bases that it does not require
            self._log.modules.update(base.__module__ for base in found.__mro__)
        if module == "cloudpickle.cloudpickle" and name == "_make_function":
            return self._make_function(found)
        if module == "cloudpickle.cloudpickle" and name == "subimport":
            return self._subimport(found)
        return found

    def _make_function(self, make: Callable[..., Any]) -> Callable[..., Any]:
        def made(code: Any, names: Any, *rest: Any) -> Any:
            self._log.code(code)
            home = (names or {}).get("__name__")
            if isinstance(home, str):
                self._log.by_value.add(home)
            return make(code, names, *rest)

        return made

    def _subimport(self, subimport: Callable[[str], Any]) -> Callable[[str], Any]:
        def imported(name: str) -> Any:
            self._log.add(name)
            return subimport(name)

        return imported


class LocalCodeMissing:
    """A finder that refuses the user's own modules: elsewhere they are not there either."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = frozenset(names)

    def find_spec(self, name: str, *_: Any) -> None:
        """Refuse a local module; leave every other to the finders after this one.

        Raises
        ------
        ModuleNotFoundError
            For a module that lies beside the notebook only.
        """
        if name in self._names:
            raise ModuleNotFoundError(
                f"No module named {name!r}: it lies beside the notebook and is imported while the "
                "model runs. Import it at the top of the code, so that it travels along",
                name=name,
            )


def replay(request: dict[str, Any], stage: Callable[[str], None]) -> dict[str, Any]:
    """Unpickle the staged model, answer the stored example, and say what was seen.

    Parameters
    ----------
    request : dict
        ``directory`` (staged files), ``schema`` (inputs), ``model`` (how it is stored),
        ``local`` (modules that are not to be found).
    stage : callable
        Told ``load``, ``read`` and ``answer`` as they begin, so that a crash has a place.

    Returns
    -------
    dict
        ``outputs``, ``answer`` and ``aligned`` of the schema, ``answers`` (JSON), ``modules``,
        ``by_value``, ``load_seconds``, ``answer_seconds``.
    """
    directory = Path(request["directory"])
    sys.meta_path.insert(0, LocalCodeMissing(request["local"]))
    log = ImportLog()
    stage("load")
    started = time.perf_counter()
    with log.watching():
        info = ModelInfo(**request["model"])
        model, hints = load_stored(
            directory, info, lambda data, persistent=None: _Reader(data, log, persistent).load()
        )
        travelling = directory / FEATURES
        stored = _Reader(travelling.read_bytes(), log).load() if travelling.exists() else None
    loaded = time.perf_counter()
    query = query_of(model, hints)
    if stored is not None:
        query = dataclasses.replace(query, features=restore(stored))
    schema = Schema.from_json(request["schema"])
    stage("read")
    rows = schema.decode(json.loads((directory / "example.json").read_text("utf-8")))
    stage("answer")
    asked = time.perf_counter()
    with log.watching():
        answer = query.ask(schema, rows)
    answered = time.perf_counter()
    outputs, kind, aligned = describe_answer(query, schema, rows, answer)
    return {
        "outputs": [field.to_json() for field in outputs],
        "answer": kind,
        "aligned": aligned,
        "answers": schema.encode(answer),
        "modules": sorted(log.modules),
        "by_value": sorted(log.by_value),
        "load_seconds": loaded - started,
        "answer_seconds": answered - asked,
    }
