"""Killed at any moment while it saves: nothing half saved is seen, and saving again works."""

import os
import random
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from jupyter_lifecycle.registry import Registry

SAVER = textwrap.dedent("""
    import sys
    import jupyter_lifecycle as jl
    registry = jl.Registry(sys.argv[1])
    for step in range(int(sys.argv[2]), 10_000):
        weights = [float(step)] * 20_000
        envelope = jl.save(lambda a: a * weights[0], name="killed", example={"a": 2.0},
                           metrics={"step": step}, registry=registry)
        print(step, envelope.id, flush=True)
""")
KILLS = 4


@pytest.mark.slow
def test_killed_at_any_moment(tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    environment = {**os.environ, "TMPDIR": str(scratch)}
    chance = random.Random(11)
    acknowledged: dict[str, int] = {}
    for attempt in range(KILLS):
        with subprocess.Popen(
            [sys.executable, "-c", SAVER, tmp_path / "registry", str(100 * attempt)],
            env=environment,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            told = [process.stdout.readline()]  # it saves now, and is killed somewhere in it
            end = time.monotonic() + chance.uniform(0.0, 0.4)
            while time.monotonic() < end:
                process.poll()
            process.send_signal(signal.SIGKILL)
            told += process.stdout.read().splitlines()
        for line in told:
            words = line.split()
            if len(words) == 2 and len(words[1]) == 40:
                acknowledged[words[1]] = int(words[0])
    registry = Registry(tmp_path / "registry")
    found = registry.search("name = 'killed'", limit=1000)
    ids = {envelope.id for envelope in found}
    assert set(acknowledged) <= ids
    assert len(ids - set(acknowledged)) <= KILLS  # stored, and killed before it said so
    for envelope in found:
        envelope.bundle.verify_files()
        assert envelope.predict({"a": 2.0}) == 2.0 * envelope.metrics["step"]
    left = [one for one in scratch.iterdir() if one.name.startswith("envelope-")]
    subprocess.run(
        [sys.executable, "-c", SAVER.replace("10_000", "1_000"), tmp_path / "registry", "999"],
        env=environment,
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=120,
    )
    assert [one for one in scratch.iterdir() if one in left] == []
    assert registry.count("name = 'killed'") == len(ids) + 1
