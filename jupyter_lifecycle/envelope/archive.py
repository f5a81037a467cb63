"""The ``.envelope`` file: a zip that is written deterministically and read as hostile."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_lifecycle.envelope.manifest import (
    FILE_NAME,
    MAX_BYTES,
    SIGNATURES,
    FileEntry,
    is_safe_path,
    parse_manifest,
)
from jupyter_lifecycle.envelope.staging import discard, stage
from jupyter_lifecycle.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_UNREADABLE = (
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    EOFError,
    ValueError,
    zlib.error,
    struct.error,
)
"""What zipfile raises for bytes that are no archive; a place before the file's begin is EINVAL."""
MAX_SIGNATURES = 64 * 1024
_EPOCH = (1980, 1, 1, 0, 0, 0)
_MAX_FILES = 10_000
_CHUNK = 1 << 20


def write_archive(folder: Path, names: Sequence[str], target: Path) -> None:
    """Zip these files, without times, owners or compression levels that could differ.

    Parameters
    ----------
    folder : Path
        Where they are.
    names : sequence of str
        Their paths, in the order of the archive.
    target : Path
        Written whole or not at all.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
    try:
        with os.fdopen(handle, "wb") as stream, zipfile.ZipFile(stream, "w") as archive:
            for name in names:
                info = zipfile.ZipInfo(name, _EPOCH)
                info.external_attr = 0o644 << 16
                info.create_system = 3
                with (folder / name).open("rb") as source, archive.open(info, "w") as sink:
                    shutil.copyfileobj(source, sink, _CHUNK)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def extract(source: Path) -> Path:
    """Unpack an archive from anywhere into a new temporary folder.

    Parameters
    ----------
    source : Path
        The archive.

    Returns
    -------
    Path
        A folder of this user alone, with exactly the manifest, the files it names, and
        ``signatures.json`` where there is one.

    Raises
    ------
    IntegrityError
        For paths that lead out, links, duplicate or unnamed files, and sizes that are not what
        the manifest says: nothing is written beyond those sizes.
    EnvelopeError
        Where the manifest is none of ours.
    """
    folder = stage()
    try:
        with zipfile.ZipFile(source) as archive:
            _extract(archive, folder)
    except BaseException as problem:
        discard(folder)
        if isinstance(problem, _UNREADABLE) or getattr(problem, "errno", None) == errno.EINVAL:
            raise IntegrityError(
                f"{source.name} is not a readable envelope: {problem}."
            ) from problem
        raise
    return folder


def _extract(archive: zipfile.ZipFile, folder: Path) -> None:
    members = archive.infolist()
    if len(members) > _MAX_FILES:
        raise IntegrityError(f"The archive has {len(members)} files; up to {_MAX_FILES} are read.")
    by_name = {member.filename: member for member in members}
    folded: set[str] = set()
    for member in members:
        _check_member(member, folded)
        folded.add(member.filename.casefold())
    if FILE_NAME not in by_name:
        raise IntegrityError(f"The archive has no {FILE_NAME}: it is not an envelope.")
    head = by_name.pop(FILE_NAME)
    _copy(archive, head, folder / FILE_NAME, min(head.file_size, MAX_BYTES))
    files = parse_manifest((folder / FILE_NAME).read_bytes()).files
    signed = by_name.pop(SIGNATURES, None)
    _check_named(by_name, files)
    if signed is not None:
        _copy(archive, signed, folder / SIGNATURES, min(signed.file_size, MAX_SIGNATURES))
    for name, entry in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        _copy(archive, by_name[name], target, entry.size)


def _check_member(member: zipfile.ZipInfo, folded: set[str]) -> None:
    name = member.filename
    mode = member.external_attr >> 16
    if not is_safe_path(name):
        raise IntegrityError(
            f"The archive has the path {name!r}, which leads out or is not portable."
        )
    if name.casefold() in folded:  # one file on systems that fold case
        raise IntegrityError(f"The archive has {name} twice.")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise IntegrityError(f"The archive has {name} packed in a way that envelopes are not.")
    if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
        raise IntegrityError(f"The archive has {name} as a link or device.")


def _check_named(found: Mapping[str, zipfile.ZipInfo], named: Mapping[str, FileEntry]) -> None:
    for name in found:
        if name not in named:
            raise IntegrityError(f"The archive has {name}, which its manifest does not name.")
    for name, entry in named.items():
        if name not in found:
            raise IntegrityError(f"The archive lacks {name}, which its manifest names.")
        if found[name].file_size != entry.size:
            raise IntegrityError(
                f"{name} has {found[name].file_size} bytes, its manifest says {entry.size}."
            )


def _copy(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, size: int) -> None:
    """Copy one member, and stop where it gives more than it said: its header may lie."""
    written = 0
    with archive.open(member) as source, target.open("xb") as sink:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if written > size:
                raise IntegrityError(f"{member.filename} unpacks to more than its {size} bytes.")
            sink.write(chunk)
    if written != size:
        raise IntegrityError(f"{member.filename} unpacks to {written} of its {size} bytes.")
