"""The store: one class over database and files, behind the server and the embedded registry."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import IntegrityError, InvalidValueError
from jupyter_lifecycle.registry import words
from jupyter_lifecycle.registry.artifacts import (
    FolderArtifacts,
    copy_out,
    place,
    put,
    read_chunks,
)
from jupyter_lifecycle.registry.manifest import read_manifest
from jupyter_lifecycle.registry.records import NO_SERIES, Page
from jupyter_lifecycle.registry.store import (
    attachments,
    backup,
    envelopes,
    evaluation,
    facets,
    labels,
    once,
    pins,
    planning,
    rules,
    search,
    trash,
)
from jupyter_lifecycle.registry.store.attached import Attached
from jupyter_lifecycle.registry.store.bin import Bin
from jupyter_lifecycle.registry.store.database import Database
from jupyter_lifecycle.registry.store.events import Change
from jupyter_lifecycle.registry.store.feed import Feed
from jupyter_lifecycle.registry.store.keyring import Keyring
from jupyter_lifecycle.registry.store.mailbox import Mailbox
from jupyter_lifecycle.registry.store.observing import Observing
from jupyter_lifecycle.registry.store.reports import Reports
from jupyter_lifecycle.registry.store.trialing import Trialing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from jupyter_lifecycle.registry.artifacts import Artifacts
    from jupyter_lifecycle.registry.backend import Progress
    from jupyter_lifecycle.registry.records import (
        EndpointChange,
        EndpointRecord,
        EnvelopeRecord,
        Facet,
        NewArtifact,
        Preview,
        Rule,
        Series,
        TagChange,
        Want,
    )
    from jupyter_lifecycle.registry.store.backup import Backup


class Store(Reports, Observing, Trialing, Attached, Feed):
    """Envelopes, tags, metrics, rules and deployments in a database, files beside it.

    Every method is one transaction. It may be used from several threads, and the same database
    by several processes.

    Parameters
    ----------
    database : Database
        SQLite or PostgreSQL.
    artifacts : Artifacts
        Where files are kept.
    author : str
        In whose name changes are made; see :meth:`by`.
    location : str
        What the user calls this registry.
    key : str, optional
        Of the request that is carried out; see :meth:`once`.
    """

    is_local = True

    def __init__(
        self,
        database: Database,
        artifacts: Artifacts,
        *,
        author: str,
        location: str = "",
        key: str | None = None,
    ) -> None:
        self._key = key
        self._database = database
        self._artifacts = artifacts
        self._author = author
        self.location = location or database.url.render_as_string(hide_password=True)

    @classmethod
    def in_folder(cls, folder: Path, *, author: str) -> Store:
        """Open the embedded store: ``registry.db`` and ``artifacts/``, made at the first write."""
        file = folder / "registry.db"
        database = Database(f"sqlite:///{file}", file=file)
        artifacts = FolderArtifacts(folder / "artifacts")
        return cls(database, artifacts, author=author, location=str(folder))

    def by(self, author: str, only: Sequence[str] = ()) -> Store:
        """Give the same store, acting for somebody else, who may change only certain names."""
        store = Store(self._database, self._artifacts, author=author, location=self.location)
        if not only:
            return store
        from jupyter_lifecycle.registry.store.limited import LimitedStore

        return LimitedStore(store, only)

    def once(self, key: str | None) -> Store:
        """Give the same store, where tags and metrics of one key are written once.

        A request that is sent again, since its answer was lost, has the same key.
        """
        return Store(
            self._database, self._artifacts, author=self._author, location=self.location, key=key
        )

    @property
    def artifacts(self) -> Artifacts:
        """Where files are kept."""
        return self._artifacts

    @property
    def mailbox(self) -> Mailbox:
        """The webhooks, and what is on its way to them."""
        return Mailbox(self._database, self._author)

    @property
    def keyring(self) -> Keyring:
        """The tokens of a server."""
        return Keyring(self._database, self._author)

    @property
    def bin(self) -> Bin:
        """What was deleted, and files that nothing refers to."""
        return Bin(self._database, self._artifacts, self._author)

    def back_up(self, folder: Path, progress: Progress | None = None) -> Backup:
        """Write everything into a folder, as files that need no database."""
        return backup.create(self._database, self._artifacts, folder, progress)

    def bring_back(self, folder: Path, progress: Progress | None = None) -> Backup:
        """Bring a backup back, into a registry that has nothing yet."""
        return backup.restore(self._database, self._artifacts, folder, progress)

    def prepare(self) -> None:
        """Make or migrate the database now rather than at the first use."""
        with self._database.writing():
            pass

    def check(self) -> None:
        """Ask whether the database answers and files can be written.

        Raises
        ------
        RegistryUnavailableError
            One of both cannot be used now.
        """
        self.newest_event()
        self._artifacts.check()

    def close(self) -> None:
        """Close all connections."""
        self._database.dispose()

    # -- envelopes

    def search(
        self, query: str, limit: int, cursor: str | None, skip: int = 0
    ) -> Page[EnvelopeRecord]:
        """One page of the envelopes that match; see docs/registry.md for the language.

        Raises
        ------
        QueryError
            The query does not parse, or the cursor is not one of its.
        """
        if not 1 <= limit <= search.MAX_LIMIT:
            raise InvalidValueError(f"A page has 1 to {search.MAX_LIMIT:,} items, not {limit}.")
        if not 0 <= skip <= search.MAX_SKIP:
            raise InvalidValueError(f"0 to {search.MAX_SKIP:,} items can be skipped, not {skip}.")
        with self._database.reading() as connection:
            parsed = search.read_query(connection, query)
            start = None if cursor is None else search.decode_cursor(query, cursor, parsed.order)
            found = planning.page(connection, parsed, limit + 1, start, skip)
            shown = [one.row for one in found[:limit]]
            records = envelopes.records(connection, shown, self._load_manifest)
        more = len(found) > limit
        return Page(records, search.encode_cursor(query, found[limit - 1]) if more else None)

    def latest(self, query: str) -> EnvelopeRecord:
        """Give the first match.

        Raises
        ------
        NotFoundError
            Nothing matches; the message says what removes everything, where one thing does.
        """
        with self._database.reading() as connection:
            parsed = search.read_query(connection, query)
            id_ = search.latest(connection, parsed, query)
            seq, _ = envelopes.seq_of(connection, id_)
            return envelopes.record(connection, seq, self._load_manifest)

    def count(self, query: str) -> int:
        """How many envelopes match."""
        with self._database.reading() as connection:
            return planning.count(connection, search.read_query(connection, query).where)

    def get(self, prefix: str) -> EnvelopeRecord:
        """Give the envelope whose id starts so.

        Raises
        ------
        NotFoundError
            There is none.
        ConflictError
            There are several.
        """
        with self._database.reading() as connection:
            seq, _ = envelopes.seq_of(connection, prefix)
            return envelopes.record(connection, seq, self._load_manifest)

    def manifest(self, id_: str) -> bytes:
        """Give the manifest of an envelope, byte for byte as it was saved."""
        with self._database.reading() as connection:
            return envelopes.manifest_text(connection, id_).encode()

    def names(self) -> tuple[str, ...]:
        """Give the names in use, in order."""
        with self._database.reading() as connection:
            return envelopes.names(connection)

    def keys(self, family: str) -> tuple[str, ...]:
        """Give the keys of ``tags`` or ``metrics`` in use, in order; at most 300."""
        if family not in {"tags", "metrics"}:
            raise InvalidValueError(f"There are keys of tags and of metrics, not of {family!r}.")
        with self._database.reading() as connection:
            return search.keys(connection, family)

    def facet(self, field: str, prefix: str, limit: int) -> Facet:
        """Describe a field by what it holds."""
        with self._database.reading() as connection:
            return facets.facet(connection, field, prefix, limit)

    def add(
        self,
        manifest: bytes,
        tags: Mapping[str, str],
        metrics: Mapping[str, float],
        author: str | None,
        artifacts: Sequence[NewArtifact] = (),
        series: Series = NO_SERIES,
    ) -> tuple[EnvelopeRecord, bool]:
        """Add an envelope whose files are there already, with all that it starts with.

        Parameters
        ----------
        manifest : bytes
            The manifest as the bundle has it; its SHA-256 makes the id.
        tags, metrics : Mapping
            What it starts with. Where the envelope is here already they are set on top.
        author : str or None
            Whose work it is; None: who acts.
        artifacts : sequence of NewArtifact
            What is added to it; their content is there already too.
        series : Mapping
            Metrics by step.

        Returns
        -------
        (EnvelopeRecord, bool)
            The envelope, and whether it was here before.

        Raises
        ------
        IntegrityError
            The manifest is none, or one of its files is not here.
        """
        set_, values = words.check_tags(tags), words.check_metrics(metrics)
        facts = read_manifest(manifest)
        for file in facts.files:
            here = self._artifacts.size(file.digest)
            if here != file.size:
                raise IntegrityError(
                    f"File {file.digest[:10]} of envelope {facts.id[:10]} is not here whole:"
                    f" {here or 0:,} of {file.size:,} bytes. Send its files first.",
                    digest=file.digest,
                )
        added, steps = self._sized(artifacts), words.check_series(series)
        whose = words.check_text("An author", author or self._author, 200)
        with self._database.writing() as (connection, now):
            change = Change(connection, now, self._author)
            if trash.holds(connection, facts.id):
                trash.move_out(change, facts.id)
            existed = envelopes.known(connection, facts.id)
            if existed is not None:
                attachments.write(change, existed, facts.id, added)
                self._label(change, existed, facts.id, set_, values, steps)
                return envelopes.record(connection, existed, self._load_manifest), True
            seq = envelopes.insert_envelope(change, facts, manifest.decode(), whose)
            change.tell("envelope.saved", facts.id, {"name": facts.name, "author": whose})
            if set_:
                labels.write_tags(change, seq, facts.id, set_)
            if values:
                labels.write_metrics(change, seq, facts.id, values, None)
            if steps:
                labels.write_series(change, seq, facts.id, steps)
            attachments.write(change, seq, facts.id, added)
            evaluation.settle_new(change, seq, facts.id)
            return envelopes.record(connection, seq, self._load_manifest), False

    def _label(
        self,
        change: Change,
        seq: int,
        id_: str,
        set_: Mapping[str, str],
        values: Mapping[str, float],
        steps: Series,
    ) -> None:
        now = labels.current_tags(change.connection, seq)
        different = labels.tag_differences(now, set_, (), None)
        # A save that is sent twice logs its metrics once.
        values = labels.new_metrics(change.connection, seq, values)
        steps = labels.new_series(change.connection, seq, steps)
        touched = [*(f"tags.{key}" for key in different)]
        touched += [f"metrics.{key}" for key in (*values, *steps)]
        watched = evaluation.watch(change.connection, seq, touched)
        if different:
            labels.write_tags(change, seq, id_, different)
        if values:
            labels.write_metrics(change, seq, id_, values, None)
        if steps:
            labels.write_series(change, seq, id_, steps)
        evaluation.settle(change, seq, id_, watched)

    # -- files

    def missing(self, digests: Sequence[str]) -> tuple[str, ...]:
        """Those of these blobs that are not here."""
        unique = dict.fromkeys(digests)
        for digest in unique:
            self._artifacts.keep(digest)  # who asks is about to refer to it
        return tuple(digest for digest in unique if self._artifacts.size(digest) is None)

    def send(self, digest: str, path: Path, progress: Progress | None) -> None:
        """Store a file under its digest; nothing is seen of it before it's whole."""
        total, done = path.stat().st_size, 0
        with path.open("rb") as stream:

            def chunks() -> Iterable[bytes]:
                nonlocal done
                for chunk in read_chunks(stream):
                    yield chunk
                    done += len(chunk)
                    if progress is not None:
                        progress(done, total)

            put(self._artifacts, digest, chunks())

    def fetch(self, digest: str, target: Path, progress: Progress | None) -> None:
        """Have a blob as a file at ``target``: a link where it can be one."""
        source = self._artifacts.local(digest)
        if source is None:
            copy_out(self._artifacts, digest, target)
        else:
            place(source, target)
        if progress is not None:
            size = target.stat().st_size
            progress(size, size)

    # -- tags

    def tag(
        self,
        id_: str,
        set_: Mapping[str, str],
        unset: Sequence[str],
        expect: Mapping[str, str | None] | None,
    ) -> EnvelopeRecord:
        """Change tags, all or none; rules are evaluated in the same transaction.

        Raises
        ------
        ConflictError
            A tag is not what ``expect`` says (None: that there is none).
        """
        with self._database.writing() as (connection, now):
            change = Change(connection, now, self._author)
            if once.seen(change, self._key):
                return self._record(connection, id_)
            seq, _ = self._tag(change, id_, set_, unset, expect)
            return envelopes.record(connection, seq, self._load_manifest)

    def _record(self, connection: Connection, id_: str) -> EnvelopeRecord:
        seq, _ = envelopes.seq_of(connection, id_)
        return envelopes.record(connection, seq, self._load_manifest)

    def _tag(
        self,
        change: Change,
        id_: str,
        set_: Mapping[str, str],
        unset: Sequence[str],
        expect: Mapping[str, str | None] | None,
    ) -> tuple[int, Preview]:
        wanted, gone = words.check_tags(set_), words.check_keys(unset)
        connection = change.connection
        seq, whole = envelopes.seq_of(connection, id_)
        now = labels.current_tags(connection, seq)
        different = labels.tag_differences(now, wanted, gone, expect)
        if not different:
            return seq, evaluation.preview((), len(evaluation.all_rules(connection)))
        watched = evaluation.watch(connection, seq, [f"tags.{key}" for key in different])
        labels.write_tags(change, seq, whole, different)
        moved = evaluation.settle(change, seq, whole, watched)
        return seq, evaluation.preview(moved, len(evaluation.all_rules(connection)))

    def tag_history(self, id_: str) -> tuple[TagChange, ...]:
        """Every change of every tag, oldest first."""
        with self._database.reading() as connection:
            return labels.tag_history(connection, envelopes.seq_of(connection, id_)[0])

    # -- rules

    def set_rule(self, rule: Rule) -> Rule:
        """Write a new version of a rule and decide what its endpoint should serve."""
        rules.check_rule(rule)
        with self._database.writing() as (connection, now):
            written, _ = rules.write_rule(Change(connection, now, self._author), rule)
            return written

    def remove_rule(self, endpoint: str) -> None:
        """Remove a rule; what serves goes on until somebody stops it."""
        with self._database.writing() as (connection, now):
            rules.remove_rule(Change(connection, now, self._author), endpoint)

    def rules(self) -> tuple[Rule, ...]:
        """All rules, by endpoint."""
        with self._database.reading() as connection:
            return evaluation.all_rules(connection)

    def preview(self, id_: str, set_: Mapping[str, str], unset: Sequence[str]) -> Preview:
        """Say what changing tags would move: the change is made and rolled back."""
        with self._database.writing(keep=False) as (connection, now):
            change = Change(connection, now, self._author)
            return self._tag(change, id_, set_, unset, None)[1]

    def preview_rule(self, rule: Rule) -> Preview:
        """Say what writing a rule would move: it's written and rolled back."""
        rules.check_rule(rule)
        with self._database.writing(keep=False) as (connection, now):
            _, moved = rules.write_rule(Change(connection, now, self._author), rule)
            return evaluation.preview((moved,), 1)

    def set_pin(self, endpoint: str, id_: str | None) -> EndpointRecord:
        """Hold an endpoint at an envelope, or with None let its rule decide again."""
        with self._database.writing() as (connection, now):
            self._pin(Change(connection, now, self._author), endpoint, id_)
            return rules.endpoint_record(connection, endpoint)

    def preview_pin(self, endpoint: str, id_: str | None) -> Preview:
        """Say what a pin would move: it's written and rolled back."""
        with self._database.writing(keep=False) as (connection, now):
            moved = self._pin(Change(connection, now, self._author), endpoint, id_)
            return evaluation.preview((moved,), 1)

    def _pin(self, change: Change, endpoint: str, id_: str | None) -> EndpointChange:
        whole = None if id_ is None else envelopes.seq_of(change.connection, id_)[1]
        return pins.set_pin(change, endpoint, whole)

    def wants(self) -> tuple[Want, ...]:
        """Say what each endpoint with a rule should serve."""
        with self._database.reading() as connection:
            return rules.all_wants(connection)

    def _load_manifest(self, id_: str) -> Mapping[str, Any]:
        found: dict[str, Any] = json.loads(self.manifest(id_))
        return found
