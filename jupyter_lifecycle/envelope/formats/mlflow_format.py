"""Models that MLflow wrote, as they are: MLflow itself loads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from jupyter_lifecycle.envelope.formats import Stored, UnsuitableError, framework

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FOLDER = "mlflow"
FILE = f"{FOLDER}/MLmodel"


class MlflowFormat:
    """Reads the directory that MLflow wrote; nothing is stored in it from here."""

    name = "mlflow"

    def fits(self, model: Any) -> bool:  # noqa: ARG002 - of the protocol
        """None: what MLflow wrote comes in by ``interop.from_mlflow``."""
        return False

    def dump(
        self,
        model: Any,
        folder: Path,  # noqa: ARG002 - of the protocol
        pickle: Callable[..., bytes],  # noqa: ARG002
    ) -> Stored:
        """Refuse: see :meth:`fits`."""
        return _refused(model)

    def load(self, file: Path, kind: str, unpickle: Callable[..., Any]) -> Any:  # noqa: ARG002
        """Have MLflow load its directory."""
        return framework("mlflow.pyfunc", "mlflow").load_model(str(file.parent))


def _refused(model: Any) -> NoReturn:
    raise UnsuitableError(f"a {type(model).__qualname__} is no directory that MLflow wrote")
