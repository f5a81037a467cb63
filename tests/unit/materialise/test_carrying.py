"""Exceptions on their way between processes."""

from __future__ import annotations

import pickle
import threading

from jupyter_lifecycle.errors import ComputeError
from jupyter_lifecycle.materialise.carrying import arrived, carry


def test_the_carried_error_survives_a_class_that_cannot_be_carried():
    error = ValueError(threading.Lock())
    error.add_note("Feature x (cell 1, line 1)")
    found = arrived(pickle.loads(pickle.dumps(carry(error))))
    assert isinstance(found, ComputeError)
    assert "ValueError" in str(found)
    assert found.__notes__ == error.__notes__
