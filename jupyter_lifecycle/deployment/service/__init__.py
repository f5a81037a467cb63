"""What a generated service stands on: one error shape, limits, counters, logs, capture, hand-over.

Imports no database and nothing of the registry; a service needs only fastapi, uvicorn and this.
"""

from __future__ import annotations

from jupyter_lifecycle.deployment.service.openapi import describe
from jupyter_lifecycle.deployment.service.runtime import Runtime
from jupyter_lifecycle.deployment.service.settings import Beside, Settings

__all__ = ["Beside", "Runtime", "Settings", "describe"]
