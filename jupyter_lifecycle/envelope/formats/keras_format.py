"""Keras' own ``.keras`` file, with the notebook's own layers beside it."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.envelope.formats import Stored, framework
from jupyter_lifecycle.envelope.formats.repacking import repack, without

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_CUSTOM = "custom.pkl"
_BACKEND = "keras.json"


class KerasFormat:
    """Models of Keras 3, on whichever backend."""

    name = "keras"

    def fits(self, model: Any) -> bool:
        """Whether it is a Keras model."""
        return isinstance(model, framework("keras", "keras").Model)

    def dump(self, model: Any, folder: Path, pickle: Callable[..., bytes]) -> Stored:
        """Write ``model.keras``, its backend, and classes that are not Keras' own."""
        backend = framework("keras", "keras").backend.backend()
        file = folder / "model.keras"
        model.save(file)
        repack(file, changed=without("metadata.json", "date_saved"))
        (folder / _BACKEND).write_text(json.dumps({"backend": backend}), "utf-8")
        (folder / _CUSTOM).write_bytes(pickle(_custom(model)))
        return Stored(self.name, file.name, ("keras", backend))

    def load(self, file: Path, kind: str, unpickle: Callable[..., Any]) -> Any:  # noqa: ARG002 - the protocol's
        """Read both, on the backend it was saved on where Keras is not loaded yet."""
        if "keras" not in sys.modules:
            backend = json.loads(file.with_name(_BACKEND).read_text("utf-8"))["backend"]
            os.environ.setdefault("KERAS_BACKEND", backend)
        models = framework("keras", "keras").models
        custom = unpickle(file.with_name(_CUSTOM).read_bytes())
        return models.load_model(file, custom_objects=custom, compile=False)


def _custom(model: Any) -> dict[str, Any]:
    """Classes of the model and its layers that Keras does not have, by the name that it asks by."""
    parts = [model, *model._flatten_layers()]  # noqa: SLF001 - Keras' own way to all layers
    kinds = {type(part) for part in parts}
    return {
        kind.__name__: kind
        for kind in sorted(kinds, key=lambda one: one.__qualname__)
        if kind.__module__.partition(".")[0] != "keras"
    }
