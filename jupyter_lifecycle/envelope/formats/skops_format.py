"""scikit-learn through skops: a file without code, whose types are looked at before it is read.

Types of scikit-learn, SciPy and numpy are known; a model with any other is unsuitable, since
reading it would mean to trust what nobody looked at.
"""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.envelope.formats import Stored, UnsuitableError, framework, packages_of
from jupyter_lifecycle.envelope.formats.repacking import numbered, repack
from jupyter_lifecycle.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_SCHEMA = "schema.json"
_KNOWN = ("sklearn", "scipy", "numpy")


class SkopsFormat:
    """Estimators of scikit-learn and pipelines of them."""

    name = "skops"

    def fits(self, model: Any) -> bool:
        """Whether it is an estimator of scikit-learn."""
        return "sklearn" in packages_of(model)

    def dump(self, model: Any, folder: Path, pickle: Callable[..., bytes]) -> Stored:  # noqa: ARG002 - the protocol's
        """Write ``model.skops``.

        Raises
        ------
        UnsuitableError
            Names the types that skops does not know.
        """
        skops = framework("skops.io", "skops")
        file = folder / "model.skops"
        try:
            skops.dump(model, file)
            unknown = _unknown(skops, file)
        except Exception as problem:  # what it raises differs by what it meets
            file.unlink(missing_ok=True)
            raise UnsuitableError(f"skops cannot store it: {problem}") from problem
        if unknown:
            file.unlink()
            raise UnsuitableError(f"skops does not know {', '.join(unknown)}")
        _repeatable(file)
        return Stored(self.name, file.name, ("skops", "sklearn"))

    def load(self, file: Path, kind: str, unpickle: Callable[..., Any]) -> Any:  # noqa: ARG002 - the protocol's
        """Read ``model.skops``.

        Raises
        ------
        IntegrityError
            Where it has a type that is not scikit-learn's, SciPy's or numpy's.
        """
        skops = framework("skops.io", "skops")
        unknown = _unknown(skops, file)
        if unknown:
            raise IntegrityError(f"{file.name} has types that nobody looked at: {unknown}.")
        return skops.load(file, trusted=skops.get_untrusted_types(file=file))


def _repeatable(file: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        schema = json.loads(archive.read(_SCHEMA))
    files = numbered(schema)
    text = json.dumps(schema, sort_keys=True).encode()
    repack(
        file,
        lambda name: files.get(name, name),
        lambda name, data: text if name == _SCHEMA else data,
    )


def _unknown(skops: Any, file: Path) -> list[str]:
    found = skops.get_untrusted_types(file=file)
    return [name for name in found if name.partition(".")[0] not in _KNOWN]
