"""The command line, in processes of its own, against real registries."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
import threading

import pytest
import requests

from jupyter_lifecycle.errors import NotFoundError, RegistryError
from jupyter_lifecycle.registry import Registry


@pytest.fixture
def environment(tmp_path):
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith("JUPYTER_LIFECYCLE")
    }
    return {**kept, "JUPYTER_LIFECYCLE_HOME": str(tmp_path / "home"), "COLUMNS": "100"}


@pytest.fixture
def started(environment):
    """Start ``jupyter lifecycle registry …``; gives the process and its address."""
    running = []

    def start(*words):
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_lifecycle.cli", "registry", "--port", "0", *words],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        said = []
        for line in process.stdout:
            said.append(line)
            if found := re.search(r" on (http://\S+)", line):
                return process, found[1], "".join(said)
        raise AssertionError("".join(said) + process.stderr.read())

    yield start
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def ready(address):
    tick = threading.Event()
    for _ in range(600):
        try:
            return requests.get(address + "/health", timeout=5).json()
        except requests.exceptions.ConnectionError:
            tick.wait(0.02)
    raise AssertionError("it never answered")


def test_the_first_start_makes_a_token_and_only_the_first(started, environment):
    process, address, said = started()
    token = re.search(r"jl_\w+", said)[0].strip()
    assert ready(address) == {"status": "ok"}
    assert Registry(address, token=token).count() == 0

    process.send_signal(signal.SIGTERM)
    assert process.wait(30) in {0, -signal.SIGTERM}
    process, address, said = started()
    assert "jl_" not in said
    ready(address)
    assert Registry(address, token=token).count() == 0


def test_a_token_file_is_for_its_owner_alone(started, environment, tmp_path):
    file = tmp_path / "keys" / "first"
    _, address, said = started(
        "--token-file", str(file), "--database", f"sqlite:///{tmp_path / 'r.db'}"
    )
    assert "jl_" not in said
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    ready(address)
    assert Registry(address, token=file.read_text().strip()).count() == 0


def test_a_server_shares_the_embedded_registry(started, environment, tmp_path, make_bundle):
    own = Registry(tmp_path / "home")
    envelope = own.add(make_bundle(), tags={"a": "b"})
    _, address, said = started()
    ready(address)
    token = re.search(r"jl_\w+", said)[0]
    remote = Registry(address, token=token)
    assert remote.get(envelope.id) == envelope
    remote.tag(envelope.id, {"a": "c"})
    assert own.get(envelope.id).tags == {"a": "c"}


def test_what_was_acknowledged_survives_a_kill(started, tmp_path, make_bundle):
    process, address, said = started()
    ready(address)
    token = re.search(r"jl_\w+", said)[0]
    registry = Registry(address, token=token, trust=True)
    shared = registry.add(make_bundle("shared"))
    acknowledged = []

    def write():
        for step in range(10_000):
            try:
                added = registry.add(make_bundle("ltv", files={"big": bytes(400_000)}))
                registry.tag(shared.id, {"step": str(step)})
            except RegistryError:
                return
            acknowledged.append((added.id, step))

    writer = threading.Thread(target=write)
    writer.start()
    while len(acknowledged) < 5:
        threading.Event().wait(0.01)
    process.kill()
    writer.join(60)
    registry.close()

    own = Registry(tmp_path / "home")
    step = int(own.get(shared.id).tags["step"])
    assert step >= acknowledged[-1][1]
    for id_, _ in acknowledged:
        own.bundle(id_).verify_files()
    for envelope in own.search("", limit=1_000):
        own.bundle(envelope.id).verify_files()


def test_a_server_that_cannot_start_says_why(environment, started, tmp_path):
    _, address, _ = started()
    port = address.rpartition(":")[2]
    for words, message in [
        (["--port", port], f"Cannot listen on 127.0.0.1:{port}: Address already in use"),
        (
            [
                "--port",
                "0",
                "--token-file",
                f"{__file__}/x",
                "--database",
                f"sqlite:///{tmp_path}/n.db",
            ],
            "Cannot write the first token",
        ),
        (["--port", "99999"], "Cannot listen on 127.0.0.1:99999"),
        (["--port", "0", "--database", "mysql://x"], "SQLite or PostgreSQL, not in mysql"),
        (["--port", "0", "--database", "nonsense"], "is no address of a database"),
        (["--port", "0", "--database", "postgresql://x@127.0.0.1:9/y"], "cannot be used now"),
        (["--port", "0", "--database", f"sqlite:///{__file__}"], "is no SQLite database"),
        (["--port", "0", "--database", f"sqlite:///{tmp_path}/no/such.db"], "cannot be used now"),
    ]:
        done = subprocess.run(
            [sys.executable, "-m", "jupyter_lifecycle.cli", "registry", *words],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 1, words
        assert message in done.stderr
        assert done.stderr.count("\n") == 1, done.stderr


def test_tokens_from_the_command_line(environment, started):
    def run(*words, **more):
        done = subprocess.run(
            [sys.executable, "-m", "jupyter_lifecycle.cli", "token", *words],
            env={**environment, **more},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    _, address, said = started()
    ready(address)
    first = re.search(r"jl_\w+", said)[0]
    here = run("create", "ci", "--scope", "read", "--days", "1")
    there = run(
        "create", "cd", "--scope", "write", "--registry", address, JUPYTER_LIFECYCLE_TOKEN=first
    )
    assert Registry(address, token=here).count() == 0
    assert Registry(address, token=there).count() == 0
    listed = json.loads(run("list", "--json", "--registry", address, JUPYTER_LIFECYCLE_TOKEN=first))
    assert [item["name"] for item in listed][1:] == ["ci", "cd"]
    assert "until 20" in run("list")
    assert "is revoked" in run("revoke", there.split("_")[1])
    assert "revoked 20" in run("list")


def test_a_server_beside_postgresql(started, postgres_url, tmp_path, make_bundle):
    words = ("--database", postgres_url, "--artifacts", str(tmp_path / "files"))
    _, address, said = started(*words)
    _, second, said_second = started(*words)
    token = re.search(r"jl_\w+", said)[0]
    assert "jl_" not in said_second
    ready(address), ready(second)
    envelope = Registry(address, token=token).add(make_bundle())
    other = Registry(second, token=token)
    assert other.get(envelope.id) == envelope
    other.bundle(envelope.id).verify_files()
    with pytest.raises(NotFoundError):
        other.get("0000" if not envelope.id.startswith("0000") else "1111")


def test_logs_as_lines_of_json(started):
    process, address, _ = started("--json-logs")
    ready(address)
    requests.get(address + "/v1/envelopes/abcd", timeout=30)
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    lines = [json.loads(line) for line in process.stderr.read().splitlines()]
    by_route = {line["route"]: line for line in lines if "route" in line}
    assert by_route["/health"]["status"] == 200
    assert by_route["/v1/envelopes/{id}"]["status"] == 401
    assert by_route["/v1/envelopes/{id}"]["ms"] > 0
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
