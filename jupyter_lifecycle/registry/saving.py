"""``jl.save``: from a model to an envelope in a registry."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.registry import words
from jupyter_lifecycle.registry.attaching import contents_of, measured
from jupyter_lifecycle.registry.facade import Registry, user_name
from jupyter_lifecycle.registry.origins import as_artifacts

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from jupyter_lifecycle.envelope import Bundle
    from jupyter_lifecycle.registry.handle import Envelope


@dataclass(frozen=True, slots=True)
class Labels:
    """What an envelope starts with in its registry; no part of its id."""

    tags: Mapping[str, str]
    metrics: Mapping[str, Any]
    artifacts: Mapping[str, Any] = field(default_factory=dict)


def save(  # noqa: PLR0913 - what a save may be told; all but the model by name
    model: Any,
    *,
    name: str,
    example: Any,
    tags: Mapping[str, str] | None = None,
    metrics: Mapping[str, Any] | None = None,
    artifacts: Mapping[str, Any] | Sequence[Any] | None = None,
    registry: Registry | str | os.PathLike[str] | None = None,
    sign: bool | str | None = None,
    training: Any = None,
    features: Any = None,
    expectations: Any = None,
    format: str = "auto",  # noqa: A002 - the word of the manifest
    progress: Callable[[str, float, str], None] | None = None,
) -> Envelope:
    """Save a model or function as an envelope.

    Its schema is made, the stored model is loaded in another process and answers the example
    there, and only then is anything written to the registry, all of it in one step.

    Parameters
    ----------
    model : object
        Anything that predicts, or a function.
    name : str
        What versions of this model share, such as ``departure-delay``.
    example : DataFrame, dict, list of dict
        Some rows or arguments that it can answer.
    tags : Mapping[str, str], optional
        What it starts with; rules see them.
    metrics : Mapping, optional
        What was measured: numbers, series by step, confusion matrices, curves.
    artifacts : Mapping or list of paths, optional
        What is added to it: figures, tables, texts, values by name, or files.
    registry : Registry, str or path, optional
        Where to; None is the user's own.
    sign : bool or str, optional
        Whether it's signed, or the name of the key; by default what your policy says
        (``jupyter lifecycle key policy --sign NAME``).
    training : DataFrame, optional
        The training data: its profile becomes the envelope's expectations.
    features : FeatureGraph or Session, optional
        The features that made the inputs. With the notebook's session (``jl.session()``) those
        that can travel do, and the envelope takes raw rows.
    expectations : Expectations, optional
        From :func:`jupyter_lifecycle.expect`, perhaps changed by hand.
    format : str, optional
        How the model is stored; ``auto`` is the framework's own format where there is one that
        fits, else cloudpickle.
    progress : callable, optional
        Called after each step with its name, its seconds and one fact.

    Returns
    -------
    Envelope
        With ``existed`` where the same content was there already.

    Raises
    ------
    RegistryError
        The name, a tag, a metric or an artifact cannot be: said before any work is done.
    SchemaError, ExampleError, StorageFormatError
        The model cannot be saved, with what is wrong.
    """
    words.check_name(name)
    labels = Labels(words.check_tags(tags or {}), metrics or {}, contents_of(artifacts))
    measured(labels.metrics)
    from jupyter_lifecycle.envelope.keys import signing_key

    key = signing_key(sign)
    where = registry if isinstance(registry, Registry) else Registry(registry)
    from jupyter_lifecycle.envelope import build

    bundle = build(
        model,
        name=name,
        example=example,
        training=training,
        author=user_name(),
        features=features,
        expectations=expectations,
        format=format,
        progress=progress,
    )
    if key:
        bundle.sign(key)
    return keep(bundle, where, labels, progress)


def keep(
    bundle: Bundle,
    registry: Registry,
    labels: Labels,
    progress: Callable[[str, float, str], None] | None = None,
) -> Envelope:
    """Add what was built, and say so as the last step of a save."""
    started = time.perf_counter()
    envelope = registry.add(
        bundle,
        tags=labels.tags,
        metrics=labels.metrics,
        artifacts={**as_artifacts(), **labels.artifacts},
        author=bundle.author,
    )
    if progress is not None:
        fact = (
            "nothing new: it was there already" if envelope.existed else f"as {envelope.short_id}"
        )
        progress("store", time.perf_counter() - started, fact)
    return envelope
