"""Rules as people write them, and what a change would do before it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import NotFoundError, RuleError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from jupyter_lifecycle.registry import Envelope, Registry
    from jupyter_lifecycle.registry.records import OnNone, Preview, Rule

TARGETS = ("local",)


def rule(
    endpoint: str,
    *,
    when: str,
    order_by: str = "created_at desc",
    target: str = "local",
    on_none: OnNone = "keep",
    registry: Registry | str | os.PathLike[str] | None = None,
    **options: Any,
) -> Rule:
    """Say what an endpoint serves: the best match of a query, now and after every change.

    Writing the rule that is there already changes nothing, unless its last deployment failed:
    then it is tried again.

    Parameters
    ----------
    endpoint : str
        Name of the endpoint: lower case letters, digits and ``-``.
    when : str
        Which envelopes match, such as ``name = 'ltv' and tags.approved = 'yes'``.
    order_by : str
        The first of them in this order is served.
    target : {"local"}
        Where it is served: a process on this machine, kept by its deployer.
    on_none : {"keep", "retire"}
        Where nothing matches any more: the last one keeps serving, or requests are answered 503.
    registry : Registry, str or path, optional
        None is the user's own.
    **options
        How the service runs: see :class:`jupyter_lifecycle.deployment.options.Options`.

    Returns
    -------
    Rule
        As the registry has it, with its version.

    Raises
    ------
    RuleError
        For a target, an option or a value that cannot be.
    QueryError
        Where a query does not parse; ``detail["position"]`` counts characters.
    DeploymentError
        Where the deployer that it needs does not start.
    """
    from jupyter_lifecycle.deployment.detach import see_to_deployer
    from jupyter_lifecycle.deployment.options import Options
    from jupyter_lifecycle.deployment.reaction_options import with_whole_paths
    from jupyter_lifecycle.registry.records import Rule

    if target not in TARGETS:
        raise RuleError(f"There is no target {target!r}. There is: {', '.join(TARGETS)}.")
    options = with_whole_paths(options)
    Options.parse(options)
    where = registry_of(registry)
    wanted = Rule(endpoint, when, order_by, target, on_none, options)
    written = _unchanged(where, wanted) or where.set_rule(wanted)
    see_to_deployer(where)
    return written


def _unchanged(registry: Registry, wanted: Rule) -> Rule | None:
    """Give the rule that is there, if it says the same and there is nothing to try again."""
    try:
        record = registry.endpoint(wanted.endpoint)
    except NotFoundError:
        return None
    before = record.rule
    if before is None or record.state == "failed":
        return None
    same = all(
        getattr(before, part) == getattr(wanted, part)
        for part in ("when", "order_by", "target", "on_none")
    )
    return before if same and dict(before.options) == dict(wanted.options) else None


def preview(
    envelope: Envelope | str,
    *,
    set: Mapping[str, str] | None = None,  # noqa: A002 - the word that Registry.tag has too
    unset: Iterable[str] = (),
    registry: Registry | str | os.PathLike[str] | None = None,
) -> Preview:
    """Say which endpoints would move if an envelope's tags changed; nothing is written.

    Parameters
    ----------
    envelope : Envelope or str
        The envelope, or its id or the beginning of it.
    set : Mapping[str, str], optional
        Tags that would be set.
    unset : iterable of str
        Keys of tags that would be removed.
    registry : Registry, str or path, optional
        Where an id is looked up; None is the user's own.

    Returns
    -------
    Preview
        Each endpoint that would move: from what, to what, and why.
    """
    if isinstance(envelope, str):
        where = registry_of(registry)
        return where.preview(where.get(envelope).id, set, unset)
    return envelope.registry.preview(envelope.id, set, unset)


def envelope_of(query_or_id: str, registry: Registry) -> Envelope:
    """Give the envelope with an id, or whose id begins so; else a query's first match.

    Raises
    ------
    NotFoundError
        Where there is none.
    """
    if len(query_or_id) >= 4 and all(letter in "0123456789abcdef" for letter in query_or_id):
        return registry.get(query_or_id)
    return registry.latest(query_or_id)


def registry_of(registry: Registry | str | os.PathLike[str] | None) -> Registry:
    """Give the registry that an argument means."""
    from jupyter_lifecycle.registry import Registry

    return registry if isinstance(registry, Registry) else Registry(registry)
