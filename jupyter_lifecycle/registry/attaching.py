"""Artifacts and rich metrics of envelopes: sent first, then written in one step."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.errors import IntegrityError, InvalidValueError, NotFoundError, did_you_mean
from jupyter_lifecycle.registry import words
from jupyter_lifecycle.registry.contents import Content, content_of
from jupyter_lifecycle.registry.evaluations import ConfusionMatrix, Curve
from jupyter_lifecycle.registry.records import Artifact, NewArtifact

if TYPE_CHECKING:
    from jupyter_lifecycle.registry.backend import Backend
    from jupyter_lifecycle.registry.records import EnvelopeRecord


@dataclass(slots=True)
class Measured:
    """Metrics, apart by what they are."""

    scalars: dict[str, float] = field(default_factory=dict)
    series: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    contents: dict[str, Content] = field(default_factory=dict)


def measured(metrics: Mapping[str, Any]) -> Measured:
    """Tell metrics apart: numbers, series by step, and what is a number and an artifact.

    Parameters
    ----------
    metrics : Mapping
        A number; a list, array or Series of numbers, whose steps count from 0; a dict of step
        and number; a confusion matrix or a curve, whose accuracy or area is the number.

    Raises
    ------
    InvalidValueError
        A value is none of these.
    """
    found = Measured()
    for key, value in metrics.items():
        if isinstance(value, ConfusionMatrix):
            found.scalars[key] = value.accuracy
        elif isinstance(value, Curve):
            found.scalars[key] = value.area
        elif isinstance(value, Mapping):
            found.series[key] = list(value.items())
            continue
        elif _is_series(value):
            numbers = value.tolist() if hasattr(value, "tolist") else value
            found.series[key] = list(enumerate(numbers))
            continue
        else:
            found.scalars[key] = value
            continue
        found.contents[f"metrics/{words.check_key('metric', key)}"] = content_of(key, value)
    found.scalars = words.check_metrics(found.scalars)
    found.series = words.check_series(found.series)
    return found


def _is_series(value: Any) -> bool:
    if isinstance(value, Sequence):
        return not isinstance(value, str | bytes)
    return getattr(value, "ndim", 0) == 1


def contents_of(artifacts: Mapping[str, Any] | Sequence[Any] | None) -> dict[str, Content]:
    """Read what ``artifacts=`` was given: values by name, or paths of files.

    Raises
    ------
    InvalidValueError
        A value cannot be stored, or a file is not there.
    """
    if artifacts is None:
        return {}
    if isinstance(artifacts, str | bytes | Path):
        raise InvalidValueError(f"artifacts takes a dict or a list of paths: [{artifacts!r}].")
    if not isinstance(artifacts, Mapping):
        artifacts = {Path(one).name: Path(one) for one in artifacts}
    return {name: content_of(name, value) for name, value in artifacts.items()}


def send(backend: Backend, contents: Mapping[str, Content]) -> tuple[NewArtifact, ...]:
    """Send the content of artifacts that the registry lacks; nothing refers to it yet."""
    if not contents:
        return ()
    with tempfile.TemporaryDirectory(prefix="artifacts-") as folder:
        found, paths = [], {}
        for place, (name, content) in enumerate(contents.items()):
            path = content.data
            if not isinstance(path, Path):
                path = Path(folder) / str(place)
                path.write_bytes(content.data)  # type: ignore[arg-type]
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            new = NewArtifact(name, content.kind, content.media_type, digest)
            found.append(words.check_artifact(new))
            paths[digest] = path
        for digest in backend.missing(tuple(paths)):
            backend.send(digest, paths[digest], None)
    return tuple(found)


class Attaching:
    """The part of a registry about artifacts and rich metrics."""

    _backend: Backend

    def attach(self, id_or_prefix: str, artifacts: Mapping[str, Any]) -> tuple[Artifact, ...]:
        """Add artifacts to an envelope, all or none; the same again is no change.

        Parameters
        ----------
        id_or_prefix : str
            Which envelope.
        artifacts : Mapping
            Values by name: a ``Path``, bytes, a text, a figure, a frame, a value of JSON.

        Raises
        ------
        ConflictError
            The envelope has another artifact of a name: artifacts never change.
        InvalidValueError
            A name or value cannot be.
        """
        new = send(self._backend, contents_of(artifacts))
        return self._backend.attach(id_or_prefix, new)

    def artifacts(self, id_or_prefix: str) -> tuple[Artifact, ...]:
        """All artifacts of an envelope, in the order in which they came."""
        return self._backend.attached(id_or_prefix)

    def read_artifact(self, id_or_prefix: str, name: str) -> tuple[Artifact, bytes]:
        """Give an artifact and its content, checked.

        Raises
        ------
        NotFoundError
            The envelope has none of that name.
        IntegrityError
            What came is not what its digest says.
        """
        there = {one.name: one for one in self.artifacts(id_or_prefix)}
        found = there.get(name)
        if found is None:
            raise NotFoundError(
                f"Envelope {id_or_prefix[:10]} has no artifact {name}.{did_you_mean(name, there)}",
                name=name,
            )
        with tempfile.TemporaryDirectory(prefix="artifact-") as folder:
            target = Path(folder) / "content"
            self._backend.fetch(found.sha256, target, None)
            data = target.read_bytes()
        if hashlib.sha256(data).hexdigest() != found.sha256:
            raise IntegrityError(f"Artifact {name} is not what its digest says. Do not use it.")
        return found, data

    def _log(self, id_: str, metrics: Mapping[str, Any], step: int | None) -> EnvelopeRecord:
        found = measured(metrics)
        if step is not None and (found.series or found.contents):
            raise InvalidValueError("step= goes with numbers; a series has its own steps.")
        new = send(self._backend, found.contents)
        record = self._backend.log_metrics(id_, found.scalars, words.check_step(step))
        if found.series:
            record = self._backend.log_series(id_, found.series)
        if new:
            self._backend.attach(id_, new)
        return record
