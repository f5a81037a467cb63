"""XGBoost's and LightGBM's own files: readable by later versions, and from other languages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.envelope.formats import Stored, framework, unsuitable_if

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class XGBoostFormat:
    """Boosters and the estimators of XGBoost as UBJSON."""

    name = "xgboost"

    def fits(self, model: Any) -> bool:
        """Whether it is a Booster, or one of XGBoost's estimators."""
        return type(model).__module__.partition(".")[0] == "xgboost" and hasattr(
            model, "save_model"
        )

    def dump(self, model: Any, folder: Path, pickle: Callable[..., bytes]) -> Stored:  # noqa: ARG002 - the protocol's
        """Write ``model.ubj``.

        Raises
        ------
        UnsuitableError
            Where a parameter is code, or iterations stay outside of the file.
        """
        parameters = model.get_params() if hasattr(model, "get_params") else {}
        code = next((name for name, value in parameters.items() if callable(value)), "")
        unsuitable_if(
            [
                (bool(code), f"XGBoost's file does not hold the function given as {code}"),
                (
                    type(model).__name__ not in dir(framework("xgboost", "xgboost")),
                    f"{type(model).__qualname__} is not of XGBoost's public classes",
                ),
            ]
        )
        file = folder / "model.ubj"
        model.save_model(file)
        return Stored(self.name, file.name, ("xgboost", *_learning(model)))

    def load(self, file: Path, kind: str, unpickle: Callable[..., Any]) -> Any:  # noqa: ARG002 - the protocol's
        """Read ``model.ubj`` into the class that ``kind`` names."""
        model = getattr(framework("xgboost", "xgboost"), kind.rpartition(".")[2])()
        model.load_model(file)
        return model


def _learning(model: Any) -> tuple[str, ...]:
    """XGBoost's estimators need scikit-learn, which it does not require."""
    return ("sklearn",) if hasattr(model, "get_params") else ()


class LightGBMFormat:
    """Boosters of LightGBM as its text; its estimators hold more than the text does."""

    name = "lightgbm"

    def fits(self, model: Any) -> bool:
        """Whether it is a Booster."""
        return type(model).__module__ == "lightgbm.basic" and type(model).__name__ == "Booster"

    def dump(self, model: Any, folder: Path, pickle: Callable[..., bytes]) -> Stored:  # noqa: ARG002 - the protocol's
        """Write ``model.txt``."""
        file = folder / "model.txt"
        best = model.best_iteration if model.best_iteration > 0 else -1
        file.write_text(model.model_to_string(num_iteration=best), "utf-8")
        return Stored(self.name, file.name, ("lightgbm",))

    def load(self, file: Path, kind: str, unpickle: Callable[..., Any]) -> Any:  # noqa: ARG002 - the protocol's
        """Read ``model.txt``."""
        return framework("lightgbm", "lightgbm").Booster(model_str=file.read_text("utf-8"))
