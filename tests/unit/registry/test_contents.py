"""What is attached, as bytes and back."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jupyter_lifecycle.errors import IntegrityError, InvalidValueError, NotFoundError
from jupyter_lifecycle.registry import Registry, confusion_matrix, roc_curve
from jupyter_lifecycle.registry.attaching import contents_of, measured
from jupyter_lifecycle.registry.contents import content_of, value_of
from jupyter_lifecycle.registry.records import Artifact
from jupyter_lifecycle.registry.store import Store


class Shown:
    """A figure as notebooks show it."""

    def _repr_svg_(self):
        return "<svg/>"


class Drawn:
    """A figure as matplotlib has it."""

    def savefig(self, stream, **options):
        assert options["format"] == "png"
        stream.write(b"PNG")


class Plotly:
    def to_plotly_json(self):
        return {}

    def to_json(self):
        return '{"data":[]}'


FRAME = pd.DataFrame({"a": [1, 2], "t": pd.to_datetime(["2024-01-01", None])}, index=["x", "y"])
MATRIX, ROC = confusion_matrix([1, 0], [1, 1]), roc_curve([1, 0], [0.9, 0.1])


@pytest.mark.parametrize(
    ("name", "value", "kind", "media", "again"),
    [
        ("a.txt", "text", "file", "text/plain", "text"),
        ("notes", "text", "file", "text/plain", "text"),
        ("a.html", "<b>", "file", "text/html", "<b>"),
        ("a.bin", b"\x00", "file", "application/octet-stream", b"\x00"),
        ("a.png", b"P", "figure", "image/png", b"P"),
        ("v", {"a": [1, None]}, "value", "application/json", {"a": [1, None]}),
        ("s", Shown(), "figure", "image/svg+xml", b"<svg/>"),
        ("d", Drawn(), "figure", "image/png", b"PNG"),
        ("p", Plotly(), "figure", "application/vnd.plotly.v1+json", b'{"data":[]}'),
        ("m", MATRIX, "confusion", "application/json", MATRIX),
        ("r", ROC, "roc", "application/json", ROC),
    ],
)
def test_kinds(name, value, kind, media, again):
    content = content_of(name, value)
    assert (content.kind, content.media_type) == (kind, media)
    there = Artifact(name, kind, media, "", 0, None, "")
    assert value_of(there, content.data) == again
    assert content_of(name, content) is content


def test_tables_come_back_as_they_were():
    content = content_of("t", FRAME)
    there = Artifact("t", content.kind, content.media_type, "", 0, None, "")
    pd.testing.assert_frame_equal(value_of(there, content.data), FRAME)
    pd.testing.assert_frame_equal(value_of(there, content_of("t", FRAME["a"]).data), FRAME[["a"]])
    assert content_of("t", FRAME).data == content.data


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Path("nowhere.png"), r"There is no file nowhere\.png"),
        (object(), "Artifact x is a object, which cannot be stored"),
        ({"a": float("nan")}, "cannot be stored"),
        (pd.DataFrame({"a": [object()]}), "Table x cannot be stored as Parquet"),
    ],
)
def test_what_is_refused(value, words):
    with pytest.raises(InvalidValueError, match=words):
        content_of("x", value)


def test_a_list_of_paths(tmp_path):
    file = tmp_path / "plot.png"
    file.write_bytes(b"P")
    assert contents_of([str(file)])["plot.png"].data == file
    with pytest.raises(InvalidValueError, match="a dict or a list of paths"):
        contents_of("plot.png")


def test_metrics_are_told_apart():
    found = measured(
        {"auc": np.float64(0.5), "loss": [3, 2.0], "late": {10: 1.0}, "roc": ROC, "cm": MATRIX,
         "series": pd.Series([1.0], index=[7])}
    )  # fmt: skip
    assert found.scalars == {"auc": 0.5, "roc": 1.0, "cm": 0.5}
    assert found.series == {
        "loss": [(0, 3.0), (1, 2.0)], "late": [(10, 1.0)], "series": [(0, 1.0)]
    }  # fmt: skip
    assert set(found.contents) == {"metrics/roc", "metrics/cm"}
    with pytest.raises(InvalidValueError, match="without a step"):
        measured({"loss": {None: 1.0}})
    with pytest.raises(InvalidValueError, match="is nan"):
        measured({"loss": [1.0, float("nan")]})
    with pytest.raises(InvalidValueError, match="100,001 points at once"):
        measured({"loss": np.zeros(100_001)})


def test_content_that_is_gone_or_changed_is_not_given(registry: Registry, make_bundle):
    envelope = registry.add(make_bundle()).attach("a.txt", "text")
    one = envelope.artifacts[0]
    with pytest.raises(NotFoundError, match=r"no artifact b\.txt.*a\.txt"):
        envelope.artifact("b.txt")
    store = Store.in_folder(Path(registry.location), author="ana")
    file = store.artifacts.local(one.sha256)
    file.chmod(0o644)
    file.write_text("other")
    with pytest.raises(IntegrityError):
        envelope.artifact("a.txt")
    file.unlink()
    with pytest.raises(IntegrityError, match="The content of artifact b is not here"):
        store.attach(envelope.id, [type(one)("b", *(getattr(one, n) for n in one.__slots__[1:]))])
    store.close()
