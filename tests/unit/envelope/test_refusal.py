"""What cannot be stored is named with its path."""

import functools
import json
import threading

import numpy as np
import pytest

from jupyter_lifecycle.envelope import payload
from jupyter_lifecycle.envelope.payload import dump, load
from jupyter_lifecycle.errors import StorageFormatError


class Model:
    def __init__(self, **parts):
        self.__dict__.update(parts)

    def predict(self, rows):
        return rows


class Slotted:
    __slots__ = ("inner", "unset")

    def __init__(self, inner):
        self.inner = inner


class Stubborn:
    def __reduce__(self):
        raise RuntimeError("not today")


@pytest.fixture
def handle(tmp_path):
    with (tmp_path / "log.txt").open("w") as stream:
        yield stream


def refused(model, tmp_path) -> StorageFormatError:
    target = tmp_path / "model.pkl"
    with pytest.raises(StorageFormatError) as caught:
        dump(model, {}, tmp_path, ())
    assert not target.exists()
    return caught.value


def test_a_file_in_a_list(tmp_path, handle):
    error = refused(Model(callbacks=[handle]), tmp_path)
    assert error.message == (
        "model.callbacks[0] holds an open file and cannot be stored. Remove it, or store the path."
    )
    assert error.detail["path"] == "model.callbacks[0]"


def test_paths_through_everything(tmp_path, handle):
    def outer():
        def inner(x, log=handle):
            return x

        return inner

    def closed():
        log = handle

        def inner(x):
            return log.write(x)

        return inner

    def keyword(x, *, log=handle):
        return x

    def tagged(x):
        return x

    tagged.log = handle
    cases = {
        "model.a['b'][1]": Model(a={"b": (1, threading.Lock())}),
        "model.a.inner": Model(a=Slotted(handle)),
        "model.steps.func's default 0": Model(steps=functools.partial(outer(), 1)),
        "model's log": closed(),
        "model's default log": keyword,
        "model.log": tagged,
        "model.__self__.log": Model(log=handle).predict,
        "model.it": Model(it=(item for item in ())),
    }
    for path, model in cases.items():
        assert refused(model, tmp_path).detail["path"] == path


def test_a_class_attribute(tmp_path, handle):
    class Local:
        log = handle

    assert (
        refused(Local(), tmp_path).detail["path"]
        == "model's class test_a_class_attribute.<locals>.Local.log"
    )


def test_objects_that_refuse_for_themselves(tmp_path):
    error = refused(Model(part=Stubborn()), tmp_path)
    assert "model.part holds a " in error.message
    assert "Stubborn (not today) and cannot be stored" in error.message
    assert refused(Stubborn(), tmp_path).message == "The model cannot be stored: not today."


def test_the_model_itself(tmp_path):
    assert refused(threading.Lock(), tmp_path).message.startswith(
        "The model is a lock and cannot be stored: "
    )


def test_a_circle_ends(tmp_path, handle):
    model = Model(parts=[])
    model.parts += [model, handle]
    assert refused(model, tmp_path).detail["path"] == "model.parts[1]"


def test_what_is_stored_comes_back(tmp_path):
    target = tmp_path / "model.pkl"
    packages = dump(Model(a=np.ones(2), b=json), {"x": int}, tmp_path, ()).packages
    assert {"numpy", "json"} <= packages
    model, hints = load(target.read_bytes())
    assert (model.a.tolist(), model.b, hints) == ([1.0, 1.0], json, {"x": int})
    assert payload.PROTOCOL == 5
