"""The error tree: drawn as it is, and the same on both ends of the wire."""

from __future__ import annotations

import pytest

from jupyter_lifecycle import errors
from jupyter_lifecycle.errors import (
    LifecycleError,
    NotFoundError,
    RegistryError,
    did_you_mean,
    from_wire,
)


def every_error(base: type[LifecycleError] = LifecycleError) -> list[type[LifecycleError]]:
    return [base, *(found for child in base.__subclasses__() for found in every_error(child))]


def ours() -> list[type[LifecycleError]]:
    return [kind for kind in every_error() if kind.__module__ == errors.__name__]


def test_each_error_is_drawn_in_the_tree_with_its_depth() -> None:
    drawn = {}
    for line in (errors.__doc__ or "").splitlines():
        if "Error" in line and "::" not in line and "`" not in line:
            bare = line.lstrip(" │├└─")
            drawn[bare.split()[0]] = (len(line) - len(bare) - 4) // 4
    assert drawn == {kind.__name__: len(kind.__mro__) - LifecycleErrorDepth for kind in ours()}


LifecycleErrorDepth = len(LifecycleError.__mro__)


def test_codes_are_unique() -> None:
    codes = [kind.code for kind in ours()]
    assert sorted(codes) == sorted(set(codes))


@pytest.mark.parametrize("kind", ours(), ids=lambda kind: kind.__name__)
def test_an_error_crosses_the_wire_unchanged(kind: type[LifecycleError]) -> None:
    sent = kind("What, where, why.", name="a", position=3)
    came = from_wire(sent.to_wire())
    assert type(came) is kind
    assert (came.message, came.detail, str(came)) == (
        sent.message,
        sent.detail,
        "What, where, why.",
    )


@pytest.mark.parametrize(
    "body",
    [{}, {"error": "x"}, {"error": {"message": 3}}, [], "text", {"detail": "Not Found"}],
    ids=["empty", "text error", "number message", "list", "text", "another framework's"],
)
def test_a_foreign_body_becomes_a_registry_error_with_the_status(body: object) -> None:
    came = from_wire(body, status=502)  # type: ignore[arg-type]
    assert type(came) is RegistryError
    assert "502" in came.message


def test_an_unknown_code_keeps_the_message() -> None:
    came = from_wire({"error": {"code": "from the future", "message": "Something new."}})
    assert type(came) is RegistryError
    assert came.message == "Something new."


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("alpah", ["alpha", "beta"], " Did you mean alpha?"),
        ("zzz", ["alpha", "beta"], ""),
        ("visiblity", ["visibility"], " Did you mean visibility?"),
        ("a", [], ""),
    ],
)
def test_near_misses(name: str, known: list[str], said: str) -> None:
    assert did_you_mean(name, known) == said


def test_not_found_is_404() -> None:
    assert NotFoundError.status == 404
