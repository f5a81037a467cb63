"""The same corpus through MLflow, BentoML and vetiver: what each records of an environment, rebuilt.

Each peer saves with what it does by itself: nobody lists packages for it. Two parts:

- ``save`` runs in the peer's own interpreter, called by ``environments.py --save-with PEER``;
- this file, run by ``python -I environments_peers.py PEER FOLDER`` in the environment that was
  built from what the peer recorded, loads the model there and answers the example.

It needs no package but the peer, so that it runs anywhere.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def plain(value: Any) -> Any:
    """An answer as JSON, to be compared."""
    if hasattr(value, "model_dump"):
        return plain(value.model_dump())
    if hasattr(value, "detach"):
        return value.detach().tolist()
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "to_dict"):
        return value.to_dict("list")
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return getattr(value, "value", value)


def asked(model: Any, example: Any) -> Any:
    """The model's answer, as its users get it in the notebook."""
    ask = getattr(model, "predict", model)
    if not isinstance(example, dict):
        return ask(tensor(model, example))
    return ask(**typed(kinds_of(ask), example))


def kinds_of(ask: Any) -> dict[str, Any]:
    """The classes that a function's arguments are annotated with."""
    import typing

    try:
        hints = typing.get_type_hints(ask)
    except (NameError, TypeError):
        return {}
    return {name: kind for name, kind in hints.items() if isinstance(kind, type)}


