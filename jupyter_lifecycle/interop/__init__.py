"""Other people's code and ours: Hamilton's modules, MLflow models both ways, plain modules."""

from __future__ import annotations

from jupyter_lifecycle.interop.hamilton import from_hamilton
from jupyter_lifecycle.interop.mlflow import to_mlflow
from jupyter_lifecycle.interop.mlflow_in import from_mlflow

__all__ = ["from_hamilton", "from_mlflow", "to_mlflow"]
