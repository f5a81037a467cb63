"""The registry as people use it: one class, embedded or remote."""

from __future__ import annotations

import getpass
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

from jupyter_lifecycle.errors import IntegrityError, RegistryError
from jupyter_lifecycle.places import cache_home, chosen_registry, data_home
from jupyter_lifecycle.registry import bundles, words
from jupyter_lifecycle.registry.attaching import contents_of, measured, send
from jupyter_lifecycle.registry.handle import Envelope
from jupyter_lifecycle.registry.loading import Loading
from jupyter_lifecycle.registry.observing import Observing
from jupyter_lifecycle.registry.records import Page, Rule, served_before
from jupyter_lifecycle.registry.reporting import Reporting
from jupyter_lifecycle.registry.signed import as_artifacts
from jupyter_lifecycle.registry.trialing import Trialing
from jupyter_lifecycle.registry.trust import is_trusted, normal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jupyter_lifecycle.envelope import Bundle
    from jupyter_lifecycle.registry.backend import Backend, Progress
    from jupyter_lifecycle.registry.query import Completion
    from jupyter_lifecycle.registry.records import (
        Collected,
        DeletedEnvelope,
        EndpointRecord,
        EnvelopeRecord,
        Event,
        Facet,
        MetricPoint,
        Preview,
        TagChange,
        Want,
    )

TOKEN_VARIABLE = "JUPYTER_LIFECYCLE_TOKEN"  # noqa: S105 - the name of a variable


