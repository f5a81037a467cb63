"""An envelope's manifest, written by hand: schema and expectations of a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jupyter_lifecycle.envelope import Expectations, Manifest, Schema, expect
from jupyter_lifecycle.envelope.describing import fields_of_frame
from jupyter_lifecycle.envelope.environment import Environment
from jupyter_lifecycle.envelope.manifest import ExampleInfo, FileEntry, ModelInfo

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd


def manifest_of_frame(frame: pd.DataFrame, expectations: Expectations | None = None) -> Manifest:
    files = ("model.pkl", "example.json", "answers.json")
    return Manifest(
        name="delay",
        model=ModelInfo("tests.delay", "predict"),
        schema=Schema("frame", "frame", fields_of_frame(frame)),
        example=ExampleInfo(2, repeatable=True),
        environment=Environment("3.11.7", "cpython", "linux-x86_64", ()),
        files={name: FileEntry("0" * 64, 1) for name in files},
        expectations=(expectations or expect(frame)).frozen,
    )


@pytest.fixture
def manifest_like() -> Callable[..., Manifest]:
    return manifest_of_frame
