"""The administrator's guide, block by block, on a real PostgreSQL and a real S3 server."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import requests
import yaml

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "administration.md"


def blocks():
    return re.findall(r"^```bash\n(.*?)^```", GUIDE.read_text(), flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def s3():
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    requests.put(f"{address}/models", timeout=30).raise_for_status()
    yield address
    server.stop()


@pytest.fixture
def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_the_guide_as_it_is_written(postgres, s3, free_port, tmp_path):
    tools = [Path(sys.executable).parent, *Path("/usr/lib/postgresql").glob("*/bin")]
    env = {
        "PATH": os.pathsep.join([*map(str, tools), os.environ["PATH"]]),
        "HOME": str(tmp_path),
        "JUPYTER_LIFECYCLE_HOME": str(tmp_path / "home"),
        "PGHOST": str(postgres),
        "PGUSER": "postgres",
        "DATABASE": f"postgresql://registry@/registry?host={postgres}",
        "RESTORED": f"postgresql://registry@/restored?host={postgres}",
        "ARTIFACTS": "s3://models/registry",
        "AWS_ENDPOINT_URL": s3,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "PORT": str(free_port),
    }
    ended = "trap 'kill \"${SERVER:-}\" 2>/dev/null || true' EXIT\n"
    script = "set -eu\n" + ended + "\n".join(blocks())
    done = subprocess.run(
        ["bash", "-c", script],
        env=env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / "first-token").stat().st_mode & 0o077 == 0
    assert len({file.read_text() for file in tmp_path.glob("*.token")}) == 4
    assert done.stdout.count("pricing") >= 2  # as the server lists it, and as the restored one


def test_the_manifests_are_what_kubernetes_takes():
    found = list(yaml.safe_load_all((ROOT / "deploy/registry/kubernetes.yaml").read_text()))
    assert [each["kind"] for each in found] == [
        "Deployment",
        "Service",
        "PodDisruptionBudget",
        "Ingress",
    ]
    for each in found:
        kubernetes_validate.validate(each, "1.30", strict=True)


def test_the_containers_give_the_server_options_that_it_knows():
    from jupyter_lifecycle.cli.main import build_parser

    dockerfile = (ROOT / "deploy/registry/Dockerfile").read_text()
    entry = re.search(r"^ENTRYPOINT (\[.*\])$", dockerfile, re.MULTILINE)
    words = yaml.safe_load(entry.group(1))
    assert words[:2] == ["jupyter", "lifecycle"]
    compose = yaml.safe_load((ROOT / "deploy/registry/compose.yaml").read_text())
    cluster = next(yaml.safe_load_all((ROOT / "deploy/registry/kubernetes.yaml").read_text()))
    container = cluster["spec"]["template"]["spec"]["containers"][0]
    for more in (compose["services"]["registry"]["command"], container["args"]):
        build_parser().parse_args([*words[2:], *more])
