"""``container``: an envelope as a build context and as Kubernetes manifests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.cli import output

if TYPE_CHECKING:
    import argparse


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    container = commands.add_parser(
        "container",
        help="write what builds and runs an envelope elsewhere",
        description="Write a build context for a container that serves an envelope and, with "
        "--image, the Kubernetes manifests that run it. Nothing is built or started here.",
    )
    container.add_argument("query", help="which envelope: a query, an id or its first digits")
    container.add_argument("--output", required=True, type=Path, help="the folder to write")
    container.add_argument("--name", required=True, help="of the service")
    container.add_argument("--image", help="where a cluster will find the image; writes k8s.yaml")
    container.add_argument("--least", type=int, default=2, help="replicas at least (2)")
    container.add_argument("--most", type=int, default=6, help="replicas at most (6)")
    output.add_registry(container)
    output.add_json(container)
    container.set_defaults(run=_container)


def _container(arguments: argparse.Namespace) -> int:
    from jupyter_lifecycle.deployment.container import (
        Cluster,
        kubernetes,
        manifest_text,
        write_context,
    )
    from jupyter_lifecycle.deployment.rules import envelope_of

    with output.registry_of(arguments) as registry:
        found = envelope_of(arguments.query, registry)
        manifests = []
        if arguments.image is not None:
            cluster = Cluster(arguments.least, arguments.most)
            manifests = kubernetes(
                found.id, name=arguments.name, image=arguments.image, cluster=cluster
            )
        folder = write_context(found.bundle, arguments.output, name=arguments.name)
    if manifests:
        (folder / "k8s.yaml").write_text(manifest_text(manifests), encoding="utf-8")
    if arguments.json:
        output.print_json({"envelope": found.id, "folder": str(folder)})
        return 0
    output.print_line(f"{folder} has the build context of {found.short_id}.")
    output.print_line(f"docker build -t {arguments.image or arguments.name} {folder}")
    if manifests:
        output.print_line(f"kubectl apply -f {folder / 'k8s.yaml'}")
    return 0
