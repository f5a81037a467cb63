"""An envelope as a build context for a container, and the manifests that run it on Kubernetes.

Only files are written: nothing here builds or runs an image, so what needs an engine is said to be
for the one who has it. The same envelope and options give the same bytes.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.deployment.environment import SERVICE_PACKAGES, canonical, pins_at_hand
from jupyter_lifecycle.deployment.service.settings import Settings
from jupyter_lifecycle.deployment.template import service_source
from jupyter_lifecycle.deployment.wheel import build_wheel
from jupyter_lifecycle.errors import DeploymentError

if TYPE_CHECKING:
    from jupyter_lifecycle.envelope import Bundle

_NAME = re.compile(r"[a-z]([a-z0-9-]{0,51}[a-z0-9])?")
_IMAGE = re.compile(r"[a-z0-9][a-z0-9._/:@-]{0,254}")
_USER = 10_001
_PORT = 8000
_WINDOWS = "/tmp/jupyter-lifecycle-windows"  # noqa: S108 - in the container

_DOCKERFILE = """\
# Envelope {envelope}; written by jupyter_lifecycle {version}.
FROM python:{python}-slim AS build
COPY requirements.txt {wheel} /build/
RUN python -m venv /opt/venv \\
 && /opt/venv/bin/pip install --no-cache-dir {closed}-r /build/requirements.txt \\
 && /opt/venv/bin/pip install --no-cache-dir --no-deps --no-index /build/{wheel}

