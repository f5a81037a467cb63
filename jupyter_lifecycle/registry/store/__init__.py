"""The store: tables, transactions and files behind a registry."""

from jupyter_lifecycle.registry.store.store import Store

__all__ = ["Store"]
