"""Build contexts: the same bytes each time, and the service in one answers; manifests by their schemas."""

import asyncio
import re
import sys

import httpx
import kubernetes_validate
import pytest

import jupyter_lifecycle as jl
from jupyter_lifecycle.cli import main
from jupyter_lifecycle.deployment.container import (
    Cluster,
    kubernetes,
    manifest_text,
    write_context,
)
from jupyter_lifecycle.errors import DeploymentError

ID = "e" * 40


@pytest.fixture
def saved(tmp_path):
    def model(x: float) -> float:
        return x * 2

    with jl.Registry(tmp_path / "home") as registry:
        yield jl.save(model, name="m", example=[{"x": 1.5}], registry=registry)


def _bytes(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_context_is_whole_reproducible_and_its_service_answers(tmp_path, saved, monkeypatch):
    one = write_context(saved.bundle, tmp_path / "one", name="svc")
    two = write_context(saved.bundle, tmp_path / "two", name="svc")
    assert _bytes(one) == _bytes(two)
    text = (one / "Dockerfile").read_text()
    stages = re.findall(r"^FROM (\S+)", text, flags=re.MULTILINE)
    assert len(stages) == 2
    version = ".".join(map(str, sys.version_info[:3]))
    assert set(stages) == {f"python:{version}-slim"}
    assert "USER 10001:10001" in text
    for source in re.findall(r"^COPY (?!--from)(.+) \S+$", text, flags=re.MULTILINE):
        assert all((one / name).exists() for name in source.split())
    assert re.search(r"^fastapi==\d", (one / "requirements.txt").read_text(), flags=re.MULTILINE)
    assert str(tmp_path) not in (one / "service.py").read_text()
    monkeypatch.chdir(one)
    import runpy

    app = runpy.run_path("service.py")["app"]

    async def ask():
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://svc") as client:
            answer = await client.post("/predict", json={"x": 4.0})
            return answer.json(), (await client.get("/version")).json()

    assert asyncio.run(ask()) == (8.0, {"endpoint": "svc", "envelope": saved.id})


def test_a_folder_with_something_in_it_is_left_alone(tmp_path, saved):
    (tmp_path / "there").mkdir()
    write_context(saved.bundle, tmp_path / "there", name="svc")
    with pytest.raises(DeploymentError, match="is there and not empty"):
        write_context(saved.bundle, tmp_path / "there", name="svc")
    with pytest.raises(DeploymentError, match="no name of a service"):
        write_context(saved.bundle, tmp_path / "other", name="Svc!")
    assert not (tmp_path / "other").exists()


def test_manifests_are_what_kubernetes_takes_and_fit_each_other():
    manifests = kubernetes(ID, name="svc", image="registry.local/svc:1", cluster=Cluster(3, 5))
    for manifest in manifests:
        kubernetes_validate.validate(manifest, "1.30", strict=True)
    made = {one["kind"]: one["spec"] for one in manifests}
    template = made["Deployment"]["template"]
    labels = template["metadata"]["labels"]
    for selector in (
        made["Deployment"]["selector"]["matchLabels"],
        made["Service"]["selector"],
        made["NetworkPolicy"]["podSelector"]["matchLabels"],
    ):
        assert selector.items() <= labels.items()
    (container,) = template["spec"]["containers"]
    (port,) = container["ports"]
    probes = [container[f"{name}Probe"]["httpGet"] for name in ("startup", "readiness", "liveness")]
    assert {probe["port"] for probe in probes} == {port["name"]}
    assert {probe["path"] for probe in probes} == {"/ready", "/health"}
    assert made["Service"]["ports"][0]["targetPort"] == port["name"]
    assert template["spec"]["securityContext"]["runAsNonRoot"]
    assert made["HorizontalPodAutoscaler"]["minReplicas"] == 3
    import yaml

    assert list(yaml.safe_load_all(manifest_text(manifests))) == manifests


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": "A"}, "no name of a service"),
        ({"image": "a b"}, "no name of an image"),
        ({"cluster": Cluster(3, 2)}, "from 3 to 2"),
    ],
)
def test_manifests_that_cannot_be(given, message):
    with pytest.raises(DeploymentError, match=message):
        kubernetes(ID, **{"name": "svc", "image": "i", **given})


def test_the_command_writes_both(tmp_path, saved, capsys):
    words = ["container", "name = 'm'", "--name", "svc", "--registry", str(tmp_path / "home")]
    folder = tmp_path / "context"
    assert main([*words, "--output", str(folder), "--image", "registry.local/svc:1"]) == 0
    assert f"docker build -t registry.local/svc:1 {folder}" in capsys.readouterr().out
    assert (folder / "k8s.yaml").exists()
    assert main([*words, "--output", str(folder)]) == 1
