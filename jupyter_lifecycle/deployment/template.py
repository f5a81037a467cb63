"""Writes the service of one envelope: a page of ordinary FastAPI."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_lifecycle.deployment.service.settings import Settings

_TEMPLATE = '''\
"""One envelope as an HTTP service, written by jupyter_lifecycle {version}.

It is ordinary FastAPI. To run it by hand: python service.py --port 8000
"""

from fastapi import FastAPI, Request, Response

from jupyter_lifecycle.deployment.service import {names}
from jupyter_lifecycle.envelope.serving import load_service

ENVELOPE = {envelope!r}
SETTINGS = Settings(
{settings}
)

model = load_service({directory!r})
app = FastAPI(title=SETTINGS.endpoint, version=ENVELOPE[:10], docs_url=None, redoc_url=None)
runtime = Runtime(app, model, SETTINGS)  # one shape of errors, limits, counters, logs, capture
describe(app, model)  # the request and the answer in /openapi.json, from the envelope's schema


@app.post("/predict")
async def predict(request: Request) -> Response:
    """Answer one row, a list of rows, or an object of columns."""
    return await runtime.predict(request)


@app.get("/schema")
async def schema(envelope: str = "") -> Response:
    """What the model takes and gives, or another envelope that answers here."""
    return runtime.schema(envelope)


@app.get("/version")
async def version() -> Response:
    """Which envelope answers here."""
    return runtime.reply({{"endpoint": SETTINGS.endpoint, "envelope": ENVELOPE}})


@app.get("/health")
async def health() -> Response:
    """Whether the process lives."""
    return runtime.health()


@app.get("/ready")
async def ready() -> Response:
    """Whether it takes requests."""
    return runtime.ready()


@app.get("/metrics")
async def metrics() -> Response:
    """Counters in Prometheus' text format."""
    return runtime.counters()


if __name__ == "__main__":
    runtime.run()
'''


def service_source(settings: Settings, directory: Path) -> str:
    """Write the text of ``service.py``.

    Parameters
    ----------
    settings : Settings
        Facts and limits of the service; all of them stand in the text as Python literals.
    directory : pathlib.Path
        The envelope's own directory.
    """
    from jupyter_lifecycle import __version__

    lines = [f"    {f.name}={getattr(settings, f.name)!r}," for f in fields(settings)]
    names = ["Beside"] * bool(settings.beside) + ["Runtime", "Settings", "describe"]
    return _TEMPLATE.format(
        names=", ".join(names),
        version=__version__,
        envelope=settings.envelope,
        settings="\n".join(lines),
        directory=str(directory),
    )
