"""An envelope's directory: read without running anything, loaded only where it is trusted."""

from __future__ import annotations

import json
import shutil
import weakref
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.envelope.archive import extract, write_archive
from jupyter_lifecycle.envelope.formats import DEFAULT
from jupyter_lifecycle.envelope.hints import with_hint
from jupyter_lifecycle.envelope.manifest import (
    FILE_NAME,
    ID_LENGTH,
    SIGNATURES,
    FileEntry,
    Manifest,
    identify,
    parse_manifest,
)
from jupyter_lifecycle.envelope.payload import load, load_stored, read_checked, unpickle
from jupyter_lifecycle.envelope.query import Query, query_of
from jupyter_lifecycle.envelope.signatures import read_signatures, write_signatures
from jupyter_lifecycle.envelope.staging import discard, stage
from jupyter_lifecycle.envelope.travel import load_features
from jupyter_lifecycle.errors import EnvelopeError, InputError, TrustError

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from jupyter_lifecycle.envelope.keys import Source
    from jupyter_lifecycle.envelope.proving import Proof
    from jupyter_lifecycle.envelope.schema import Schema
    from jupyter_lifecycle.envelope.signatures import Signature
    from jupyter_lifecycle.envelope.verification import Verdict

_checked: set[tuple[str, int, int, int, str]] = set()
"""Files of this process whose digests were found right: path, inode, size, time, digest."""


