"""Other people's code and ours: Hamilton, MLflow, the schemas of TFDV and pandera."""

from __future__ import annotations

from jupyter_lifecycle.interop.hamilton import from_hamilton
from jupyter_lifecycle.interop.mlflow import to_mlflow
from jupyter_lifecycle.interop.mlflow_in import from_mlflow
from jupyter_lifecycle.interop.pandera import from_pandera, to_pandera
from jupyter_lifecycle.interop.tfdv import from_tfdv, to_tfdv

__all__ = [
    "from_hamilton",
    "from_mlflow",
    "from_pandera",
    "from_tfdv",
    "to_mlflow",
    "to_pandera",
    "to_tfdv",
]
