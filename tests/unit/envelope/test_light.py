"""Importing the envelope loads nothing heavy; serving loads what the model needs."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module", ["jupyter_lifecycle.envelope", "jupyter_lifecycle.envelope.serving"]
)
def test_nothing_heavy_is_loaded(module):
    heavy = "pandas numpy pyarrow cloudpickle packaging sqlalchemy fastapi pydantic IPython sklearn"
    code = f"import sys, {module}; print([m for m in {heavy.split()!r} if m in sys.modules])"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"


def test_a_schema_reads_arguments_without_pandas():
    code = """
import sys
from jupyter_lifecycle.envelope import Field, Schema
schema = Schema("arguments", "keywords", (Field("a", "integer"),))
assert schema.decode({"a": 1.0}) == {"a": 1}
assert schema.encode({"x": float("nan")}) == {"x": None}
assert "pandas" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
