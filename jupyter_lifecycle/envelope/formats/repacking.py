"""Zips of frameworks without their dates, so that the same model saved twice is the same."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)


def repack(
    file: Path,
    renamed: Callable[[str], str] = str,
    changed: Callable[[str, bytes], bytes] = lambda _, data: data,
) -> None:
    """Write a zip again: members by name, no dates, not compressed.

    Parameters
    ----------
    file : Path
        Replaced.
    renamed : callable
        Gives the new name of a member.
    changed : callable
        Gives the new bytes of a member, by its old name.
    """
    with zipfile.ZipFile(file) as archive:
        members = {renamed(name): changed(name, archive.read(name)) for name in archive.namelist()}
    with zipfile.ZipFile(file, "w") as archive:
        for name in sorted(members):
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), members[name])


def without(member: str, key: str) -> Callable[[str, bytes], bytes]:
    """Give a change that removes one key of a JSON object, such as the date of saving."""

    def changed(name: str, data: bytes) -> bytes:
        if name != member:
            return data
        found = json.loads(data)
        found.pop(key, None)
        return json.dumps(found, sort_keys=True).encode()

    return changed


def numbered(schema: Any) -> dict[str, str]:
    """Give the ids in a skops schema numbers, in place, and its files new names.

    skops names objects by their address and files by chance.

    Returns
    -------
    dict
        The new name of each file.
    """
    ids: dict[Any, int] = {}
    files: dict[str, str] = {}
    waiting = [schema]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
            continue
        if not isinstance(one, dict):
            continue
        if "__id__" in one:
            one["__id__"] = ids.setdefault(one["__id__"], len(ids) + 1)
        name = one.get("file")
        if isinstance(name, str):
            ending = name.rpartition(".")[2]
            one["file"] = files.setdefault(name, f"{len(files):06}.{ending}")
        waiting += one.values()
    return files
