"""How models of frameworks are asked with rows, where their own ``predict`` does not take them."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.envelope.formats import packages_of
from jupyter_lifecycle.envelope.writing import is_frame
from jupyter_lifecycle.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Callable


def framed(model: Any) -> Callable[[Any], Any] | None:
    """Give what answers rows for a model; None where its own ``predict`` or call does.

    Parameters
    ----------
    model
        A PyTorch module, a Keras or ONNX model, an XGBoost booster; anything else gives None.
    """
    packages = packages_of(model)
    if "torch" in packages and hasattr(model, "parameters"):
        if "keras" in packages:
            return _Keras(model)
        return _Torch(model) if not callable(getattr(model, "predict", None)) else None
    if "keras" in packages:
        return _Keras(model)
    if "onnx" in packages:
        return _Onnx(model)
    if packages[:1] == ("xgboost",) and type(model).__name__ == "Booster":
        return _Booster(model)
    return None


def finished(answer: Any) -> Any:
    """Give what an asynchronous function gives, and what a generator yields, as a list.

    Parameters
    ----------
    answer
        What the model's function returned; anything else is given back.
    """
    if inspect.isgenerator(answer):
        return list(answer)
    if inspect.iscoroutine(answer):
        return _awaited(answer)
    if inspect.isasyncgen(answer):
        return _awaited(_collected(answer))
    return answer


async def _collected(items: Any) -> list[Any]:
    return [item async for item in items]


def _awaited(coroutine: Any) -> Any:
    """Run to its end, in a thread of its own where this one has a loop, as a notebook's has."""
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


class _Torch:
    """A module, asked with a tensor of the dtype of its parameters, in evaluation mode."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def __call__(self, rows: Any) -> Any:
        import numpy as np
        import torch

        parameter = next(iter(self._model.parameters()), None)
        floating = parameter is not None and parameter.is_floating_point()
        dtype = parameter.dtype if floating else torch.float32  # type: ignore[union-attr]
        values = rows.to_numpy() if is_frame(rows) else np.asarray(rows)
        tensor = torch.from_numpy(np.ascontiguousarray(values))
        if tensor.is_floating_point():
            tensor = tensor.to(dtype)
        if parameter is not None:
            tensor = tensor.to(parameter.device)
        trained = self._model.training
        self._model.eval()
        try:
            with torch.inference_mode():
                return _plain(self._model(tensor))
        finally:
            self._model.train(trained)


def _plain(answer: Any) -> Any:
    """Tensors as arrays, also inside tuples and dicts."""
    if isinstance(answer, dict):
        return {name: _plain(value) for name, value in answer.items()}
    if isinstance(answer, list | tuple):
        return [_plain(value) for value in answer]
    return answer.numpy(force=True) if hasattr(answer, "numpy") else answer


class _Keras:
    """A Keras model, asked with an array; it does not draw a progress bar."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def __call__(self, rows: Any) -> Any:
        import numpy as np

        values = rows.to_numpy() if is_frame(rows) else np.asarray(rows)
        return self._model.predict(values.astype("float32"), verbose=0)


class _Booster:
    """An XGBoost booster, which takes its own matrices only."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def __call__(self, rows: Any) -> Any:
        import xgboost

        return self._model.predict(xgboost.DMatrix(rows))


class _Onnx:
    """An ONNX model in onnxruntime; rows go to its one input, or each column to its own."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._session: Any = None

    def __call__(self, rows: Any) -> Any:
        import numpy as np
        import onnxruntime

        if self._session is None:
            self._session = onnxruntime.InferenceSession(
                self._model.SerializeToString(), providers=["CPUExecutionProvider"]
            )
        inputs = self._session.get_inputs()
        given: dict[str, Any] = {}
        if len(inputs) == 1:
            values = rows.to_numpy() if is_frame(rows) else np.asarray(rows)
            given[inputs[0].name] = values.astype(_onnx_dtype(inputs[0].type))
        else:
            for one in inputs:
                if not is_frame(rows) or one.name not in rows.columns:
                    raise SchemaError(
                        f"The model takes {', '.join(i.name for i in inputs)}; the rows have no "
                        f"column {one.name}. Give a frame with a column for each."
                    )
                column = rows[one.name].to_numpy().astype(_onnx_dtype(one.type))
                given[one.name] = column.reshape(-1, 1)
        answers = self._session.run(None, given)
        return _flat(answers[0])


def _flat(answer: Any) -> Any:
    """Give a matrix of one column as a vector: one value a row."""
    one = getattr(answer, "ndim", 1) == 2 and answer.shape[1] == 1
    return answer[:, 0] if one else answer


def _onnx_dtype(word: str) -> str:
    """``tensor(float)`` → ``float32``."""
    inner = word.removeprefix("tensor(").removesuffix(")")
    return {"float": "float32", "double": "float64", "string": "object"}.get(inner, inner)