class Bundle:
    """One envelope as files. Its metadata is read at once; its model on demand.

    Parameters
    ----------
    path : Path
        The directory with ``manifest.json``.
    trust : bool, str or None
        True, or the envelope's id or its manifest's SHA-256, lets :meth:`load` run code.
    temporary : bool
        Whether the directory is removed with this object.
    source : str
        ``made``: by this process, or its caller has checked it; ``own``: from this user's own
        registry; ``elsewhere``. The policy of signatures asks.

    Attributes
    ----------
    id : str
        40 hex digits.
    manifest : Manifest
        All that never changes.
    author : str or None
        Who made it, where it was made here.
    schema_verified : bool
        Whether the model was seen to answer by its schema: always, but for what came from MLflow
        and was not verified yet.
    verdict : Verdict or None
        What the verifier saw and how long it took, where it was made here.
    """

    def __init__(
        self,
        path: Path,
        *,
        trust: bool | str | None = None,
        temporary: bool = False,
        source: Source = "elsewhere",
    ) -> None:
        self.path = path
        self._source = source
        data = _read_manifest(path)
        self.id = identify(data)
        self.manifest: Manifest = parse_manifest(data)
        self.author: str | None = None
        self.verdict: Verdict | None = None
        self.schema_verified = self.manifest.verified
        self._trusted = _is_trusted(trust, self.id)
        self._model: tuple[Any, Query] | None = None
        if temporary:
            weakref.finalize(self, discard, path)

    def __repr__(self) -> str:
        return f"<Bundle {self.manifest.name} {self.id[:10]}>"

    @property
    def files(self) -> Mapping[str, FileEntry]:
        """Digest and size of each file, by its path in the directory."""
        return self.manifest.files

    @property
    def schema(self) -> Schema:
        """Inputs and outputs."""
        return self.manifest.schema

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(entry.size for entry in self.files.values())

    def read(self, name: str) -> bytes:
        """Give the bytes of one file, checked against the manifest.

        Raises
        ------
        EnvelopeError
            Where the manifest names no such file.
        IntegrityError
            Where the bytes are not what the manifest says.
        """
        entry = self.files.get(name)
        if entry is None:
            raise EnvelopeError(f"The envelope has no file {name}; it has {', '.join(self.files)}.")
        file = self.path / name
        mark = _mark(file, entry.sha256)
        if mark in _checked:
            return file.read_bytes()
        data = read_checked(file, entry.sha256)
        if mark is not None:
            _checked.add(mark)
        return data

    def verify_files(self) -> None:
        """Check every file's digest.

        Raises
        ------
        IntegrityError
            Names the first file that differs.
        """
        for name in self.files:
            self.read(name)

    def load(self, trust: bool | str | None = None) -> Any:
        """Give the model itself.

        Parameters
        ----------
        trust : bool, str or None
            True, or the envelope's id, says that its code may run; None leaves it at what was
            said when the bundle was opened.

        Raises
        ------
        TrustError
            Where nobody said so.
        IntegrityError
            Where the file is not what the manifest says.
        """
        return self._loaded(trust)[0]

    def query(self) -> Query:
        """How the loaded model is asked.

        Raises
        ------
        TrustError
            As :meth:`load`.
        """
        return self._loaded()[1]

    def verify(self, *, limit: float = 600.0, lock: bool = True) -> Proof:
        """Build the environment anew with uv and replay the example there.

        Parameters
        ----------
        limit : float
            Seconds that the replay may take.
        lock : bool
            Whether the index is asked for the digests of a ``pylock.toml`` too.

        Returns
        -------
        Proof
            ``passed``, or the ``reason``; with a ``pylock`` that has the digests of the index.

        Raises
        ------
        TrustError
            As :meth:`load`.
        """
        from jupyter_lifecycle.envelope.proving import prove

        proof = prove(self, limit=limit, lock=lock)
        self.schema_verified = self.schema_verified or proof.passed
        return proof

    def require_trust(self, trust: bool | str | None = None) -> None:
        """Refuse where nobody said that the envelope's code may run.

        Raises
        ------
        TrustError
            With the line that says so; or this user's policy asks for a signature and there is
            none, or one that does not fit.
        """
        from jupyter_lifecycle.envelope.keys import policy

        manifest = _read_manifest(self.path)
        signer = policy().check(self.manifest.name, manifest, self.signatures, self._source)
        if signer is None and not (self._trusted or _is_trusted(trust, self.id)):
            raise TrustError(
                f"Loading {self.manifest.name} ({self.id[:10]}) runs code, and nobody said that "
                f'it may. If you know where it is from: load(trust="{self.id}").',
                id=self.id,
            )

    @property
    def signatures(self) -> tuple[Signature, ...]:
        """Who signed it; whether a signature fits is looked at when the model is loaded.

        Raises
        ------
        IntegrityError
            Its ``signatures.json`` cannot be read.
        """
        return read_signatures(self.path)

    def sign(self, key: str | None = None) -> Signature:
        """Sign it with one of this user's keys; :meth:`export` takes the signature along.

        Parameters
        ----------
        key : str, optional
            The key's name, or a ``.pem`` file; by default the one that saves are signed with.

        Raises
        ------
        EnvelopeError
            There is no such key.
        """
        from jupyter_lifecycle.envelope.keys import signed

        signature = signed(_read_manifest(self.path), key)
        write_signatures(self.path, {*self.signatures, signature})
        return signature

    def _loaded(self, trust: bool | str | None = None) -> tuple[Any, Query]:
        self.require_trust(trust)
        if self._model is None:
            model, hints = self._read_model()
            query = query_of(model, hints)
            if self.manifest.model.features:
                features = load_features(self.read(self.manifest.model.features))
                query = replace(query, features=features)
            self._model = model, query
        return self._model

    def _read_model(self) -> tuple[Any, dict[str, Any]]:
        info = self.manifest.model
        if info.format == DEFAULT:
            return load(self.read(info.file))
        self.verify_files()  # a format may have more than one file
        return load_stored(self.path, info, unpickle)

    def predict(self, rows: Any = None) -> Any:
        """Give the model's answer.

        Parameters
        ----------
        rows
            A frame or array, one dict of arguments, a list of such dicts, or nothing for what
            takes no arguments.

        Returns
        -------
        object
            In the form of the question: a frame or array, one value, or a list.

        Raises
        ------
        InputError
            Where the rows do not fit the schema.
        TrustError
            As :meth:`load`.
        """
        _, query = self._loaded()
        try:
            checked = self.schema.check(rows)
        except InputError as problem:
            raise with_hint(problem, self.manifest, rows) from None
        answer = query.ask(self.schema, checked)
        if self.schema.form == "frame" and self.schema.aligned and self.schema.is_single(rows):
            return answer.iloc[0] if hasattr(answer, "iloc") else answer[0]
        return answer

    def example(self) -> Any:
        """Give the example rows, as the model takes them; nothing is unpickled."""
        return self.schema.decode(self.example_json())

    def example_json(self) -> Any:
        """Give the example rows as JSON: a payload that the service answers."""
        return json.loads(self.read(self.manifest.example.file))

    def answers_json(self) -> Any:
        """Say what the reloaded model answered to the example, as JSON."""
        return json.loads(self.read(self.manifest.example.answers))

    def renamed(self, name: str) -> Bundle:
        """Give the same envelope under another name, which makes its id another one.

        Nothing is built or run again. The answer lives in a temporary folder of its own.
        """
        folder = stage()
        for file in self.files:
            target = folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(self.path / file, target)
        manifest = replace(self.manifest, name=name)
        (folder / FILE_NAME).write_bytes(manifest.to_bytes())
        other = Bundle(folder, trust=self._trusted, temporary=True, source=self._source)
        other.author, other.verdict = self.author, self.verdict
        return other

    def export(self, path: str | os.PathLike[str]) -> Path:
        """Write the envelope as one file, with its signatures; equal envelopes give equal bytes.

        Parameters
        ----------
        path : path-like
            The file; ``.envelope`` is added where it has no ending. Replaced whole if it exists.

        Returns
        -------
        Path
            The file.
        """
        target = Path(path)
        if not target.suffix:
            target = target.with_suffix(".envelope")
        self.verify_files()
        signed = [SIGNATURES] if self.signatures else []
        write_archive(self.path, [FILE_NAME, *signed, *sorted(self.files)], target)
        return target


