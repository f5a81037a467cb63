"""ONNX: the model's own bytes; reading them runs no code of the model's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.envelope.formats import Stored, framework, unsuitable_if

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class OnnxFormat:
    """Models as ``onnx.ModelProto``, answered by onnxruntime."""

    name = "onnx"

    def fits(self, model: Any) -> bool:
        """Whether it is a model of ONNX."""
        return isinstance(model, framework("onnx", "onnx").ModelProto)

    def dump(self, model: Any, folder: Path, pickle: Callable[..., bytes]) -> Stored:  # noqa: ARG002 - the protocol's
        """Write ``model.onnx``.

        Raises
        ------
        UnsuitableError
            Where its weights lie in other files.
        """
        external = any(one.external_data for one in model.graph.initializer)
        unsuitable_if([(external, "its weights lie in other files: load them with onnx.load")])
        file = folder / "model.onnx"
        file.write_bytes(model.SerializeToString(deterministic=True))
        return Stored(self.name, file.name, ("onnx", "onnxruntime"))

    def load(self, file: Path, kind: str, unpickle: Callable[..., Any]) -> Any:  # noqa: ARG002 - the protocol's
        """Read ``model.onnx``."""
        return framework("onnx", "onnx").load_model_from_string(file.read_bytes())
