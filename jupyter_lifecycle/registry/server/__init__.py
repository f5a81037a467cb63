"""The registry over HTTP: FastAPI on the store. Metadata and bytes only; nothing is unpickled."""

from jupyter_lifecycle.registry.server.app import create_app

__all__ = ["create_app"]