FROM python:{python}-slim
LABEL org.opencontainers.image.title="{name}" org.opencontainers.image.version="{envelope}"
COPY --from=build /opt/venv /opt/venv
COPY service.py /app/
COPY envelope/ /app/envelope/
WORKDIR /app
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER {user}:{user}
EXPOSE {port}
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s CMD ["/opt/venv/bin/python", "-c", \
"import urllib.request; urllib.request.urlopen('http://127.0.0.1:{port}/ready')"]
ENTRYPOINT ["/opt/venv/bin/python", "service.py", "--host", "0.0.0.0", "--port", "{port}"]
"""


@dataclass(frozen=True, slots=True)
class Cluster:
    """How many run, and what each may take.

    Parameters
    ----------
    least, most : int
        Replicas that the autoscaler keeps between.
    cpu, memory : str
        What one asks for, in Kubernetes' own words; memory is its limit, too.
    """

    least: int = 2
    most: int = 6
    cpu: str = "500m"
    memory: str = "512Mi"


def write_context(bundle: Bundle, folder: Path, *, name: str, threads: int = 4) -> Path:
    """Write what ``docker build`` needs to make a service of an envelope.

    Parameters
    ----------
    bundle : Bundle
        The envelope's files.
    folder : pathlib.Path
        Is made; must not be there, or be empty.
    name : str
        Of the service.
    threads : int
        How many predictions run at once.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    DeploymentError
        For a name that cannot be, or a folder with something in it.
    """
    from jupyter_lifecycle import __version__

    _check_name(name)
    folder = folder.absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DeploymentError(f"{folder} is there and not empty; give another folder.")
    bundle.verify_files()
    lock = bundle.manifest.environment
    staging = folder.with_name(f".{folder.name}.{secrets.token_hex(6)}")
    staging.mkdir(parents=True)
    try:
        wheel = build_wheel(staging).name
        _copy(bundle, staging / "envelope")
        settings = Settings(
            name, bundle.id, threads=threads, capture=0.0, window_folder=_WINDOWS, window_sends=True
        )
        source = service_source(settings, Path("envelope"))
        (staging / "service.py").write_text(source, encoding="utf-8")
        pins = {package.name: package.version for package in lock.packages}
        pins |= pins_at_hand(SERVICE_PACKAGES, {canonical(found) for found in pins})
        lines = [f"{found}=={version}" for found, version in sorted(pins.items())]
        (staging / "requirements.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        facts = {"envelope": bundle.id, "version": __version__, "name": name, "wheel": wheel}
        # MLflow pins what it names, and leaves what these need to the installer.
        closed = "--no-deps " if bundle.manifest.model.format != "mlflow" else ""
        text = _DOCKERFILE.format(
            **facts, closed=closed, python=lock.python, user=_USER, port=_PORT
        )
        (staging / "Dockerfile").write_text(text, encoding="utf-8")
        if folder.exists():
            folder.rmdir()
        staging.rename(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return folder


def kubernetes(
    envelope: str, *, name: str, image: str, cluster: Cluster | None = None
) -> list[dict[str, Any]]:
    """Give the manifests that run an image of :func:`write_context`.

    Parameters
    ----------
    envelope : str
        Id of the envelope; stands as a label.
    name : str
        Of the service and of everything here.
    image : str
        Where the cluster finds the image, with its tag or digest.
    cluster : Cluster, optional
        Replicas and resources; the defaults where not given.

    Returns
    -------
    list of dict
        Deployment, Service, HorizontalPodAutoscaler, NetworkPolicy.

    Raises
    ------
    DeploymentError
        For a name or an image that cannot be.
    """
    _check_name(name)
    if not _IMAGE.fullmatch(image):
        raise DeploymentError(f"{image[:80]!r} is no name of an image, such as registry/name:tag.")
    cluster = cluster or Cluster()
    if not 1 <= cluster.least <= cluster.most:
        raise DeploymentError(
            f"Replicas go from at least 1 up, not from {cluster.least} to {cluster.most}."
        )
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/managed-by": "jupyter-lifecycle"}
    selector = {"app.kubernetes.io/name": name}

    def made(version: str, kind: str, spec: dict[str, Any]) -> dict[str, Any]:
        metadata = {"name": name, "labels": dict(labels)}
        return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}

    scaled = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    usage = {"type": "Utilization", "averageUtilization": 70}
    return [
        made("apps/v1", "Deployment", _deployment(envelope, labels, selector, image, cluster)),
        made(
            "v1",
            "Service",
            {"selector": selector, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]},
        ),
        made(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            {
                "scaleTargetRef": scaled,
                "minReplicas": cluster.least,
                "maxReplicas": cluster.most,
                "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": usage}}],
            },
        ),
        made(
            "networking.k8s.io/v1",
            "NetworkPolicy",
            {
                "podSelector": {"matchLabels": selector},
                "policyTypes": ["Ingress", "Egress"],
                "ingress": [{"from": [{"podSelector": {}}], "ports": [{"port": "http"}]}],
                "egress": [],  # a model that calls out says so, and gets a policy of its own
            },
        ),
    ]


def _deployment(
    envelope: str, labels: dict[str, str], selector: dict[str, str], image: str, cluster: Cluster
) -> dict[str, Any]:
    def probe(path: str, **more: int) -> dict[str, Any]:
        return {"httpGet": {"path": path, "port": "http"}, "timeoutSeconds": 5, **more}

    container = {
        "name": "service",
        "image": image,
        "ports": [{"name": "http", "containerPort": _PORT}],
        "resources": {
            "requests": {"cpu": cluster.cpu, "memory": cluster.memory},
            "limits": {"memory": cluster.memory},
        },
        "startupProbe": probe("/ready", periodSeconds=2, failureThreshold=60),
        "readinessProbe": probe("/ready", periodSeconds=5),
        "livenessProbe": probe("/health", periodSeconds=10, failureThreshold=3),
        # Those who send requests hear of the end a little later than the pod does.
        "lifecycle": {"preStop": {"exec": {"command": ["sleep", "5"]}}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "scratch", "mountPath": "/tmp"}],  # noqa: S108 - in the container
    }
    pod = {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 45,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [{"name": "scratch", "emptyDir": {}}],
    }
    marked = {**labels, "jupyter-lifecycle/envelope": envelope}
    return {
        "selector": {"matchLabels": selector},
        "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
        "template": {"metadata": {"labels": marked}, "spec": pod},
    }


def manifest_text(manifests: list[dict[str, Any]]) -> str:
    """Give manifests as one file: YAML documents, each written as JSON, which is YAML."""
    return "---\n" + "\n---\n".join(json.dumps(one, indent=2) for one in manifests) + "\n"


def _copy(bundle: Bundle, target: Path) -> None:
    """Copy what the manifest names, and nothing that happens to lie beside it."""
    for name in ["manifest.json", *bundle.files]:
        destination = target / name
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(bundle.path / name, destination)
        destination.chmod(0o644)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise DeploymentError(
            f"{name[:80]!r} is no name of a service: up to 53 lower case letters, digits and -."
        )
