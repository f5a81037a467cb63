"""Advice where raw rows were given and the model's columns are taken, or the other way round."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jupyter_lifecycle.envelope.manifest import Manifest

_FEW = 3


def with_hint(problem: InputError, manifest: Manifest, rows: Any) -> InputError:
    """Give a refusal with advice, where the columns say that rows of the other kind were meant.

    Parameters
    ----------
    problem : InputError
        What the schema said.
    manifest : Manifest
        Its lineage has the features behind the model's columns.
    rows
        What was given: a frame, or JSON.
    """
    advice = _advice(manifest, columns_of(rows))
    if not advice:
        return problem
    message = f"{problem.message.rstrip('.')}. {advice}"
    return InputError(message, **{**problem.detail, "hint": advice})


def columns_of(rows: Any) -> frozenset[str]:
    """Names of the columns that were given; empty where they have none."""
    if hasattr(rows, "columns"):
        return frozenset(map(str, rows.columns))
    first = rows[0] if isinstance(rows, list | tuple) and rows else rows
    return frozenset(map(str, first)) if isinstance(first, dict) else frozenset()


def _advice(manifest: Manifest, given: frozenset[str]) -> str:
    features = manifest.lineage.get("features")
    if not given or not isinstance(features, dict):
        return ""
    taken = {field.name for field in manifest.schema.inputs}
    travel = features.get("travel") or {}
    computed = [name for name in travel.get("computed", ()) if name not in taken]
    if travel.get("columns") and given.issuperset(travel["columns"]):
        return (
            f"These are the columns of the model itself ({_listed(computed)}); the envelope takes"
            " raw rows and computes them. Give raw rows, or ask envelope.load().predict(frame)."
        )
    raw = [name for name in features.get("inputs", ()) if name not in taken]
    if not computed and raw and given.issuperset(raw):
        return (
            f"These are raw rows ({_listed(raw)}); the envelope takes the features made of them:"
            " compute those first, or save with features=jl.session(), so that they travel."
        )
    return ""


def _listed(names: Iterable[str]) -> str:
    found = list(names)
    more = f", … {len(found) - _FEW} more" if len(found) > _FEW else ""
    return ", ".join(found[:_FEW]) + more
