"""What people attach to an envelope, as bytes, and back: figures, tables, texts, values, files."""

from __future__ import annotations

import io
import json
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jupyter_lifecycle.errors import InvalidValueError
from jupyter_lifecycle.registry.evaluations import ConfusionMatrix, Curve

if TYPE_CHECKING:
    from jupyter_lifecycle.registry.records import Artifact

PARQUET: Final = "application/vnd.apache.parquet"
JSON: Final = "application/json"
_BYTES: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Content:
    """An artifact's content before it has a digest."""

    kind: str
    media_type: str
    data: bytes | Path


def content_of(name: str, value: Any) -> Content:
    """Say what a value is and write it as bytes.

    Parameters
    ----------
    name : str
        Of the artifact; its ending says what bytes and texts are.
    value
        A ``Path`` to a file, bytes, a text, a figure (matplotlib's, plotly's, or whatever a
        notebook shows as PNG or SVG), a frame or Series, a confusion matrix, a curve, or a value
        of JSON.

    Raises
    ------
    InvalidValueError
        It's none of these, or a file that is not there.
    """
    if isinstance(value, Content):
        return value
    if isinstance(value, Path):
        return _file(value)
    if isinstance(value, str | bytes | bytearray):
        media = _guessed(name, "text/plain" if isinstance(value, str) else _BYTES)
        data = value.encode() if isinstance(value, str) else bytes(value)
        return Content(_kind_of(media), media, data)
    return _evaluation(value, name) or _shown(value, name) or _plain(value, name)


def _evaluation(value: Any, name: str) -> Content | None:
    if isinstance(value, ConfusionMatrix):
        return Content("confusion", JSON, _json(name, value.to_json()))
    if isinstance(value, Curve):
        return Content(value.kind, JSON, _json(name, value.to_json()))
    return None


def _shown(value: Any, name: str) -> Content | None:
    """Tables and figures."""
    if hasattr(value, "to_parquet") or hasattr(value, "to_frame"):
        return Content("table", PARQUET, _table(name, value))
    return _figure(value)


def _plain(value: Any, name: str) -> Content:
    return Content("value", JSON, _json(name, value))


def value_of(artifact: Artifact, data: bytes) -> Any:
    """Give an artifact as it was attached: a frame, a matrix, a curve, a value, a text or bytes.

    Nothing is run: figures are the bytes of their picture.
    """
    if artifact.kind == "table" and artifact.media_type == PARQUET:
        import pandas as pd

        return pd.read_parquet(io.BytesIO(data))
    if artifact.media_type != JSON:
        return data.decode() if artifact.media_type.startswith("text/") else data
    found = json.loads(data)
    if artifact.kind == "confusion":
        return ConfusionMatrix.from_json(found)
    return Curve.from_json(found) if artifact.kind in {"roc", "pr"} else found


def _file(path: Path) -> Content:
    if not path.is_file():
        raise InvalidValueError(f"There is no file {path} to attach.", path=str(path))
    media = _guessed(path.name, _BYTES)
    return Content(_kind_of(media), media, path)


def _kind_of(media_type: str) -> str:
    return "figure" if media_type.startswith("image/") else "file"


def _guessed(name: str, otherwise: str) -> str:
    return mimetypes.guess_type(name)[0] or otherwise


def _figure(value: Any) -> Content | None:
    if hasattr(value, "savefig"):  # matplotlib and what is built on it
        stream = io.BytesIO()
        value.savefig(stream, format="png", bbox_inches="tight", metadata={"Software": None})
        return Content("figure", "image/png", stream.getvalue())
    if hasattr(value, "to_plotly_json"):
        return Content("figure", "application/vnd.plotly.v1+json", value.to_json().encode())
    for method, media in (("_repr_svg_", "image/svg+xml"), ("_repr_png_", "image/png")):
        shown = getattr(value, method, None)
        drawn = shown() if callable(shown) else None
        if drawn:
            return Content("figure", media, drawn.encode() if isinstance(drawn, str) else drawn)
    return None


def _table(name: str, value: Any) -> bytes:
    frame = value if hasattr(value, "to_parquet") else value.to_frame()
    try:
        data: bytes = frame.to_parquet(None)
    except (ValueError, TypeError, NotImplementedError) as problem:  # pyarrow's are such
        said = str(problem).partition("\n")[0]
        raise InvalidValueError(f"Table {name} cannot be stored as Parquet: {said}.") from problem
    return data


def _json(name: str, value: Any) -> bytes:
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as problem:
        raise InvalidValueError(
            f"Artifact {name} is a {type(value).__qualname__}, which cannot be stored: {problem}."
            " Give a file as a Path, bytes, a text, a figure, a frame or a value of JSON."
        ) from problem
    return text.encode()
