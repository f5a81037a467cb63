"""Bundles as directories on this machine: from the store's files, or downloaded once."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_lifecycle.envelope.manifest import FILE_NAME
from jupyter_lifecycle.errors import IntegrityError, NotFoundError
from jupyter_lifecycle.registry.manifest import check_path, id_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_lifecycle.envelope import Bundle
    from jupyter_lifecycle.registry.backend import Backend, Progress


def send(backend: Backend, bundle: Bundle, progress: Progress | None = None) -> bytes:
    """Send the files of a bundle that the registry lacks; the manifest's bytes.

    The envelope itself is not there before the manifest is added.
    """
    sizes = {entry.sha256: entry.size for entry in bundle.files.values()}
    paths = {entry.sha256: bundle.path / path for path, entry in bundle.files.items()}
    wanted = backend.missing(tuple(paths))
    total, before = sum(sizes[digest] for digest in wanted), 0
    for digest in wanted:
        backend.send(digest, paths[digest], _shifted(progress, before, total))
        before += sizes[digest]
    return (bundle.path / FILE_NAME).read_bytes()


def directory(backend: Backend, id_: str, folder: Path, progress: Progress | None = None) -> Path:
    """Have the envelope as a directory in ``folder``; whole or not at all.

    Raises
    ------
    IntegrityError
        What the registry gives is not what the id says.
    """
    target = folder / id_
    if (target / FILE_NAME).exists():
        _check(id_, (target / FILE_NAME).read_bytes(), f"Delete {target}: it's made again.")
        return target
    manifest = backend.manifest(id_)
    _check(id_, manifest, "Do not use this envelope.")
    files: Mapping[str, Mapping[str, object]] = json.loads(manifest)["files"]
    staged = folder / f".{id_}.{os.getpid()}.{secrets.token_hex(4)}"
    staged.mkdir(parents=True)
    try:
        for path, entry in files.items():
            backend.fetch(str(entry["sha256"]), staged / check_path(path), progress)
        (staged / FILE_NAME).write_bytes(manifest)
        _settle(staged, target)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return target


def one_file(
    backend: Backend, id_: str, files: Mapping[str, Mapping[str, object]], name: str
) -> bytes:
    """Give the bytes of one file, fetched by its digest.

    Raises
    ------
    NotFoundError
        The envelope has no file of that name.
    IntegrityError
        What came is not what the manifest says.
    """
    entry = files.get(name)
    if entry is None:
        raise NotFoundError(
            f"Envelope {id_[:10]} has no file {name}; it has {', '.join(sorted(files))}."
        )
    digest = str(entry["sha256"])
    with tempfile.TemporaryDirectory(prefix="envelope-") as folder:
        target = Path(folder) / "file"
        backend.fetch(digest, target, None)
        data = target.read_bytes()
    if hashlib.sha256(data).hexdigest() != digest:
        raise IntegrityError(
            f"{name} of {id_[:10]} is not what its manifest says. Do not use it.", id=id_
        )
    return data


def _check(id_: str, manifest: bytes, advice: str) -> None:
    if id_of(manifest) != id_:
        raise IntegrityError(
            f"The manifest of {id_[:10]} is not the one that was saved. {advice}", id=id_
        )


def _settle(staged: Path, target: Path) -> None:
    try:
        staged.rename(target)
    except OSError:
        if not (target / FILE_NAME).exists():  # else another process was quicker
            raise


def _shifted(progress: Progress | None, before: int, total: int) -> Progress | None:
    if progress is None:
        return None
    return lambda done, _: progress(before + done, total)
