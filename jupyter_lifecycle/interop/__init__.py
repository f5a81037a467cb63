"""Other people's code and ours: Hamilton's modules in, plain modules and MLflow models out."""

from __future__ import annotations

from jupyter_lifecycle.interop.hamilton import from_hamilton
from jupyter_lifecycle.interop.mlflow import to_mlflow

__all__ = ["from_hamilton", "to_mlflow"]
