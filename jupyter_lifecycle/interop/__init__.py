"""Other people's code and ours: Hamilton's modules in, plain modules out."""

from __future__ import annotations

from jupyter_lifecycle.interop.hamilton import from_hamilton

__all__ = ["from_hamilton"]
