"""What the registry reads out of a manifest: hostile until it has passed here, never unpickled."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Never

from jupyter_lifecycle.errors import IntegrityError
from jupyter_lifecycle.registry import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_MANIFEST = 64 * 2**20
MAX_FILES = 10_000
MAX_FIELDS = 100_000
_SHA256 = re.compile(r"[0-9a-f]{64}")
_WORD = re.compile(r"[!-~]{1,100}")


@dataclass(frozen=True, slots=True)
class FileFact:
    """One file of an envelope, by content."""

    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What can be searched, and what must be there."""

    id: str
    name: str
    python: str | None
    output_type: str | None
    fields: tuple[tuple[str, str, str], ...]
    """Side (``input``, ``output``), name and type word."""
    packages: tuple[tuple[str, str], ...]
    features: tuple[tuple[str, str], ...]
    """Name and digest of the code; empty where it has none."""
    files: tuple[FileFact, ...]
    size: int


def id_of(manifest: bytes) -> str:
    """Compute the envelope's id: the first 40 hex digits of its manifest's SHA-256."""
    return hashlib.sha256(manifest).hexdigest()[:40]


def read_manifest(manifest: bytes) -> Facts:
    """Check a manifest and take out what the registry uses.

    Raises
    ------
    IntegrityError
        It's no manifest, with what is wrong and where.
    """
    if len(manifest) > MAX_MANIFEST:
        _refuse(f"The manifest has {len(manifest):,} bytes; {MAX_MANIFEST:,} are taken.")
    try:
        found = json.loads(manifest, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        _refuse(f"The manifest is no JSON: {error}.")
    if not isinstance(found, dict):
        _refuse("The manifest is no JSON object.")
    schema = _object(found, "schema")
    environment = _object(found, "environment")
    fields = tuple(dict.fromkeys([*_fields(schema, "input"), *_fields(schema, "output")]))
    _unique([field[:2] for field in fields], "schema")
    packages = tuple(dict.fromkeys(_packages(environment)))
    _unique([name for name, _ in packages], "environment.packages")
    files = tuple(_files(found))
    types = {kind for side, _, kind in fields if side == "output"}
    return Facts(
        id=id_of(manifest),
        name=words.check_name(found.get("name")),
        python=_optional_word(environment, "python"),
        output_type=next(iter(types)) if len(types) == 1 else ("object" if types else None),
        fields=fields,
        packages=packages,
        features=tuple(_features(_object(found, "lineage"))),
        files=tuple(dict.fromkeys(files)),
        size=sum(file.size for file in files),
    )


def _fields(schema: Mapping[str, Any], side: str) -> Iterator[tuple[str, str, str]]:
    listed = schema.get(f"{side}s", [])
    if not isinstance(listed, list) or len(listed) > MAX_FIELDS:
        _refuse(f"schema.{side}s of the manifest is no list of at most {MAX_FIELDS:,} fields.")
    for item in listed:
        if not isinstance(item, dict):
            _refuse(f"schema.{side}s of the manifest has an item that is no object.")
        name = words.check_text(f"A name in schema.{side}s", item.get("name"))
        yield side, name, _word(item.get("type"), f"schema.{side}s, type of {name}")


def _packages(environment: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    listed = environment.get("packages", [])
    if not isinstance(listed, list) or len(listed) > MAX_FIELDS:
        _refuse("environment.packages of the manifest is no list.")
    for item in listed:
        if not isinstance(item, dict):
            _refuse("environment.packages of the manifest has an item that is no object.")
        name = _word(item.get("name"), "environment.packages, name")
        yield words.package_name(name), _word(item.get("version"), f"environment.packages, {name}")


def _features(lineage: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    keys = _object(_object(lineage, "features"), "keys")
    if len(keys) > MAX_FIELDS:
        _refuse(f"lineage.features.keys of the manifest has more than {MAX_FIELDS:,} features.")
    for name, key in keys.items():
        words.check_text("A name in lineage.features.keys", name)
        yield name, _word(key, f"lineage.features.keys, {name}") if key else ""


def _files(manifest: Mapping[str, Any]) -> Iterator[FileFact]:
    listed = manifest.get("files")
    if not isinstance(listed, dict) or not 0 < len(listed) <= MAX_FILES:
        _refuse(f"files of the manifest is no object of 1 to {MAX_FILES:,} files.")
    for path, entry in listed.items():
        check_path(path)
        digest = entry.get("sha256") if isinstance(entry, dict) else None
        size = entry.get("size") if isinstance(entry, dict) else None
        if not isinstance(digest, str) or not _SHA256.fullmatch(digest):
            _refuse(f"files of the manifest: {path} has no sha256.")
        if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size < 2**53:
            _refuse(f"files of the manifest: {path} has no size.")
        yield FileFact(digest, size)


def check_path(path: str) -> str:
    """Check a path inside an envelope: relative, with /, no way out of its directory."""
    parts = path.split("/")
    bad = not path.isprintable() or "\\" in path or ":" in path or len(path) > 500
    if bad or any(part in {"", ".", ".."} or part != part.strip() for part in parts):
        _refuse(f"files of the manifest: {path[:100]!r} is no path inside an envelope.")
    return path


def _object(found: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = found.get(key, {})
    if not isinstance(value, dict):
        _refuse(f"{key} of the manifest is no object.")
    return value


def _optional_word(found: Mapping[str, Any], key: str) -> str | None:
    value = found.get(key)
    return _word(value, f"environment.{key}") if value else None


def _word(value: object, where: str) -> str:
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        _refuse(f"{where} of the manifest is no word of at most 100 ASCII characters.")
    return value


def _unique(keys: list[Any], where: str) -> None:
    if len(set(keys)) != len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        _refuse(f"{where} of the manifest names {twice} twice.")


def _no_constant(name: str) -> Never:
    raise ValueError(f"{name} is no JSON")


def _refuse(message: str) -> Never:
    raise IntegrityError(message)