class Registry(Reporting, Observing, Trialing, Loading):
    """Where envelopes are kept, found, tagged and watched by rules.

    Parameters
    ----------
    location : str or Path, optional
        None: the one that ``$JUPYTER_LIFECYCLE_REGISTRY`` names, else the user's own, in
        ``$JUPYTER_LIFECYCLE_HOME`` or the platform's data folder, made at the first write.
        A path: the same in another folder. ``http(s)://…``: a server.
    token : str, optional
        For a server; ``$JUPYTER_LIFECYCLE_TOKEN`` where it's not given.
    trust : bool, optional
        Whether models from here may be loaded, which runs their code. True for the embedded
        registry; for a server what ``jupyter lifecycle trust URL`` said before, else False.
    read_only : bool
        Whether all that would change something is refused with ForbiddenError.

    Examples
    --------
    >>> registry = Registry("/tmp/models")                                # doctest: +SKIP
    >>> registry.search("tags.team = 'forecasting' order by metrics.mae") # doctest: +SKIP
    """

    def __init__(
        self,
        location: str | os.PathLike[str] | None = None,
        *,
        token: str | None = None,
        trust: bool | None = None,
        read_only: bool = False,
    ) -> None:
        location = chosen_registry() if location is None else location
        remote = isinstance(location, str) and location.lower().startswith(("http://", "https://"))
        if remote:
            self._backend = _remote(str(location), token)
            self.trust = is_trusted(str(location)) if trust is None else bool(trust)
            self._bundles = cache_home() / "envelopes"
        else:
            folder = _folder(location)
            self._backend = _embedded(folder)
            self.trust = trust is None or bool(trust)
            self._bundles = folder / "envelopes"
        self.read_only = read_only
        if read_only:
            from jupyter_lifecycle.registry.readonly import ReadOnly

            self._backend = cast("Backend", ReadOnly(self._backend))

    def __repr__(self) -> str:
        kind = "embedded" if self.is_local else "remote"
        return f"Registry({self.location!r}, {kind}{'' if self.trust else ', not trusted'})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close connections and files; the registry opens them again when it's used."""
        self._backend.close()

    # -- finding

    def search(
        self, query: str = "", *, limit: int = 20, cursor: str | None = None, skip: int = 0
    ) -> Page[Envelope]:
        """One page of the envelopes that match a query.

        Parameters
        ----------
        query : str
            Such as ``name = 'x' and tags.team = 'y' order by metrics.mae``; docs/registry.md has
            the language. Without an order the newest come first.
        limit : int
            Envelopes on a page, at most 1,000.
        cursor : str, optional
            ``cursor`` of the page before.
        skip : int, optional
            Envelopes that are left out first: a jump to the 50,000th needs no page before it.

        Raises
        ------
        QueryError
            The query does not parse; ``detail["position"]`` counts characters from 0.
        """
        page = self._backend.search(query, limit, cursor, skip)
        return Page(tuple(self._handle(record) for record in page), page.cursor)

    def latest(self, query: str = "") -> Envelope:
        """Give the first match; without an order, the newest.

        Raises
        ------
        NotFoundError
            Nothing matches; the message says which condition alone removes everything, if one does.
        """
        return self._handle(self._backend.latest(query))

    def get(self, id_or_prefix: str) -> Envelope:
        """Give the envelope with this id, or whose id starts so.

        Raises
        ------
        NotFoundError
            There is none.
        ConflictError
            There are several; ``detail["candidates"]`` has some.
        """
        return self._handle(self._backend.get(id_or_prefix))

    def count(self, query: str = "") -> int:
        """How many envelopes match."""
        return self._backend.count(query)

    def names(self) -> tuple[str, ...]:
        """Give the names in use, in order."""
        return self._backend.names()

    def keys(self, family: str = "tags") -> tuple[str, ...]:
        """Give the keys of ``tags`` or ``metrics`` in use, in order; at most 300."""
        return self._backend.keys(family)

    def facet(self, field: str, prefix: str = "", *, limit: int = 20) -> Facet:
        """Describe a field by what it holds: its commonest values, or the range of a metric.

        Parameters
        ----------
        field : str
            ``name``, ``author``, ``python``, ``tags.team``, ``metrics.mae`` or ``package.numpy``.
        prefix, limit : str, int
            Only values that start so are listed, so many at most, up to 100.
        """
        return self._backend.facet(field, prefix, limit)

    def complete(self, query: str, position: int | None = None) -> Completion:
        """Say what may come next in a query at the caret's place, by default its end."""
        from jupyter_lifecycle.registry.query import complete

        return complete(query, len(query) if position is None else position, self)

    # -- envelopes

    def add(
        self,
        bundle: Bundle,
        *,
        tags: Mapping[str, str] | None = None,
        metrics: Mapping[str, Any] | None = None,
        artifacts: Mapping[str, Any] | Sequence[Any] | None = None,
        author: str | None = None,
        progress: Progress | None = None,
    ) -> Envelope:
        """Add a bundle: its files first, then, in one step, the envelope.

        Adding the same content again makes nothing new; ``existed`` of the answer says so, and
        tags and metrics are set on the one that is there.

        Parameters
        ----------
        bundle : Bundle
            From :func:`jupyter_lifecycle.envelope.build` or ``open_bundle``.
        tags, metrics : Mapping, optional
            What it starts with; metrics as :meth:`Envelope.log_metrics` takes them.
        artifacts : Mapping or list of paths, optional
            What is added to it, as :meth:`attach` takes it.
        author : str, optional
            Whose work it is.
        progress : callable, optional
            Called with bytes done and bytes in all.

        Raises
        ------
        IntegrityError
            A file is not what its digest says.
        RegistryError
            Tags or metrics cannot be.
        """
        marks = {} if bundle.manifest.verified else {"schema": "unverified"}
        set_, found = words.check_tags({**marks, **(tags or {})}), measured(metrics or {})
        contents = {**found.contents, **contents_of(artifacts), **as_artifacts(bundle.signatures)}

        def added() -> tuple[EnvelopeRecord, bool]:
            manifest = bundles.send(self._backend, bundle, progress)
            new = send(self._backend, contents)
            return self._backend.add(manifest, set_, found.scalars, author, new, found.series)

        try:
            record, existed = added()
        except IntegrityError:  # a file was collected meanwhile: what is missing now is sent again
            record, existed = added()
        return Envelope(record, self, existed=existed)

    def tag(
        self,
        id_or_prefix: str,
        set: Mapping[str, str] | None = None,  # noqa: A002 - the word that the preview has too
        unset: Iterable[str] = (),
        *,
        expect: Mapping[str, str | None] | None = None,
    ) -> Envelope:
        """Set and remove tags, all or none; rules follow in the same step.

        Parameters
        ----------
        id_or_prefix : str
            Which envelope.
        set : Mapping, optional
            Tags to set.
        unset : iterable of str
            Keys to remove; one that is not there is no error.
        expect : Mapping, optional
            What tags must be now for the change to be made; None: that there is none.

        Raises
        ------
        ConflictError
            A tag is not as expected; nothing was changed.
        """
        wanted, gone = words.check_tags(set or {}), words.check_keys(unset)
        return self._handle(self._backend.tag(id_or_prefix, wanted, gone, expect))

    def log_metrics(
        self, id_or_prefix: str, values: Mapping[str, Any], step: int | None = None
    ) -> Envelope:
        """Log metrics; the latest of each is what queries see, all are kept."""
        return self._handle(self._log(id_or_prefix, values, step))

    def tag_history(self, id_or_prefix: str) -> tuple[TagChange, ...]:
        """Every change of every tag, oldest first."""
        return self._backend.tag_history(id_or_prefix)

    def metric_history(self, id_or_prefix: str, key: str) -> tuple[MetricPoint, ...]:
        """Every logged value of a metric, in the order in which they came."""
        return self._backend.metric_history(id_or_prefix, key)

    # -- rules

    def set_rule(self, rule: Rule) -> Rule:
        """Write a rule; a rule for the same endpoint gets a new version."""
        return self._backend.set_rule(rule)

    def remove_rule(self, endpoint: str) -> None:
        """Remove a rule; what serves goes on until its deployer stops it."""
        self._backend.remove_rule(endpoint)

    def rules(self) -> tuple[Rule, ...]:
        """All rules, by endpoint."""
        return self._backend.rules()

    def preview(
        self,
        envelope_id: str,
        set: Mapping[str, str] | None = None,  # noqa: A002 - the word that tag has too
        unset: Iterable[str] = (),
    ) -> Preview:
        """Say what changing tags would move; nothing is written."""
        wanted, gone = words.check_tags(set or {}), words.check_keys(unset)
        return self._backend.preview(envelope_id, wanted, gone)

    def preview_rule(self, rule: Rule) -> Preview:
        """Say what writing a rule would move; nothing is written."""
        return self._backend.preview_rule(rule)

    def pin(self, endpoint: str, envelope: Envelope | str) -> EndpointRecord:
        """Hold an endpoint at an envelope until :meth:`unpin`, whatever its rule says.

        Who did it and when is on the endpoint (``record.pin``) and in the events.

        Raises
        ------
        NotFoundError
            No rule makes this endpoint, or there is no such envelope.
        """
        return self._backend.set_pin(endpoint, _id_of(envelope))

    def unpin(self, endpoint: str) -> EndpointRecord:
        """Let the rule of an endpoint decide again; one that is not pinned stays as it is."""
        return self._backend.set_pin(endpoint, None)

    def preview_pin(self, endpoint: str, envelope: Envelope | str | None) -> Preview:
        """Say what a pin would move, or with None what letting go would; nothing is written."""
        return self._backend.preview_pin(endpoint, _id_of(envelope) if envelope else None)

    def served_before(self, endpoint: str) -> str | None:
        """Give the id of what an endpoint served last before what it serves now.

        None where it never served anything else: there is nothing to roll back to.
        """
        return served_before(self._backend.endpoint(endpoint), self.deployments(endpoint, 100))

    def wants(self) -> tuple[Want, ...]:
        """Say what each endpoint with a rule should serve."""
        return self._backend.wants()

    def endpoint(self, name: str) -> EndpointRecord:
        """One endpoint: its rule, what it should serve and what it serves."""
        return self._backend.endpoint(name)

    def endpoints(self) -> tuple[EndpointRecord, ...]:
        """All endpoints, by name."""
        return self._backend.endpoints()

    # -- deleting

    def delete(self, envelope_id: str) -> DeletedEnvelope:
        """Move an envelope into the trash: nothing finds it, and it can be restored.

        Raises
        ------
        NotFoundError
            There is none.
        ConflictError
            An endpoint serves it, or should.
        """
        return self._backend.bin.delete(envelope_id)

    def restore(self, envelope_id: str) -> Envelope:
        """Take an envelope out of the trash, with its tags, metrics and their history."""
        return self.get(self._backend.bin.restore(envelope_id))

    def deleted(self) -> tuple[DeletedEnvelope, ...]:
        """All that is in the trash, the newest first."""
        return self._backend.bin.deleted()

    def collect(self, *, days: float = 30) -> Collected:
        """Remove for good what has been in the trash for so many days, and unused files.

        A file that was sent or asked for within a day stays, since the envelope that it's for may
        be on its way.
        """
        found = self._backend.bin.collect(days * 86_400)
        for id_ in found.envelopes:
            shutil.rmtree(self._bundles / id_, ignore_errors=True)
        return found

    # -- what happened

    def events(self, after: int = 0, limit: int = 100, *, wait: float = 0.0) -> tuple[Event, ...]:
        """Say what happened after event number ``after``, oldest first.

        Parameters
        ----------
        after, limit : int
            The number of the last event that is known, and how many are wanted, at most 1,000.
        wait : float
            Seconds to wait for one where there is none yet, at most 30.
        """
        return self._backend.events(after, limit, words.check_wait(wait))

    def _handle(self, record: EnvelopeRecord) -> Envelope:
        return Envelope(record, self)


def user_name() -> str:
    """Give the name under which the embedded registry writes what this user does."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such user in this container
        return "unknown"


def _id_of(envelope: Envelope | str) -> str:
    return envelope if isinstance(envelope, str) else envelope.id


def _folder(location: str | os.PathLike[str] | None) -> Path:
    if location is None:
        return data_home()
    text = os.fspath(location)
    if "://" in text:
        raise RegistryError(
            f"{text.split('://')[0]}:// is no registry that can be opened here. Give a folder, or"
            " the http address of a server; a server is started on a database by"
            " jupyter lifecycle registry --database URL."
        )
    folder = Path(text).expanduser().absolute()
    if folder.exists() and not folder.is_dir():
        raise RegistryError(f"{folder} is a file, and a registry is a folder.")
    return folder


def _embedded(folder: Path) -> Backend:
    from jupyter_lifecycle.registry.store import Store

    return Store.in_folder(folder, author=user_name())


def _remote(url: str, token: str | None) -> Backend:
    from jupyter_lifecycle.registry.client import Client

    return Client(normal(url), token or os.environ.get(TOKEN_VARIABLE))