def _mark(file: Path, sha256: str) -> tuple[str, int, int, int, str] | None:
    try:
        stat = file.stat()
    except OSError:
        return None
    return str(file), stat.st_ino, stat.st_size, stat.st_mtime_ns, sha256


def _is_trusted(trust: bool | str | None, identity: str) -> bool:
    """Whether code may run.

    Raises
    ------
    TrustError
        Where a digest was given and it is another one.
    """
    if not isinstance(trust, str):
        return trust is True
    if len(trust) >= ID_LENGTH and trust.lower()[:ID_LENGTH] == identity:
        return True
    raise TrustError(
        f"The envelope is {identity}, {trust!r} was trusted. "
        f"Give the whole id of {ID_LENGTH} digits.",
        id=identity,
    )


def _read_manifest(path: Path) -> bytes:
    file = path / FILE_NAME
    try:
        return file.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as problem:
        raise EnvelopeError(f"{path} has no {FILE_NAME}: it is not an envelope.") from problem


def open_bundle(
    path: str | os.PathLike[str],
    trust: bool | str | None = None,
    *,
    source: Source = "elsewhere",
) -> Bundle:
    """Open an envelope's directory or ``.envelope`` file; nothing in it is run.

    Parameters
    ----------
    path : path-like
        A directory with ``manifest.json``, or what :meth:`Bundle.export` wrote. A file may come
        from anywhere: it is unpacked with every check into a folder that lives as long as the
        bundle.
    trust : bool, str or None
        True, or the envelope's id, lets :meth:`Bundle.load` run its code; so does a signature by
        a key that this user trusts.
    source : str
        Where it is from, as :class:`Bundle` has it.

    Returns
    -------
    Bundle

    Raises
    ------
    EnvelopeError
        Where it is none, or of a later format.
    IntegrityError
        Where an archive is not safe or a digest differs.
    TrustError
        Where ``trust`` is the id of another envelope.
    """
    place = Path(path)
    if not place.exists():
        raise EnvelopeError(f"There is no {place}.")
    if place.is_dir():
        return Bundle(place, trust=trust, source=source)
    folder = extract(place)
    try:
        bundle = Bundle(folder, trust=trust, temporary=True, source=source)
        bundle.verify_files()
    except BaseException:
        discard(folder)
        raise
    return bundle
