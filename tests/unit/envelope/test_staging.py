"""Temporary folders: held while their process lives, swept when it is gone."""

import os
import signal
import subprocess
import sys
import tempfile

import pytest

from jupyter_lifecycle.envelope.staging import LOCK, discard, stage, sweep


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_folder_is_ours_until_it_is_discarded(scratch):
    folder = stage()
    assert folder.parent == scratch
    assert folder.stat().st_mode & 0o077 == 0
    assert sweep(scratch) == 0
    discard(folder)
    assert list(scratch.iterdir()) == []
    discard(folder)  # again does nothing


def test_what_a_killed_process_left_is_swept(scratch):
    code = (
        "import sys; from jupyter_lifecycle.envelope.staging import stage\n"
        "folder = stage(); (folder / 'model.pkl').write_bytes(b'half'); print(folder, flush=True)\n"
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "TMPDIR": str(scratch)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        left = process.stdout.readline().strip()
        assert sweep(scratch) == 0, "its process lives"
        process.send_signal(signal.SIGKILL)
    assert os.path.exists(left)  # noqa: PTH110 - a name that a process printed
    mine = stage()  # the first folder in a place sweeps it
    assert [one.name for one in scratch.iterdir()] == [mine.name]
    discard(mine)


def test_only_our_own_are_swept(scratch):
    (scratch / "envelope-of-somebody").mkdir()
    (scratch / "envelope-file").write_text("x")
    real = scratch / "real"
    real.mkdir()
    (real / LOCK).touch()
    (scratch / "envelope-link").symlink_to(real)
    assert sweep(scratch) == 0
    assert len(list(scratch.iterdir())) == 4


def test_without_locks_nothing_is_swept(scratch, monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", None)
    folder = stage()
    assert sweep(scratch) == 0
    discard(folder)
