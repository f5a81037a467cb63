"""The wire: TypeScript is written from Python, and both agree."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("wire_types", ROOT / "scripts" / "wire_types.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_is_committed_is_what_the_generator_writes(generator: ModuleType) -> None:
    committed = (ROOT / "labextension" / "src" / "wire.ts").read_text(encoding="utf-8")
    assert committed == generator.render(), "run python scripts/wire_types.py"
    assert generator.main(["--check"]) == 0


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        (int, "number"),
        (list[str], "readonly string[]"),
        (list[tuple[str, float]], "readonly (readonly [string, number])[]"),
        (float | None, "number | null"),
        (list[float | None], "readonly (number | null)[]"),
    ],
)
def test_an_annotation_has_one_form(generator: ModuleType, hint: object, expected: str) -> None:
    assert generator.typescript(hint) == expected


def test_what_has_no_form_is_refused(generator: ModuleType) -> None:
    with pytest.raises(TypeError, match="no form on the wire"):
        generator.typescript(complex)
