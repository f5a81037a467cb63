"""What a batch is to do, as a small file that a resumed one must agree with."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import BatchError, did_you_mean

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

FORMATS = {".parquet": "parquet", ".pq": "parquet", ".csv": "csv"}


@dataclass(frozen=True, slots=True)
class Source:
    """One input file; its size and time say whether it is still the one that was begun with."""

    path: str
    format: str
    size: int
    modified: int


@dataclass(frozen=True, slots=True)
class Job:
    """All that a work process needs to know.

    Parameters
    ----------
    envelope : str
        Id of the envelope, resolved once.
    query : str
        What it was found by.
    directory : str
        The envelope's own files.
    sources : tuple of Source
        Input files in order.
    output : str
        The file that is to be there in the end.
    keep : tuple of str or None
        Columns of the input that go along; None is all of them.
    chunk_rows : int
        Most rows that are in memory at once, for each process.
    engine : {"pandas", "dask"}
        What runs the chunks.
    """

    envelope: str
    query: str
    directory: str
    sources: tuple[Source, ...]
    output: str
    keep: tuple[str, ...] | None
    chunk_rows: int
    engine: str
    run: str = ""
    """Unix time of the begin and some letters: names what this job counts, over all attempts."""

    @property
    def folder(self) -> Path:
        """Where what is done is kept until all is."""
        output = Path(self.output)
        return output.with_name(f".{output.name}.batch")

    def part(self, number: int) -> Path:
        """Where a chunk's answers are kept."""
        return self.folder / f"part-{number:06d}.arrow"

    def counts(self, number: int) -> Path:
        """Where what a chunk showed is kept."""
        return self.folder / f"part-{number:06d}.profile.json"

    def same_as(self, other: Job) -> bool:
        """Whether the parts of another job are of use: all but how it is run is equal."""
        free = {"engine", "directory", "envelope", "run"}
        mine, others = asdict(self), asdict(other)
        return all(mine[name] == others[name] for name in mine if name not in free)

    def write(self) -> None:
        """Write it down, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self.folder / "job.json", json.dumps(asdict(self), indent=1).encode())

    @classmethod
    def read(cls, folder: Path) -> Job | None:
        """Read the job of a folder; None where there is none that can be read."""
        try:
            found: dict[str, Any] = json.loads((folder / "job.json").read_text(encoding="utf-8"))
            found["sources"] = tuple(Source(**one) for one in found["sources"])
            found["keep"] = None if found["keep"] is None else tuple(found["keep"])
            return cls(**found)
        except (OSError, ValueError, KeyError, TypeError):
            return None


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    temporary.write_bytes(data)
    temporary.replace(path)


def sources_of(given: str | os.PathLike[str]) -> tuple[Source, ...]:
    """List the input files: one, or those of a folder in the order of their names.

    Raises
    ------
    BatchError
        Where there is none, or one is neither Parquet nor CSV.
    """
    path = Path(given).absolute()
    if path.is_dir():
        paths = sorted(one for one in path.iterdir() if one.suffix.lower() in FORMATS)
        if not paths:
            raise BatchError(f"The folder {path} has no file that ends with {_endings()}.")
    elif path.exists():
        paths = [path]
    else:
        others = [one.name for one in path.parent.glob("*")] if path.parent.exists() else []
        raise BatchError(f"There is no input {path}.{did_you_mean(path.name, others)}")
    found = []
    for one in paths:
        about = one.stat()
        found.append(Source(str(one), format_of(one, "input"), about.st_size, about.st_mtime_ns))
    if len({one.format for one in found}) > 1:
        raise BatchError(f"The folder {path} has Parquet and CSV files; give one kind.")
    return tuple(found)


def format_of(path: Path, what: str) -> str:
    """Say by a path's ending which format it is in.

    Raises
    ------
    BatchError
        Where it is neither Parquet nor CSV.
    """
    found = FORMATS.get(path.suffix.lower())
    if found is None:
        raise BatchError(f"The {what} {path} ends with none of {_endings()}.")
    return found


def check_output(output: Path, sources: Sequence[Source]) -> None:
    """See that an output can be written.

    Raises
    ------
    BatchError
        Where its folder is not there, it is a folder, or an input.
    """
    format_of(output, "output")
    if not output.parent.is_dir():
        raise BatchError(f"The output's folder {output.parent} does not exist. Make it first.")
    if output.is_dir():
        raise BatchError(f"The output {output} is a folder; give a file in it.")
    if any(Path(one.path).resolve() == output.resolve() for one in sources):
        raise BatchError(f"The output {output} is the input; give another name.")


def _endings() -> str:
    return ", ".join(sorted(FORMATS))
