"""Getting an envelope's files from a registry, and whether its code may run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import TrustError
from jupyter_lifecycle.registry import bundles
from jupyter_lifecycle.registry.attaching import Attaching
from jupyter_lifecycle.registry.signed import KIND, as_artifacts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from jupyter_lifecycle.envelope import Bundle
    from jupyter_lifecycle.envelope.keys import Source
    from jupyter_lifecycle.envelope.signatures import Signature
    from jupyter_lifecycle.registry.backend import Progress


class Loading(Attaching):
    """The part of a registry about files, signatures and trust."""

    trust: bool
    _bundles: Path

    @property
    def location(self) -> str:
        """The folder or the server's address."""
        return self._backend.location

    @property
    def is_local(self) -> bool:
        """Whether it's embedded: no server, and rules on ``local`` run on this machine."""
        return self._backend.is_local

    @property
    def _source(self) -> Source:
        return "own" if self.is_local else "elsewhere"

    def bundle(self, id_or_prefix: str, *, progress: Progress | None = None) -> Bundle:
        """Have the envelope's files as a directory on this machine, downloaded once and checked.

        Nothing of it is run: that is for :meth:`Envelope.load`.
        """
        from jupyter_lifecycle.envelope import open_bundle
        from jupyter_lifecycle.envelope.keys import policy
        from jupyter_lifecycle.envelope.signatures import write_signatures

        id_ = id_or_prefix if len(id_or_prefix) == 40 else self._backend.get(id_or_prefix).id
        path = bundles.directory(self._backend, id_.lower(), self._bundles, progress)
        rules = policy()
        if rules.keys or rules.asks(self._source):
            write_signatures(path, self.signatures(id_))
        return open_bundle(path, trust=self.trust, source=self._source)

    def read_file(self, id_: str, files: Mapping[str, Mapping[str, Any]], name: str) -> bytes:
        """Give one file of an envelope, checked, without the others.

        Parameters
        ----------
        id_ : str
            Which envelope.
        files : Mapping
            ``files`` of its manifest.
        name : str
            Path of the file in the envelope.

        Raises
        ------
        NotFoundError
            It has no such file.
        IntegrityError
            The bytes are not what the manifest says.
        """
        return bundles.one_file(self._backend, id_, files, name)

    def check_trust(self, id_: str) -> None:
        """Refuse to load where nobody said that this registry's code may run.

        A signature by a key that this user trusts says so too; where the user's policy asks for
        one it must be there.

        Raises
        ------
        TrustError
            With the line that says so.
        """
        signer = self._signer(id_)
        if signer is None and not self.trust:
            raise TrustError(
                f"Loading {id_[:10]} runs code from {self.location}, which you have not trusted."
                f" To trust it: jupyter lifecycle trust {self.location},"
                " or Registry(…, trust=True).",
                id=id_,
                location=self.location,
            )

    def _signer(self, id_: str) -> str | None:
        """Name the trusted key that signed; None where no look is needed or nobody did."""
        from jupyter_lifecycle.envelope.keys import policy

        rules = policy()
        asks = rules.asks(self._source)
        if not asks and (self.trust or not rules.keys):
            return None
        record, manifest = self._backend.get(id_), self._backend.manifest(id_)
        return rules.check(record.name, manifest, self.signatures(id_), self._source)

    def signatures(self, id_or_prefix: str) -> tuple[Signature, ...]:
        """Give the signatures of an envelope; whether one fits is looked at before it's loaded."""
        from jupyter_lifecycle.envelope.signatures import parse_signatures

        found: list[Signature] = []
        for one in self.artifacts(id_or_prefix):
            if one.kind == KIND:
                found += parse_signatures(self.read_artifact(id_or_prefix, one.name)[1])
        return tuple(found)

    def sign(self, id_or_prefix: str, key: str | None = None) -> Signature:
        """Sign an envelope with one of this user's keys, and keep the signature with it.

        Parameters
        ----------
        id_or_prefix : str
            Which envelope.
        key : str, optional
            The key's name, or a ``.pem`` file; by default the one that saves are signed with.

        Raises
        ------
        EnvelopeError
            There is no such key.
        """
        from jupyter_lifecycle.envelope.keys import signed

        signature = signed(self._backend.manifest(id_or_prefix), key)
        self.attach(id_or_prefix, as_artifacts([signature]))
        return signature