def typed(kinds: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    """Arguments as the annotations want them: a person would write ``Order(price=…)``."""
    return {
        name: kinds[name](**value) if isinstance(value, dict) and kinds.get(name, dict) is not dict
        else value
        for name, value in example.items()
    }  # fmt: skip


def tensor(model: Any, rows: Any) -> Any:
    """Rows as a PyTorch module takes them."""
    if not hasattr(model, "parameters"):
        return rows
    import torch

    return torch.tensor(rows.to_numpy(), dtype=torch.float32)


def save(peer: str, model: Any, example: Any, folder: Path) -> None:
    """Save with a peer, and what it recorded as ``requirements.txt``."""
    is_frame = hasattr(example, "columns")
    shown = example.to_dict("list") if is_frame else example
    (folder / "example.json").write_text(json.dumps({"frame": is_frame, "value": shown}))
    (folder / "answers.json").write_text(json.dumps(plain(asked(model, example))))
    {"mlflow": _save_mlflow, "bentoml": _save_bentoml, "vetiver": _save_vetiver}[peer](
        model, example, folder
    )


def _save_mlflow(model: Any, example: Any, folder: Path) -> None:
    """By the flavour of the framework, else as a model in Python; requirements are inferred."""
    import mlflow

    package = type(model).__module__.partition(".")[0]
    flavours = {"sklearn": "sklearn", "xgboost": "xgboost", "lightgbm": "lightgbm"}
    if package in flavours:
        flavour = getattr(mlflow, flavours[package])
        more = {"serialization_format": "cloudpickle"} if package == "sklearn" else {}
        flavour.save_model(model, folder / "model", input_example=example, **more)
        return
    if package == "statsmodels":
        mlflow.statsmodels.save_model(model, folder / "model", input_example=example)
        return
    if hasattr(model, "parameters"):
        mlflow.pytorch.save_model(
            model, folder / "model", input_example=example.to_numpy().astype("float32")
        )
        return
    import cloudpickle

    cloudpickle.register_pickle_by_value(sys.modules[__name__])  # it is no part of the model
    ask = getattr(model, "predict", model)
    kinds = kinds_of(ask)

    class Wrapped(mlflow.pyfunc.PythonModel):
        """What MLflow's guide tells people to write around a function."""

        def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:  # noqa: ARG002
            if not isinstance(example, dict):
                return ask(model_input)
            row = {name: model_input[name].iloc[0] for name in model_input.columns}
            return ask(**typed(kinds, row))

    import pandas as pd

    shown = pd.DataFrame([example]) if isinstance(example, dict) else example
    mlflow.pyfunc.save_model(folder / "model", python_model=Wrapped(), input_example=shown)


def _save_bentoml(model: Any, example: Any, folder: Path) -> None:
    """By the framework's module, else as a pickle; packages are the user's to list, none is."""
    import bentoml

    package = type(model).__module__.partition(".")[0]
    if hasattr(model, "parameters"):
        package = "pytorch"
    modules = ("sklearn", "xgboost", "lightgbm", "pytorch")
    module = package if package in modules else "picklable_model"
    saver = getattr(bentoml, module)
    if isinstance(example, dict):
        import cloudpickle

        cloudpickle.register_pickle_by_value(sys.modules[__name__])  # it is no part of the model
        model = _by_name(model)
    more = {} if module != "picklable_model" else {"signatures": {"__call__": {}}}
    saved = saver.save_model("corpus", model, **more)
    bentoml.models.export_model(saved.tag, str(folder / "model.bentomodel"))
    (folder / "module.txt").write_text(module)
    (folder / "requirements.txt").write_text(f"bentoml=={bentoml.__version__}\n")


def _by_name(model: Any) -> Any:
    """A function of plain values around one of classes, as a service's users would write it."""
    ask = getattr(model, "predict", model)
    kinds = kinds_of(ask)
    return lambda **given: ask(**typed(kinds, given))


def _save_vetiver(model: Any, example: Any, folder: Path) -> None:
    """With the example as its prototype; it records the framework's package."""
    import vetiver
    from pins import board_folder

    board = board_folder(str(folder / "board"), allow_pickle_read=True)
    made = vetiver.VetiverModel(model, "corpus", prototype_data=example)
    vetiver.vetiver_pin_write(board, made)
    needed = list(made.metadata.required_pkgs or [])
    lines = [f"vetiver=={vetiver.__version__}", *needed]
    (folder / "requirements.txt").write_text("\n".join(dict.fromkeys(lines)) + "\n")


def loaded(peer: str, folder: Path) -> Any:
    """The model, as the peer loads it."""
    if peer == "mlflow":
        import mlflow

        return mlflow.pyfunc.load_model(str(folder / "model"))
    if peer == "bentoml":
        import bentoml

        found = bentoml.models.import_model(str(folder / "model.bentomodel"))
        return getattr(bentoml, (folder / "module.txt").read_text()).load_model(found.tag)
    from pins import board_folder
    from vetiver import VetiverModel

    board = board_folder(str(folder / "board"), allow_pickle_read=True)
    return VetiverModel.from_pin(board, "corpus")


def answered(peer: str, model: Any, example: dict[str, Any]) -> Any:
    """The loaded model's answer to the example."""
    value = example["value"]
    if example["frame"]:
        import pandas as pd

        value = pd.DataFrame(value)
    if peer == "bentoml":
        return asked(model, value)
    if peer == "vetiver":
        return model.handler_predict(value, check_prototype=False)
    if not example["frame"]:
        import pandas as pd

        value = pd.DataFrame([value])
    elif model.metadata.flavors.get("pytorch"):
        value = value.to_numpy().astype("float32")
    return model.predict(value)


def same(one: Any, other: Any) -> bool:
    """Whether two answers are the same but for the last digits, and for a frame around them."""
    if isinstance(other, dict) and not isinstance(one, dict) and len(other) == 1:
        other = next(iter(other.values()))
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(other, list) and len(other) == 1:
        return same(one, other[0])
    numbers = isinstance(one, int | float) and isinstance(other, int | float)
    return abs(one - other) <= 1e-5 * max(1.0, abs(one)) if numbers else one == other


def main() -> None:
    peer, folder = sys.argv[1], Path(sys.argv[2])
    example = json.loads((folder / "example.json").read_text())
    found = json.loads(json.dumps(plain(answered(peer, loaded(peer, folder), example))))
    expected = json.loads((folder / "answers.json").read_text())
    if not same(expected, found):
        sys.exit(f"answers otherwise: {str(found)[:80]}, not {str(expected)[:80]}")


if __name__ == "__main__":
    main()
